import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { Age, Ago, ButtonLink, Empty, Link, Notice, PageHead, ProblemNotice } from "../app/components.js";
import { count, plural } from "../app/format.js";
import { now, useResource } from "../app/resource.js";
import { may } from "../app/session.js";
import { ConnectionState, DatasetState, historyProgress, objective, progressWords, REGIONS, StateCounts } from "./connection_words.js";
import { Trouble } from "./trouble.js";

function One({ connection }) {
  const to = `/connections/${encodeURIComponent(connection.connection_id)}`;
  const ended = ["disconnected", "revoked", "erasing"].includes(connection.status);
  const history = historyProgress(connection);
  const name = connection.name || connection.selling_partner_id;
  const ill = connection.datasets.filter((dataset) => ["failing", "late"].includes(dataset.state));
  return html`<article class="card connection"><div class="card-head"><h2><${Link} to=${to} class="plain">${name}<//></h2><${ConnectionState} status=${connection.status} /><span class="end">${ended ? null : html`<${Link} to=${`${to}/sync`} aria-label=${`Sync of ${name}`}>Sync<//>`}<${Link} to=${to} aria-label=${`Details of ${name}`}>Details<//></span></div>
    <p class="connection-about">${REGIONS[connection.region] ?? connection.region} · ${connection.marketplaces.map((item) => item.country_code).join(", ") || "no marketplaces yet"}${connection.connected_at ? html` · connected <${Ago} at=${connection.connected_at} />` : null}</p>
    ${connection.trouble ? html`<div class="inset"><${Trouble} connection=${connection} /></div>` : connection.status_reason ? html`<div class="inset"><${Notice} kind=${ended || connection.status === "failed" ? "bad" : "warn"} title=${connection.status_reason} actions=${connection.status === "failed" || connection.status === "revoked" ? html`<${ButtonLink} to="/connect" kind="small primary">Connect again<//>` : null}><p>${connection.status_action}</p><//></div>` : null}
    ${connection.quarantined ? html`<div class="inset"><${Notice} kind="warn" title=${`${plural(connection.quarantined, "message")} from Amazon could not be understood`} actions=${html`<${ButtonLink} to=${to} kind="small">Look at ${connection.quarantined === 1 ? "it" : "them"}<//>`}><p>Kept safe, nothing is lost.</p><//></div>` : null}
    ${ended ? null : html`<p class="dataset-sum"><${StateCounts} datasets=${connection.datasets} /></p>${ill.length ? html`<ul class="datasets">${ill.map((dataset) => html`<li key=${dataset.dataset}><div><strong>${dataset.title}</strong><small>${dataset.reason || `${dataset.rows ? `${count(dataset.rows)} rows` : "no rows yet"} · promised ${objective(dataset.objective_seconds)}`}</small></div><div class="dataset-end"><${DatasetState} state=${dataset.state} /><small>${dataset.last_success_at ? html`<${Age} at=${dataset.last_success_at} />` : "not read yet"}</small></div></li>`)}</ul>` : null}`}
    ${history ? html`<p class="card-foot">Loading history: ${progressWords(history, now.value)}</p>` : null}</article>`;
}

export function Screen() {
  const { data, problem, reload } = useResource("connections", (signal) => get("connections", { signal }), { every: 15_000 });
  const connections = data?.connections ?? [];
  return html`<${PageHead} title="Connections" about="Amazon accounts that Quayside reads for you, and how fresh each kind of data is.">${may("connections.manage") ? html`<${ButtonLink} to="/connect" kind="primary">Connect an account<//>` : null}<//>
    <div class="stack">${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} />` : null}
      ${data ? (connections.length ? html`<div class="connections">${connections.map((connection) => html`<${One} key=${connection.connection_id} connection=${connection} />`)}</div>` : html`<div class="card"><${Empty} icon="connections" title="No Amazon account is connected" action=${html`<${ButtonLink} to="/connect" kind="primary">Connect an Amazon account<//>`}>Connect one to see its orders and stock. You read what is used and why before you agree.<//></div>`)
        : problem ? null : html`<div class="connections" role="status" aria-label="Loading connections">${[1, 2].map((key) => html`<div key=${key} class="card bone-card"></div>`)}</div>`}</div>`;
}
