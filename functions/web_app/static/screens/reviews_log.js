import { html, useState } from "../app/lib.js";
import { get } from "../app/api.js";
import { BoneRows, Button, Empty, Icon, Link, PageHead, ProblemNotice, SearchBox, Select } from "../app/components.js";
import { moment, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { countryOf, marketplaceOptions, useMarketplaces, zoneOf } from "./marketplaces.js";
import { downloadCsv, Pager, useCursor } from "./paging.js";
import { RequestState, STATE_OPTIONS } from "./review_words.js";

const COLUMNS = ["order_id", "marketplace_id", "purchased_at", "state", "because", "rule", "campaign_name", "send_at", "closes_at", "decided_at", "answer"];
const MOST_PAGES = 200;

export function Screen() {
  const { query } = place.value;
  const [state, marketplaceId, search] = ["state", "marketplace_id", "search"].map((name) => query.get(name) ?? "");
  const marketplaces = useMarketplaces();
  const filters = [state, marketplaceId, search].join("|");
  const pages = useCursor(filters);
  const [exporting, setExporting] = useState(false);
  const [failed, setFailed] = useState(null);
  const asked = { state, marketplace_id: marketplaceId, search };
  const { data, problem, reload } = useResource(`reviews-log:${filters}:${pages.cursor}`, (signal) => get("reviews/decisions", { query: { ...asked, cursor: pages.cursor }, signal }), { every: pages.page === 1 ? 30_000 : 0 });
  const found = data?.decisions ?? [];
  const change = (changes) => setQuery(changes, { replace: true });

  /** All of it, page by page: what the filters leave, not what is on screen. */
  async function exportAll() {
    setExporting(true);
    setFailed(null);
    try {
      const rows = [];
      let cursor = "";
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const part = await get("reviews/decisions", { query: { ...asked, cursor, limit: 100 } });
        rows.push(...part.decisions);
        cursor = part.next_cursor;
        if (!cursor) break;
      }
      if (cursor) throw new Error(`These are more than ${MOST_PAGES * 100} orders. Choose a state or a marketplace, or take everything along from “Your data”.`);
      downloadCsv("quayside-review-requests.csv", COLUMNS, rows.map((row) => COLUMNS.map((name) => row[name])));
    } catch (error) {
      setFailed({ title: "The list could not be exported", detail: error.detail ?? error.message });
    } finally {
      setExporting(false);
    }
  }
  return html`<${PageHead} title="Decision log" crumb=${html`<${Link} to="/reviews"><${Icon} name="back" size=${14} />Reviews<//>`} about="For each order whether its buyer is asked for a review, and why."><${Button} busy=${exporting} disabled=${!found.length} onClick=${exportAll}><${Icon} name="download" />Export<//><//>
    ${failed ? html`<div class="gap-below"><${ProblemNotice} problem=${failed} /></div>` : null}
    <div class="card list"><div class="filters"><${SearchBox} label="Search by order number" placeholder="Order number" value=${search} onSearch=${(text) => change({ search: text })} /><${Select} label="Request" value=${state} options=${STATE_OPTIONS} onChange=${(value) => change({ state: value })} /><${Select} label="Marketplace" value=${marketplaceId} options=${marketplaceOptions(marketplaces)} onChange=${(value) => change({ marketplace_id: value })} /></div>
    <p class="list-about" role="status"><span>${data ? `${search ? `Searched for order ${search}. ` : ""}${plural(found.length, "order")} on this page, newest orders first.${data.searched_back_to ? ` Looked back to ${moment(data.searched_back_to)}; “Next” goes on from there.` : ""}` : "Reading the log."}</span><span class="list-end">${state || marketplaceId || search ? html`<button type="button" class="link-button" onClick=${() => change({ state: "", marketplace_id: "", search: "" })}>Clear filters</button>` : null}</span></p>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !found.length && !data.next_cursor ? html`<${Empty} icon="star" title=${search ? "No decision about this order" : "Nothing was decided yet"}>${search ? "Only orders of the last months are decided, and only while a campaign is on or in test." : "Orders show here once a campaign is on or in test."}<//>`
      : problem && !data ? null : html`<div class="table-wrap"><table class="rows orders-table"><thead><tr><th>Order</th><th>Request</th><th class="wide-only">Why</th><th class="wide-only">Campaign</th><th class="wide-only">Window closes</th></tr></thead>
        <tbody>${data ? found.map((item) => html`<tr key=${item.connection_id + item.order_id}><td class="cell-title"><${Link} to=${`/orders/${encodeURIComponent(item.order_id)}`} query=${{ connection_id: item.connection_id }} class="row-link">${item.order_id}<//><small>${countryOf(item.marketplace_id)} · ${moment(item.purchased_at, zoneOf(item.marketplace_id))}</small></td><td class="cell-state"><${RequestState} state=${item.state} /></td><td class="wide-only because">${item.because}</td><td class="wide-only">${item.campaign_name ?? "–"}</td><td class="wide-only">${item.closes_at ? moment(item.closes_at, zoneOf(item.marketplace_id)) : "–"}</td></tr>`) : html`<${BoneRows} rows=${10} columns=${5} narrow=${[0, 1]} />`}</tbody></table></div>
      ${data ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="Open an order for every rule and its verdict." />` : null}`}</div>`;
}
