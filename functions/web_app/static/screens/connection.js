import { html, useState } from "../app/lib.js";
import { get, post } from "../app/api.js";
import { Ago, Button, ButtonLink, Card, Dialog, Empty, ErrorSummary, Field, Icon, Link, Meter, Notice, PageHead, ProblemNotice, Steps } from "../app/components.js";
import { useForm } from "../app/form.js";
import { agoWords, count, moment } from "../app/format.js";
import { now, useResource } from "../app/resource.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { ConnectionState, DatasetState, objective, progressWords, REGIONS, withProgress } from "./connection_words.js";
import { Quarantine } from "./quarantine.js";
import { Trouble } from "./trouble.js";

function Progress({ progress }) {
  if (!progress) return null;
  return html`<div class="progress"><${Meter} ...${progress} label="History loaded" /><small>${progressWords(progress, now.value)}</small></div>`;
}

function Datasets({ datasets, to }) {
  return html`<${Card} title="Health" about="how fresh each kind of data is, against what we promise" end=${html`<${Link} to=${to}>Runs, pause, quota<//>`}><div class="table-wrap"><table class="datasets-table"><thead><tr><th>Data</th><th>State</th><th>Last read</th><th class="wide-only">Promised</th><th class="number wide-only">Rows</th></tr></thead><tbody>${datasets.map((dataset) => html`<tr key=${dataset.dataset}><td><strong>${dataset.title}</strong>${dataset.reason ? html`<small class=${dataset.state === "failing" ? "said bad" : "said"}>${dataset.reason} ${dataset.action}</small>` : null}<${Progress} progress=${dataset.progress} /></td><td><${DatasetState} state=${dataset.state} /></td><td><${Ago} at=${dataset.last_success_at} />${dataset.last_attempt_at && dataset.last_attempt_at !== dataset.last_success_at ? html`<small>tried ${agoWords(dataset.last_attempt_at, now.value)}</small>` : null}</td><td class="wide-only">${objective(dataset.objective_seconds)}</td><td class="number wide-only">${count(dataset.rows ?? 0)}</td></tr>`)}</tbody></table></div><//>`;
}

function Permission({ permission }) {
  return html`<${Card} title="Amazon's permission" about="what it was last used for"><div class="card-body tight"><dl class="facts"><dt>Given</dt><dd>${moment(permission.granted_at)}</dd><dt>Last used</dt><dd>${permission.last_used_at ? html`<${Ago} at=${permission.last_used_at} />` : "not yet"}</dd>${permission.roles.map((item) => html`<dt key=${item.role}>${item.role}</dt><dd><${Ago} at=${item.last_used_at} />${item.standing === "used" ? null : html` <span class="age estimated">not used for 60 days</span>`}</dd>`)}</dl></div><//>`;
}

function Disconnect({ connection, onDone }) {
  const [open, setOpen] = useState(false);
  const form = useForm({ confirmation: "" }, {
    check: ({ confirmation }) => ({ confirmation: confirmation.trim() === connection.selling_partner_id ? "" : `Type ${connection.selling_partner_id} to confirm` }),
    submit: async ({ confirmation }) => {
      await post(`connections/${encodeURIComponent(connection.connection_id)}/disconnect`, { confirmation: confirmation.trim() });
      setOpen(false);
      toast("Disconnecting. Syncing has stopped.");
      onDone();
    },
  });
  return html`<${Card} title="Disconnect" class="danger-zone"><div class="card-body tight stack-s"><p>Syncing stops at once and our access to this Amazon account is destroyed. Amazon itself is not changed.</p><div><${Button} kind="danger" onClick=${() => setOpen(true)}>Disconnect ${connection.name || connection.selling_partner_id}…<//></div></div>
    ${open ? html`<${Dialog} title="Disconnect this Amazon account?" onClose=${() => setOpen(false)}><form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ confirmation: "Confirmation" }} />
      <div><p>This happens now:</p><ul class="bullets"><li>No more orders or stock are read from this account.</li><li>The key that Amazon gave us is destroyed. It cannot be brought back.</li><li>Amazon stops sending us messages about it.</li></ul></div><p>What was read is erased a week later, with a signed receipt. Until then you can export it under <${Link} to="/settings/data">Your data<//>. Connect the account again before then and nothing is erased.</p>
      <${Field} label=${html`Type <code>${connection.selling_partner_id}</code> to confirm`} autocomplete="off" spellcheck=${false} ...${form.bind("confirmation")} /><div class="form-actions"><${Button} type="submit" kind="danger" busy=${form.busy}>Disconnect now<//><${Button} kind="quiet" onClick=${() => setOpen(false)}>Keep it<//></div></form><//>` : null}<//>`;
}

export function Screen({ connection_id: connectionId }) {
  const { data: connection, problem, reload } = useResource(`connection:${connectionId}`, (signal) => get(`connections/${encodeURIComponent(connectionId)}`, { signal }), { every: 5_000 });
  const crumb = html`<${Link} to="/connections"><${Icon} name="back" size=${14} />Connections<//>`;
  if (problem?.status === 404) return html`<${PageHead} crumb=${crumb} title="Connection not found" /><div class="card" key="missing"><${Empty} icon="connections" title="No such connection" action=${html`<${ButtonLink} to="/connections">All connections<//>`}>It may belong to another organisation, or never have existed.<//></div>`;
  if (!connection) return html`<${PageHead} crumb=${crumb} title="Connection" about="Reading its health" />${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : html`<div class="stack" key="wait" role="status" aria-label="Loading the connection"><div class="card bone-card"></div></div>`}`;
  const ended = ["disconnected", "revoked", "erasing"].includes(connection.status);
  const stepping = connection.steps.some((step) => step.state !== "done");
  const left = connection.authorisation_expires_at ? (Date.parse(connection.authorisation_expires_at) - now.value) / 86_400_000 : null;
  const steps = withProgress(connection);
  const sync = `/connections/${encodeURIComponent(connectionId)}/sync`;
  return html`<${PageHead} crumb=${crumb} title=${connection.name || connection.selling_partner_id} about=${html`<span class="about-line"><${ConnectionState} status=${connection.status} /><span>${REGIONS[connection.region] ?? connection.region} · ${connection.marketplaces.map((item) => item.name).join(", ") || "no marketplaces yet"}</span></span>`}>${ended && !connection.trouble ? null : html`<${ButtonLink} to=${sync}><${Icon} name="sync" />Sync<//>`}<//>
    <div class="stack" key="connection">${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact />` : null}
    <${Trouble} connection=${connection} />
    ${connection.status_reason && !connection.trouble ? html`<${Notice} kind=${connection.status === "connected" ? "warn" : "bad"} title=${connection.status_reason} actions=${["failed", "revoked"].includes(connection.status) ? html`<${ButtonLink} to="/connect" kind="primary">Connect again<//>` : null}><p>${connection.status_action}${connection.status === "failed" ? html` What was read before is erased after a week; <${Link} to="/settings/data">Your data<//> shows when, and begins it sooner.` : null}</p><//>` : null}
    ${connection.permission?.reminder ? html`<${Notice} kind="warn" title=${connection.permission.reminder.title} actions=${connection.permission.reminder.kind === "ends" ? html`<${ButtonLink} to="/connect" kind="primary">Connect again<//>` : null}><p>${connection.permission.reminder.detail} ${connection.permission.reminder.action}</p><//>` : null}
    <div class="connection-grid"><div class="stack health">${ended && !connection.trouble ? html`<${Notice} title="This account is disconnected" actions=${html`<${ButtonLink} to="/connect" kind="primary">Connect again<//>`}><p>Nothing is read from it and our access is destroyed. When its data is erased is shown under <${Link} to="/settings/data">Your data<//>, where you can export it before.</p><//>` : html`<${Datasets} datasets=${connection.datasets} to=${sync} />`}</div>
      <div class="stack beside">${stepping && !ended ? html`<${Card} title="Setting up"><div class="card-body"><${Steps} steps=${steps} /></div><//>` : null}
        <${Card} title="Account"><div class="card-body tight"><dl class="facts"><dt>Seller ID</dt><dd>${connection.selling_partner_id}</dd><dt>Connected</dt><dd>${connection.connected_at ? moment(connection.connected_at) : "not yet"}</dd><dt>Permission ends</dt><dd>${left === null ? "–" : html`${moment(connection.authorisation_expires_at)}<br /><span class=${left < 30 ? "age estimated" : "fine"}>${left > 0 ? `in ${Math.round(left)} days` : "ended"}</span>`}</dd><dt>Messages not understood</dt><dd>${count(connection.quarantined)}</dd></dl></div><//>
        ${connection.permission ? html`<${Permission} permission=${connection.permission} />` : null}
        ${ended || connection.status === "disconnecting" || !may("connections.manage") ? null : html`<${Disconnect} connection=${connection} onDone=${reload} />`}</div>
      ${connection.quarantined ? html`<${Quarantine} base=${`connections/${encodeURIComponent(connectionId)}/quarantine`} title="Messages we could not understand" about="kept safe until they work" calm="Every message from Amazon was understood." />` : null}</div></div>`;
}
