// The reports Amazon made for an account: what was asked for, what came, what of it was usable, and the proof of what was stored.
import { html, useState } from "../app/lib.js";
import { get, post } from "../app/api.js";
import { Ago, Bone, Button, Card, Empty, Icon, ProblemNotice } from "../app/components.js";
import { count, money, moment, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { Pager, useCursor } from "./paging.js";
import { isWorking, ReportState, sizeWords, stretchWords } from "./sync_words.js";

const ENDED = new Set(["loaded", "empty", "failed"]);

function Totals({ report }) {
  const { totals } = report;
  if (!totals) return null;
  const sums = (totals.money ?? []).map((sum) => money(sum.amount_minor, sum.currency));
  const words = [totals.units ? plural(totals.units, "unit") : "", ...sums].filter(Boolean).join(" · ");
  return words ? html`<dt>Adds up to</dt><dd>${words}</dd>` : null;
}

function Report({ report, base, onReplayed }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  async function replay() {
    setBusy(true);
    setProblem(null);
    try {
      await post(`${base}/${encodeURIComponent(report.report)}/replay`);
      toast(report.sha256 ? "Loading it again from the stored file." : "Asking Amazon for it again.");
      onReplayed();
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  }
  const when = report.loaded_at ?? report.ready_at ?? report.requested_at;
  return html`<li class="report"><div class="report-what"><h3>${report.title}</h3><small>${stretchWords(report.data_start, report.data_end)}</small></div><div><${ReportState} state=${report.state} /></div>
    <div class="report-rows"><span>${report.rows_total === null || report.rows_total === undefined ? "–" : !report.rows_total ? "no rows" : `${count(report.rows_loaded ?? 0)} of ${plural(report.rows_total, "row")}`}</span>${report.rows_bad ? html`<small class="report-bad"><${Icon} name="warning" size=${13} />${plural(report.rows_bad, "row")} put aside</small>` : html`<small>${report.rows_total ? "none put aside" : ""}</small>`}</div>
    <div class="report-when"><span>${when ? html`<${Ago} at=${when} />` : "not yet"}</span><small>${report.loaded_at ? "loaded" : report.ready_at ? "made by Amazon" : report.requested_at ? "asked for" : ""}</small></div>
    <div class="report-do">${ENDED.has(report.state) && may("connections.manage") ? html`<${Button} kind="small" busy=${busy} aria-label=${`${report.sha256 ? "Load" : "Ask for"} ${report.title}, ${stretchWords(report.data_start, report.data_end)}, again`} onClick=${replay}>${report.sha256 ? "Load again" : "Ask again"}<//>` : null}</div>
    ${report.reason ? html`<p class=${`report-reason ${report.state === "failed" ? "bad" : ""}`}>${report.reason} <span class="todo-words">${report.action}</span></p>` : null}<${ProblemNotice} problem=${problem} compact />
    <details><summary>Proof and details</summary><dl class="facts"><dt>Kind</dt><dd><code>${report.report_type}</code></dd><dt>Asked for</dt><dd>${report.requested_at ? moment(report.requested_at, undefined, { seconds: true }) : "not yet"}</dd><dt>Made by Amazon</dt><dd>${report.ready_at ? moment(report.ready_at, undefined, { seconds: true }) : "not yet"}</dd><dt>Loaded</dt><dd>${report.loaded_at ? moment(report.loaded_at, undefined, { seconds: true }) : "not yet"}</dd><${Totals} report=${report} />${report.sha256 ? html`<dt>SHA-256</dt><dd><code class="sha">${report.sha256}</code>${report.bytes ? html` <span class="fine">${sizeWords(report.bytes)}</span>` : null}</dd>` : null}</dl></details></li>`;
}

/** The reports of an account, newest first; `only` keeps those of one dataset. */
export function Reports({ connectionId, only, bare = false }) {
  const base = `connections/${encodeURIComponent(connectionId)}/reports`;
  const pages = useCursor(base + (only ?? ""));
  const [working, setWorking] = useState(false);
  const { data, problem, reload } = useResource(`${base}:${only ?? ""}:${pages.cursor}`, async (signal) => {
    const found = await get(base, { query: { cursor: pages.cursor, dataset: only }, signal });
    setWorking(found.reports.some((report) => isWorking(report.state)));
    return found;
  }, { every: working ? 10_000 : 60_000 });
  const list = html`${problem ? html`<div class="card-body"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data ? (data.reports.length ? html`<ul class="reports">${data.reports.map((report) => html`<${Report} key=${report.report} report=${report} base=${base} onReplayed=${reload} />`)}</ul>${data.next_cursor || pages.page > 1 ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="Newest first" />` : null}` : html`<${Empty} icon="file" title="No reports yet">${only ? "This kind of data came without reports so far." : "Amazon's reports bring history and reconcile what its messages told us. They show here as soon as one is asked for."}<//>`)
      : problem ? null : html`<div class="card-body"><${Bone} width="40ch" /></div>`}`;
  return bare ? html`<div class="bare">${list}</div>` : html`<${Card} title="Reports from Amazon" about="each file is stored once, unchanged but for personal data, which is dropped first">${list}<//>`;
}
