// The issue inbox: what Amazon finds wrong with listings, by severity, the newest first, with the way to mend it.
import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { Ago, Bone, BoneRows, Empty, Link, PageHead, ProblemNotice, Segmented, Select } from "../app/components.js";
import { plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { actionWords, CatalogTabs, placeOf, SEVERITIES } from "./catalog_words.js";
import { countryOf, useConnections } from "./marketplaces.js";
import { Pager, useCursor } from "./paging.js";

function Row({ issue }) {
  const doing = actionWords(issue.actions);
  return html`<tr><td class="cell-title"><${Link} to="/catalog/listing" query=${placeOf(issue)} class="row-link clip" title=${issue.title}>${issue.title ?? issue.seller_sku}<//><small>${[issue.seller_sku, issue.asin, countryOf(issue.marketplace_id)].filter(Boolean).join(" · ")}</small></td>
    <td class="cell-issue"><span>${issue.message}</span><small>${[`Amazon's code ${issue.code}`, issue.attributes.length ? `about ${issue.attributes.join(", ")}` : "", doing ? `now ${doing}` : ""].filter(Boolean).join(" · ")}</small></td><td class="number"><${Ago} at=${issue.first_seen} /></td>
    <td class="cell-fix">${issue.fix_url ? html`<a class="button small" href=${issue.fix_url} target="_blank" rel="noreferrer">Mend at Amazon<span class="visually-hidden">: ${issue.seller_sku}, ${issue.message}</span></a>` : null}</td></tr>`;
}

export function Screen() {
  const { query } = place.value;
  const severity = query.get("severity") || "ERROR";
  const connectionId = query.get("connection_id") ?? "";
  const { connections } = useConnections();
  const key = `${severity}|${connectionId}`;
  const pages = useCursor(key);
  const { data, problem, reload } = useResource(`issues:${key}:${pages.cursor}`, (signal) => get("catalog/issues", { query: { severity, connection_id: connectionId, cursor: pages.cursor }, signal }), { every: pages.page === 1 ? 60_000 : 0 });
  const issues = data?.issues ?? [];
  const change = (changes) => setQuery(changes, { replace: true });
  const [, words] = SEVERITIES[severity];
  const accounts = [{ value: "", label: "All accounts" }, ...(connections ?? []).map((each) => ({ value: each.connection_id, label: each.name }))];
  return html`<${PageHead} title="Issues" about=${data ? html`Found by Amazon${data.as_of ? html`, checked <${Ago} at=${data.as_of} />` : ""}` : problem ? "The issues could not be read." : html`<${Bone} width="24ch" />`} />
    <${CatalogTabs} here="/catalog/issues" />
    <div class="card list"><div class="filters"><${Segmented} label="Severity" value=${severity} options=${Object.entries(SEVERITIES).map(([value, [, label]]) => ({ value, label }))} onChange=${(value) => change({ severity: value })} /><${Select} label="Account" value=${connectionId} options=${accounts} onChange=${(value) => change({ connection_id: value })} /></div>
    <p class="list-about" role="status">${data ? `${plural(issues.length, "issue")} on this page, the newest of each account first.` : "In Amazon's own words."}</p>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !issues.length ? html`<${Empty} icon="check" title=${`No ${words.toLowerCase()}`}>Amazon tells Quayside within minutes when it finds something wrong with a listing.<//>`
      : problem && !data ? null : html`<div class="table-wrap"><table class="rows issue-table"><thead><tr><th>Listing</th><th>What Amazon says</th><th class="number">First seen</th><th><span class="visually-hidden">Mend it</span></th></tr></thead><tbody>${data ? issues.map((issue) => html`<${Row} key=${`${issue.connection_id}${issue.marketplace_id}${issue.seller_sku}${issue.code}${issue.attributes}`} issue=${issue} />`) : html`<${BoneRows} rows=${8} columns=${4} narrow=${[0, 1, 2]} />`}</tbody></table></div>`}
      ${data && issues.length ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="First seen: by Quayside. An issue leaves when Amazon lifts it." />` : null}</div>`;
}
