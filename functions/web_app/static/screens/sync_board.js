// For operators: how every dataset of every account stands, without anything of a seller in it.
import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { Ago, BoneRows, Button, Card, Empty, ProblemNotice, Segmented, Select, State } from "../app/components.js";
import { count, plural, sentence } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { configuration } from "../app/session.js";
import { DatasetState } from "./connection_words.js";
import { Pager, useCursor } from "./paging.js";

const STATES = [{ value: "", label: "All" }, { value: "failing", label: "Failing" }, { value: "late", label: "Late" }, { value: "waiting", label: "Waiting" }, { value: "paused", label: "Paused" }, { value: "fresh", label: "Up to date" }];
const KNOWN = new Set(STATES.map((state) => state.value));

/** A dataset's name, from the list a seller reads before they agree. */
const titleOf = (dataset) => configuration.value?.data_inventory.find((item) => item.dataset === dataset)?.title ?? sentence(dataset.replaceAll("_", " "));

function Id({ text, label }) {
  return html`<code class="board-id" title=${`${label} ${text}`}>${text.length > 14 ? `${text.slice(0, 6)}…${text.slice(-4)}` : text}<span class="visually-hidden"> (${label})</span></code>`;
}

export function SyncBoard() {
  const { query } = place.value;
  const state = KNOWN.has(query.get("state") ?? "") ? (query.get("state") ?? "") : "";
  const dataset = query.get("dataset") ?? "";
  const tenant = query.get("tenant") ?? "";
  const pages = useCursor(`board:${state}`);
  const { data, problem, reload } = useResource(`board:${state}:${pages.cursor}`, (signal) => get("operations/sync", { query: { state, cursor: pages.cursor }, signal }), { every: pages.page === 1 ? 15_000 : 0 });
  const entries = data?.entries ?? [];
  const datasets = [...new Set(entries.map((entry) => entry.dataset))];
  const shown = entries.filter((entry) => (!dataset || entry.dataset === dataset) && (!tenant || entry.tenant_id === tenant));
  const change = (changes) => setQuery(changes, { replace: true });
  const tenants = new Set(shown.map((entry) => entry.tenant_id)).size;
  const said = !data ? "Reading the board." : shown.length ? `${plural(shown.length, "dataset")} of ${plural(tenants, "organisation")} on this page.` : "";
  return html`<${Card} title="Sync of all sellers" about="what belongs to a seller stays with the seller: only states and reasons stand here" class="list board"><div class="board-filters"><${Segmented} label="State" options=${STATES} value=${state} onChange=${(value) => change({ state: value })} /><${Select} label="Data" value=${dataset} options=${[{ value: "", label: "All data" }, ...[...new Set([...datasets, ...(dataset ? [dataset] : [])])].map((key) => ({ value: key, label: titleOf(key) }))]} onChange=${(value) => change({ dataset: value })} /></div>
    <p class="list-about" role="status"><span key=${data ? "said" : "wait"}>${said}</span><span class="list-end">${tenant ? html`<${Button} kind="small" onClick=${() => change({ tenant: "" })}>All organisations<//>` : null}</span></p>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !shown.length ? html`<${Empty} icon="check" title=${state || dataset || tenant ? "Nothing matches" : "No account is connected yet"}>${state === "failing" ? "No dataset of any seller is failing." : state === "late" ? "No dataset of any seller is late." : "Choose another state, or all data."}<//>`
      : problem && !data ? null : html`<div class="table-wrap"><table class="board-table"><thead><tr><th>Organisation</th><th>Account</th><th>Data</th><th>State</th><th>Last read</th><th>Why</th><th class="number">Refusals</th></tr></thead>
        <tbody>${data ? shown.map((entry) => html`<tr key=${`${entry.tenant_id}${entry.connection_id}${entry.dataset}`}><td class="board-who"><button type="button" class="link-button" aria-pressed=${String(entry.tenant_id === tenant)} onClick=${() => change({ tenant: entry.tenant_id === tenant ? "" : entry.tenant_id })}><${Id} text=${entry.tenant_id} label="organisation" /></button></td><td class="board-account"><${Id} text=${entry.connection_id} label="account" /></td><td class="board-data">${titleOf(entry.dataset)}</td>
          <td class="board-state"><${DatasetState} state=${entry.state} /><small>since <${Ago} at=${entry.since} /></small></td><td class="board-age">${entry.last_success_at ? html`<${Ago} at=${entry.last_success_at} />` : "never"}</td><td class=${`board-why ${entry.reason ? "" : "wide-only"}`}>${entry.reason || html`<span class="fine">–</span>`}</td><td class=${`number board-refused ${entry.throttled ? "" : "wide-only"}`}>${entry.throttled ? html`<${State} kind="warn">${count(entry.throttled)}<//>` : html`<span class="fine">never</span>`}</td></tr>`) : html`<${BoneRows} rows=${8} columns=${7} narrow=${[0, 2, 3]} />`}</tbody></table></div>
      ${data && (data.next_cursor || pages.page > 1) ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="Written when a state changes, else every ten minutes" />` : null}`}<//>`;
}
