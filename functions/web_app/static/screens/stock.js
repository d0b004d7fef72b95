import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { Age, Ago, Bone, BoneRows, Button, ButtonLink, Empty, Icon, PageHead, ProblemNotice, SearchBox, Select, State } from "../app/components.js";
import { count, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { countryOf, marketplaceOptions, useMarketplaces } from "./marketplaces.js";
import { downloadCsv, Pager, useCursor } from "./paging.js";

const sum = (position, ...names) => names.reduce((total, name) => total + (position[name] ?? 0), 0);
const inbound = (position) => sum(position, "inbound_working", "inbound_shipped", "inbound_receiving");
const reserved = (position) => sum(position, "reserved_transfer", "reserved_processing", "reserved_customer_orders");

function Parts({ parts }) {
  const shown = parts.filter(([, value]) => value);
  const text = shown.map(([label, value]) => `${count(value)} ${label}`).join(" · ");
  return html`<small title=${text || undefined}>${text || "\u00a0"}</small>`;
}

function Standing({ position }) {
  if (position.fulfillable > 0) return html`<${State} kind="good">Can be sold<//>`;
  if (inbound(position) > 0) return html`<${State} kind="warn">Out, more on the way<//>`;
  if (reserved(position) > 0) return html`<${State} kind="warn">All reserved<//>`;
  return html`<${State} kind="bad">Out of stock<//>`;
}

function exportCsv(positions) {
  const names = ["fulfillable", "inbound_working", "inbound_shipped", "inbound_receiving", "reserved_transfer", "reserved_processing", "reserved_customer_orders", "unfulfillable", "researching", "total"];
  downloadCsv("quayside-stock.csv", ["seller_sku", "asin", "fnsku", "title", "marketplace", ...names, "as_of"], positions.map((position) => [position.seller_sku, position.asin, position.fnsku, position.title, countryOf(position.marketplace_id), ...names.map((name) => position[name]), position.source_updated_at]));
}

export function Screen() {
  const { query } = place.value;
  const marketplaceId = query.get("marketplace_id") ?? "";
  const search = query.get("search") ?? "";
  const marketplaces = useMarketplaces();
  const filters = `${marketplaceId}|${search}`;
  const pages = useCursor(filters);
  const { data, problem, reload } = useResource(`stock:${filters}:${pages.cursor}`, (signal) => get("inventory", { query: { marketplace_id: marketplaceId, search, cursor: pages.cursor }, signal }), { every: pages.page === 1 ? 30_000 : 0 });
  const positions = data?.positions ?? [];
  const change = (changes) => setQuery(changes, { replace: true });
  const out = positions.filter((position) => position.fulfillable === 0).length;
  return html`<${PageHead} title="Stock" about=${data ? html`Stock at Amazon (FBA), up to date <${Ago} at=${data.as_of} />` : problem ? "The stock could not be read." : html`<${Bone} width="24ch" />`}><${Button} disabled=${!positions.length} onClick=${() => exportCsv(positions)}><${Icon} name="download" />CSV of this page<//><//>
    <div class="card list"><div class="filters"><${SearchBox} label="Search stock" placeholder="SKU, ASIN or title" value=${search} onSearch=${(text) => change({ search: text })} /><${Select} label="Marketplace" value=${marketplaceId} options=${marketplaceOptions(marketplaces)} onChange=${(value) => change({ marketplace_id: value })} /></div>
    <p class="list-about" role="status">${data ? html`<span key="said">${search ? `Searched SKU, ASIN and title for “${search}”. ` : ""}${positions.length ? `${plural(positions.length, "product")} on this page${out ? `, ${count(out)} with nothing to sell` : ""}.` : ""}</span>` : html`<span key="wait">Each marketplace keeps its own stock.</span>`}<span class="list-end">${search || marketplaceId ? html`<button type="button" class="link-button" onClick=${() => change({ search: "", marketplace_id: "" })}>Clear filters</button>` : null}</span></p>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !positions.length ? html`<${Empty} icon="stock" title=${search || marketplaceId ? "No product matches" : "No stock to show"} action=${search || marketplaceId ? null : html`<${ButtonLink} to="/connections">See your connections<//>`}>${search ? "The search looks for part of a SKU, an ASIN or a title." : "Stock at Amazon's warehouses shows here once it is read from a connected account."}<//>`
      : problem && !data ? null : html`<div class="table-wrap"><table class="rows stock-table"><thead><tr><th>Product</th><th>Standing</th><th class="number">Can be sold</th><th class="number wide-only">Inbound</th><th class="number wide-only">Reserved</th><th class="number wide-only">Not sellable</th><th class="number">Total</th><th class="number wide-only">Age</th></tr></thead>
        <tbody>${data ? positions.map((position) => html`<tr key=${`${position.connection_id}${position.marketplace_id}${position.seller_sku}`}><td class="cell-title"><strong class="clip" title=${position.title}>${position.title ?? position.seller_sku}</strong><small>${[position.seller_sku, position.asin, countryOf(position.marketplace_id)].filter(Boolean).join(" · ")}</small></td><td class="cell-state"><${Standing} position=${position} /></td><td class="number cell-sell"><strong>${count(position.fulfillable)}</strong><span class="phone-only fine"> to sell</span></td>
          <td class="number wide-only">${count(inbound(position))}<${Parts} parts=${[["planned", position.inbound_working], ["shipped", position.inbound_shipped], ["receiving", position.inbound_receiving]]} /></td><td class="number wide-only">${count(reserved(position))}<${Parts} parts=${[["orders", position.reserved_customer_orders], ["transfer", position.reserved_transfer], ["processing", position.reserved_processing]]} /></td><td class="number wide-only">${count(sum(position, "unfulfillable", "researching"))}<${Parts} parts=${[["damaged", position.unfulfillable], ["checked", position.researching]]} /></td>
          <td class="number cell-total">${count(position.total)}<span class="phone-only fine"> in all</span></td><td class="number wide-only age-cell"><${Age} at=${position.source_updated_at} /></td></tr>`) : html`<${BoneRows} rows=${10} columns=${8} narrow=${[0, 1, 2, 6]} />`}</tbody></table></div>
      ${data ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="Not sellable: damaged, or being checked by Amazon." />` : null}`}</div>`;
}
