import { html, useState } from "../app/lib.js";
import { get } from "../app/api.js";
import { Age, Ago, Bone, BoneRows, Button, ButtonLink, Empty, Icon, Link, PageHead, ProblemNotice, SearchBox, Select, State } from "../app/components.js";
import { InlineFigure } from "../app/figures.js";
import { count, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { toast } from "../app/shell.js";
import { Spark } from "../app/spark.js";
import { countryOf, marketplaceOptions, marketplacesOf, useConnections } from "./marketplaces.js";
import { downloadCsv, Pager, useCursor } from "./paging.js";
import { SharedStock } from "./stock_links.js";
import { inbound, reserved, Standing, STANDING_OPTIONS, StockTabs } from "./stock_words.js";

const NAMES = ["fulfillable", "inbound_working", "inbound_shipped", "inbound_receiving", "reserved_transfer", "reserved_processing", "reserved_customer_orders", "unfulfillable", "researching", "total"];
const CSV_PAGES = 200;

function writeCsv(positions) {
  downloadCsv("quayside-stock.csv", ["seller_sku", "asin", "fnsku", "title", "marketplace", "standing", ...NAMES, "own_stock", "days_of_cover", "days_without_of_30", "older_than_90_days", "as_of"],
    positions.map((position) => [position.seller_sku, position.asin, position.fnsku, position.title, countryOf(position.marketplace_id), position.standing, ...NAMES.map((name) => position[name]), position.own_stock, position.days_of_cover.value, position.days_without, position.aged_units, position.source_updated_at]));
}

/** Everything the filters leave, page after page; a list without an end in reach is handed over as far as it was read. */
async function readAll(filters) {
  const all = [];
  let cursor = "";
  for (let page = 0; page < CSV_PAGES; page += 1) {
    const part = await get("inventory", { query: { ...filters, cursor, limit: 100 } });
    all.push(...part.positions);
    cursor = part.next_cursor;
    if (!cursor) return { all, whole: true };
  }
  return { all, whole: false };
}

function Export({ filters, disabled }) {
  const [busy, setBusy] = useState(false);
  async function run() {
    setBusy(true);
    try {
      const { all, whole } = await readAll(filters);
      writeCsv(all);
      toast(whole ? `${plural(all.length, "line")} in the file` : `The first ${count(all.length)} lines are in the file; narrow the filters for the rest`);
    } catch (problem) {
      toast(`The file could not be made: ${problem.title}`);
    } finally {
      setBusy(false);
    }
  }
  return html`<${Button} busy=${busy} disabled=${disabled} onClick=${run}><${Icon} name="download" />CSV<//>`;
}

export function Screen() {
  const { query } = place.value;
  const marketplaceId = query.get("marketplace_id") ?? "";
  const search = query.get("search") ?? "";
  const standing = query.get("standing") ?? "";
  const { connections } = useConnections();
  const marketplaces = marketplacesOf(connections);
  const chosen = { marketplace_id: marketplaceId, search, standing };
  const filters = `${marketplaceId}|${search}|${standing}`;
  const filtered = Boolean(marketplaceId || search || standing);
  const pages = useCursor(filters);
  const { data, problem, reload } = useResource(`stock:${filters}:${pages.cursor}`, (signal) => get("inventory", { query: { ...chosen, cursor: pages.cursor }, signal }), { every: pages.page === 1 ? 30_000 : 0 });
  const positions = data?.positions ?? [];
  const change = (changes) => setQuery(changes, { replace: true });
  const out = positions.filter((position) => position.fulfillable === 0).length;
  return html`<${PageHead} title="Stock" about=${data ? html`Stock at Amazon (FBA), up to date <${Ago} at=${data.as_of} />` : problem ? "The stock could not be read." : html`<${Bone} width="24ch" />`}><${Button} disabled=${!connections?.some((each) => each.marketplaces.length > 1)} onClick=${() => setQuery({ links: "1" }, { stay: true })}>Shared stock…<//><${Export} filters=${chosen} disabled=${!positions.length} /><//>
    <${StockTabs} here="/stock" />
    ${query.get("links") && connections?.some((each) => each.marketplaces.length > 1) ? html`<${SharedStock} connections=${connections} onClose=${() => setQuery({ links: "" }, { replace: true })} />` : null}
    <div class="card list"><div class="filters"><${SearchBox} label="Search stock" placeholder="SKU, ASIN or title" value=${search} onSearch=${(text) => change({ search: text })} /><${Select} label="Marketplace" value=${marketplaceId} options=${marketplaceOptions(marketplaces)} onChange=${(value) => change({ marketplace_id: value })} /><${Select} label="Standing" value=${standing} options=${STANDING_OPTIONS} onChange=${(value) => change({ standing: value })} /></div>
    <p class="list-about" role="status">${data ? html`<span key="said">${search ? `Searched SKU, ASIN and title for “${search}”. ` : ""}${positions.length ? `${plural(positions.length, "product")} on this page${out ? `, ${count(out)} with nothing to sell` : ""}.` : ""}</span>` : html`<span key="wait">Each marketplace keeps its own stock.</span>`}<span class="list-end">${filtered ? html`<button type="button" class="link-button" onClick=${() => change({ search: "", marketplace_id: "", standing: "" })}>Clear filters</button>` : null}</span></p>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !positions.length ? html`<${Empty} icon="stock" title=${filtered ? "No product matches" : "No stock to show"} action=${filtered ? null : html`<${ButtonLink} to="/connections">See your connections<//>`}>${filtered ? "The search looks for part of a SKU, an ASIN or a title." : "Stock at Amazon's warehouses shows here once it is read from a connected account."}<//>`
      : problem && !data ? null : html`<div class="table-wrap"><table class="rows stock-table"><thead><tr><th>Product</th><th>Standing</th><th class="number">Can be sold</th><th class="wide-only">30 days</th><th class="number wide-only">Days of cover</th><th class="number wide-only">Inbound</th><th class="number wide-only">Own stock</th><th class="number">Total</th></tr></thead>
        <tbody>${data ? positions.map((position) => html`<tr key=${`${position.connection_id}${position.marketplace_id}${position.seller_sku}`}><td class="cell-title"><${Link} to="/stock/product" query=${{ connection_id: position.connection_id, marketplace_id: position.marketplace_id, seller_sku: position.seller_sku }} class="row-link clip" title=${position.title}>${position.title ?? position.seller_sku}<//><small>${[position.seller_sku, position.asin, countryOf(position.marketplace_id)].filter(Boolean).join(" · ")}</small></td><td class="cell-state"><${Standing} standing=${position.standing} />${position.aged_units ? html`<small class="wide-only">${count(position.aged_units)} older than 90 days</small>` : null}</td>
          <td class="number cell-sell"><strong>${count(position.fulfillable)}</strong><span class="phone-only fine"> to sell</span><small class="wide-only"><${Age} at=${position.source_updated_at} /></small></td><td class="wide-only"><${Spark} values=${position.recent} what="Units to sell in the last 30 days" /></td>
          <td class="number wide-only"><${InlineFigure} title=${`Days of cover of ${position.seller_sku}`} figure=${position.days_of_cover} />${position.days_without ? html`<small>out on ${plural(position.days_without, "day")}</small>` : null}</td><td class="number wide-only">${count(inbound(position))}<small>${reserved(position) ? `${count(reserved(position))} reserved` : "\u00a0"}</small></td><td class="number wide-only">${position.own_stock === null ? html`<span class="fine">–</span>` : count(position.own_stock)}</td>
          <td class="number cell-total">${count(position.total)}<span class="phone-only fine"> in all</span></td></tr>`) : html`<${BoneRows} rows=${10} columns=${8} narrow=${[0, 1, 2, 7]} />`}</tbody></table></div>
      ${data ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="Total: all units at Amazon and on their way to it." />` : null}`}</div>`;
}
