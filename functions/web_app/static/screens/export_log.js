import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { BoneRows, ButtonLink, Empty, Icon, Link, PageHead, ProblemNotice, State } from "../app/components.js";
import { count, fileSize, moment } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { may } from "../app/session.js";
import { Pager, useCursor } from "./paging.js";

const LIMIT = 50;
const WORDS = { export_made: ["good", "File made"], export_opened: ["warn", "Link given"] };

export function Screen() {
  const pages = useCursor("log");
  const allowed = may("audit.read");
  const { data, problem, loading, reload } = useResource(allowed ? `disclosures:${pages.cursor}` : null, (signal) => get("data/disclosures", { query: { cursor: pages.cursor, limit: LIMIT }, signal }));
  const crumb = html`<${Link} to="/settings/data"><${Icon} name="back" size=${14} />Your data<//>`;
  if (!allowed) return html`<${PageHead} title="Export log" crumb=${crumb} /><div class="card"><${Empty} icon="lock" title="Your role does not include this page" action=${html`<${ButtonLink} to="/settings/data">Back to your data<//>`}>Owners and admins of your organisation can open it.<//></div>`;
  const rows = data?.disclosures ?? [];
  return html`<${PageHead} title="Export log" crumb=${crumb} about="Each time your data left Quayside: as what, and who had it done. Kept for 18 months; nothing in it can be changed." />
    <div class="card list">${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !rows.length && !data.next_cursor ? html`<${Empty} icon="check" title="Nothing was handed out">When a member exports data, it is listed here.<//>`
      : problem && !data ? null : html`<div class="table-wrap"><table class="rows orders-table" aria-busy=${String(loading && !data)}><thead><tr><th>Of what</th><th>When</th><th class="wide-only">By whom</th><th>What</th><th class="number wide-only">Size</th></tr></thead>
        <tbody>${data ? rows.map((row) => html`<tr key=${row.at + row.what + row.export_id}><td class="cell-title"><span class="clip">${row.name ?? (row.connection_id ? `Connection ${row.connection_id}` : "Everything of this organisation")}</span><small>${count(row.rows)} rows</small></td><td class="cell-when">${moment(row.at, undefined, { seconds: true })}</td><td class="wide-only">${row.by_name}</td><td class="cell-state"><${State} kind=${WORDS[row.what][0]}>${WORDS[row.what][1]}<//></td><td class="number wide-only">${fileSize(row.size)}</td></tr>`) : html`<${BoneRows} rows=${6} columns=${5} narrow=${[0, 1, 3]} />`}</tbody></table></div>
      ${data ? html`<${Pager} pages=${pages} next=${data.next_cursor} about=${`Up to ${LIMIT} a page`} />` : null}`}</div>`;
}
