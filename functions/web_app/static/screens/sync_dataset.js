// One dataset from close: its runs with Amazon's references, its rows, its reports and its quota.
import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { Ago, Bone, Dialog, Empty, ProblemNotice, Segmented, Select } from "../app/components.js";
import { count, day, exactWords, moment, money, plural, sentence } from "../app/format.js";
import { now, useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { DatasetState } from "./connection_words.js";
import { countryOf, marketplaceOptions, nameOf } from "./marketplaces.js";
import { fulfilledBy, sourceWords } from "./order_words.js";
import { Pager, useCursor } from "./paging.js";
import { Actions, Freshness, History, nextWords, Quota, Reason } from "./sync_parts.js";
import { Reports } from "./sync_reports.js";
import { causeWords, Outcome, tookWords } from "./sync_words.js";

const PARTS = [{ value: "", label: "Runs" }, { value: "rows", label: "Rows" }, { value: "reports", label: "Reports" }, { value: "quota", label: "Quota" }];
const LIMIT = 50;

function Run({ run }) {
  const took = run.finished_at ? tookWords(run.started_at, run.finished_at) : "";
  return html`<li class="run"><div class="run-head"><${Outcome} outcome=${run.outcome} /><span class="run-rows">${run.rows ? plural(run.rows, "row") : ""}</span><span class="run-when"><${Ago} at=${run.started_at} /></span></div>
    <p class="run-why">${sentence(causeWords(run.cause))}${run.attempt ? ` · try ${run.attempt + 1}` : ""}${took ? ` · took ${took}` : ""}${run.marketplace_id ? ` · ${countryOf(run.marketplace_id)}` : ""}</p>${run.reason ? html`<p class="run-reason">${run.reason}</p>` : null}
    <details><summary>${run.request_ids.length ? plural(run.request_ids.length, "request id") : "Details"}</summary><dl class="facts"><dt>What ran</dt><dd><code>${run.kind}</code></dd><dt>Began</dt><dd>${moment(run.started_at, undefined, { seconds: true })}</dd>${run.finished_at ? html`<dt>Ended</dt><dd>${moment(run.finished_at, undefined, { seconds: true })}</dd>` : null}${run.request_ids.length ? html`<dt>Amazon's references</dt><dd>${run.request_ids.map((id) => html`<code key=${id} class="request-id">${id}</code>`)}</dd>` : null}</dl></details></li>`;
}

function Runs({ base }) {
  const path = `${base}/runs`;
  const pages = useCursor(path);
  const { data, problem, reload } = useResource(`${path}:${pages.cursor}`, (signal) => get(path, { query: { cursor: pages.cursor }, signal }), { every: pages.page === 1 ? 10_000 : 0 });
  return html`${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} />` : null}
    ${data ? (data.runs.length ? html`<ul class="runs">${data.runs.map((run) => html`<${Run} key=${run.started_at + run.kind} run=${run} />`)}</ul>${data.next_cursor || pages.page > 1 ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="Kept for 30 days" />` : html`<p class="fine drawer-foot">Runs are kept for 30 days.</p>`}` : html`<${Empty} icon="clock" title="No runs yet">The first one shows here when it ends.<//>`) : problem ? null : html`<div class="drawer-wait"><${Bone} width="32ch" /><${Bone} width="24ch" /><${Bone} width="28ch" /></div>`}`;
}

/** Some columns hold codes that a seller knows by another name. */
const NAMES = { marketplace_id: countryOf, source: sourceWords, fulfilled_by: fulfilledBy };

function Cell({ value, kind, name }) {
  if (value === null || value === undefined || value === "") return html`<span class="fine">–</span>`;
  if (NAMES[name]) return NAMES[name](value);
  if (kind === "money") return typeof value === "object" ? money(value.amount_minor, value.currency) : value;
  if (kind === "number") return typeof value === "number" ? count(value) : value;
  if (kind === "instant") return moment(value);
  if (kind === "day") return day(value, { year: true });
  return String(value);
}

function Rows({ base, connection }) {
  const marketplaces = connection?.marketplaces ?? [];
  const wanted = place.value.query.get("marketplace_id");
  const marketplaceId = marketplaces.some((item) => item.marketplace_id === wanted) ? wanted : "";
  const path = `${base}/rows`;
  const pages = useCursor(`${path}:${marketplaceId}`);
  const { data, problem, reload } = useResource(connection ? `${path}:${marketplaceId}:${pages.cursor}` : null, (signal) => get(path, { query: { marketplace_id: marketplaceId, cursor: pages.cursor, limit: LIMIT }, signal }));
  const numeric = (kind) => (kind === "number" || kind === "money" ? "number" : "");
  return html`${marketplaces.length > 1 ? html`<div class="drawer-filter"><${Select} label="Marketplace" hideLabel=${false} value=${marketplaceId} options=${marketplaceOptions(marketplaces)} onChange=${(value) => setQuery({ marketplace_id: value }, { replace: true })} /></div>` : null}
    ${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} />` : null}
    ${data ? (data.rows.length ? html`<p class="fine">${plural(data.rows.length, "row")} on this page${data.as_of ? html`, as of <${Ago} at=${data.as_of} />` : ""}. No personal data is kept in them.</p><div class="table-wrap browser" tabindex="0" role="region" aria-label="Rows as they are stored"><table><thead><tr>${data.columns.map((column) => html`<th key=${column.key} class=${numeric(column.kind)}>${column.title}</th>`)}</tr></thead><tbody>${data.rows.map((row, index) => html`<tr key=${index}>${row.map((value, at) => html`<td key=${at} class=${numeric(data.columns[at].kind)}><${Cell} value=${value} kind=${data.columns[at].kind} name=${data.columns[at].key} /></td>`)}</tr>`)}</tbody></table></div>
        ${data.next_cursor || pages.page > 1 ? html`<${Pager} pages=${pages} next=${data.next_cursor} about=${`Up to ${LIMIT} a page`} />` : null}` : html`<${Empty} icon="table" title="No rows here">${marketplaceId ? `Nothing of this kind was read for ${nameOf(marketplaceId)} so far.` : "Nothing of this kind was read so far."}<//>`) : problem ? null : html`<div class="drawer-wait"><${Bone} width="32ch" /><${Bone} width="24ch" /><${Bone} width="28ch" /></div>`}`;
}

/** The drawer of one dataset. */
export function Drawer({ dataset, view, connection, connectionId, changes, onClose }) {
  const given = place.value.query.get("part") ?? "";
  const part = PARTS.some((item) => item.value === given) ? given : "";
  const base = `connections/${encodeURIComponent(connectionId)}/datasets/${encodeURIComponent(dataset.dataset)}`;
  const asked = changes.isAsked(dataset);
  return html`<${Dialog} title=${dataset.title} onClose=${onClose} class="drawer"><div class="drawer-top"><div class="drawer-line"><${DatasetState} state=${dataset.state} /><span class="drawer-actions"><${Actions} dataset=${dataset} acting=${changes.acting} asked=${asked} act=${changes.act} /></span></div>
      <${Freshness} dataset=${dataset} view=${view} /><${Reason} dataset=${dataset} />${changes.problems[dataset.dataset] ? html`<${ProblemNotice} problem=${changes.problems[dataset.dataset]} compact />` : null}<${History} progress=${dataset.progress} />
      <dl class="facts drawer-facts"><dt>Last read</dt><dd>${dataset.last_success_at ? html`${moment(dataset.last_success_at)}${dataset.last_cause ? html` <span class="fine">${causeWords(dataset.last_cause)}</span>` : null}` : "never"}</dd>${dataset.last_attempt_at && dataset.last_attempt_at !== dataset.last_success_at ? html`<dt>Last try</dt><dd>${moment(dataset.last_attempt_at)}</dd>` : null}<dt>Next</dt><dd>${nextWords(dataset, asked).replace(/^next /, "")}${dataset.next_at && Date.parse(dataset.next_at) > now.value && !asked && !["paused", "off"].includes(dataset.state) ? html` <span class="fine">${moment(dataset.next_at)}</span>` : null}</dd><dt>Rows</dt><dd>${count(dataset.rows ?? 0)}${dataset.last_rows === 0 ? html` <span class="fine">the last run brought nothing new</span>` : dataset.last_rows ? html` <span class="fine">${count(dataset.last_rows)} in the last run</span>` : null}</dd><dt>Promise</dt><dd>never older than ${exactWords(dataset.objective_seconds)}</dd><dt>Comes from</dt><dd>${dataset.source_words}</dd></dl></div>
    <${Segmented} label="What to look at" options=${PARTS} value=${part} onChange=${(value) => setQuery({ part: value }, { replace: true })} />
    <div class="drawer-part">${part === "rows" ? html`<${Rows} key="rows" base=${base} connection=${connection} />` : part === "reports" ? html`<${Reports} key="reports" connectionId=${connectionId} only=${dataset.dataset} bare />` : part === "quota" ? (dataset.quota.length ? html`<${Quota} items=${dataset.quota} label=${`Calls for ${dataset.title}`} />` : html`<${Empty} icon="clock" title="No quota is used">Amazon tells us this by itself.<//>`) : html`<${Runs} key="runs" base=${base} />`}</div><//>`;
}
