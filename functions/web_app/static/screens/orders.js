import { html, useEffect, useRef, useState } from "../app/lib.js";
import { get } from "../app/api.js";
import { Ago, Bone, BoneRows, Button, ButtonLink, Empty, Icon, Link, PageHead, ProblemNotice, SearchBox, Select } from "../app/components.js";
import { dayOf, decimals, moment, money, plural, zoneName } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { countryOf, marketplaceOptions, useMarketplaces, zoneOf } from "./marketplaces.js";
import { fulfilledBy, OrderState, STATUS_OPTIONS } from "./order_words.js";
import { downloadCsv, Pager, useCursor } from "./paging.js";

const LIMIT = 50;
const RANGES = [{ value: "", label: "Last 30 days" }, { value: "today", label: "Today" }, { value: "7d", label: "Last 7 days" }, { value: "90d", label: "Last 90 days" }, { value: "custom", label: "Choose days" }];
const DAYS = { today: 1, "7d": 7, "": 30, "90d": 90 };

/** The days a range means in a marketplace's own time zone. */
function daysOf(query, timeZone) {
  if (query.get("from") || query.get("to")) return { range: "custom", from: query.get("from") ?? "", to: query.get("to") ?? "" };
  const range = query.get("range") in DAYS ? query.get("range") : "";
  const today = new Date();
  const first = new Date(today.getTime() - (DAYS[range] - 1) * 86_400_000);
  return { range, from: dayOf(first, timeZone), to: dayOf(today, timeZone) };
}

/** What a search looked at, so that "nothing found" can be believed. */
function searchedWords({ text, examined, back_to: backTo, complete }, marketplaceId) {
  const found = `Searched for “${text}”`;
  if (!backTo) return `${found} among order numbers.`;
  const reach = `back to ${moment(backTo, marketplaceId ? zoneOf(marketplaceId) : undefined)}`;
  return complete ? `${found} in ${plural(examined, "order")}, ${reach}: all of the days chosen.` : `${found} in ${plural(examined, "order")} so far, ${reach}. “Next” goes on from there.`;
}

function Total({ order }) {
  if (order.total) return html`${money(order.total.amount_minor, order.total.currency)}`;
  return html`<span class="age estimated" title=${order.total_state === "posted" ? "Amazon gives no money for this order" : "Amazon gives the price once the order is no longer pending"}>${order.total_state === "posted" ? "no price" : "price to come"}</span>`;
}

function exportCsv(orders) {
  downloadCsv("quayside-orders.csv", ["order_id", "purchased_at", "marketplace", "status", "fulfilled_by", "first_title", "lines", "units", "total", "currency"],
    orders.map((order) => [order.order_id, order.purchased_at, countryOf(order.marketplace_id), order.status, order.fulfilled_by, order.first_title, order.lines, order.units, order.total ? (order.total.amount_minor / 10 ** decimals(order.total.currency)).toFixed(decimals(order.total.currency)) : "", order.total?.currency]));
}

export function Screen() {
  const { query } = place.value;
  const marketplaceId = query.get("marketplace_id") ?? "";
  const status = query.get("status") ?? "";
  const search = query.get("search") ?? "";
  const { range, from, to } = daysOf(query, marketplaceId ? zoneOf(marketplaceId) : undefined);
  const [choosing, setChoosing] = useState(range === "custom");
  const marketplaces = useMarketplaces();
  const filters = [marketplaceId, status, from, to, search].join("|");
  const pages = useCursor(filters);
  const { data, problem, loading, reload } = useResource(`orders:${filters}:${pages.cursor}`, (signal) => get("orders", { query: { marketplace_id: marketplaceId, status, from, to, search, cursor: pages.cursor, limit: LIMIT }, signal }), { every: pages.page === 1 ? 15_000 : 0 });
  const orders = data?.orders ?? [];
  const seen = useRef({ filters: null, ids: new Set() });
  const [arrived, setArrived] = useState([]);
  useEffect(() => {
    if (!data || pages.page !== 1) return;
    const ids = orders.map((order) => order.order_id);
    if (seen.current.filters === filters) {
      const fresh = ids.filter((id) => !seen.current.ids.has(id));
      if (fresh.length) setArrived((old) => [...fresh, ...old]);
      for (const id of ids) seen.current.ids.add(id);
    } else {
      seen.current = { filters, ids: new Set(ids) };
      setArrived([]);
    }
  }, [data, filters]);

  const filtered = Boolean(marketplaceId || status || search || range);
  const clear = () => setQuery({ marketplace_id: "", status: "", search: "", range: "", from: "", to: "" });
  const change = (changes) => setQuery(changes, { replace: true });
  const connected = marketplaces === undefined || marketplaces.length > 0;

  return html`<${PageHead} title="Orders" about=${data ? html`Up to date <${Ago} at=${data.as_of} />` : problem ? "The orders could not be read." : html`<${Bone} width="18ch" />`}><${Button} disabled=${!orders.length} onClick=${() => exportCsv(orders)}><${Icon} name="download" />CSV of this page<//><//>
    <div class="card list"><div class="filters"><${SearchBox} label="Search orders" placeholder="Order number, SKU, ASIN or title" value=${search} onSearch=${(text) => change({ search: text })} />
      <${Select} label="Marketplace" value=${marketplaceId} options=${marketplaceOptions(marketplaces)} onChange=${(value) => change({ marketplace_id: value })} />
      <${Select} label="Status" value=${status} options=${STATUS_OPTIONS} onChange=${(value) => change({ status: value })} />
      <${Select} label="Days" value=${choosing ? "custom" : range} options=${RANGES} onChange=${(value) => { setChoosing(value === "custom"); change(value === "custom" ? { from, to, range: "" } : { range: value, from: "", to: "" }); }} />
      ${choosing ? html`<div class="days"><label><span>From</span><input class="input" type="date" value=${from} max=${to} onChange=${(event) => change({ from: event.currentTarget.value, range: "" })} /></label><label><span>To</span><input class="input" type="date" value=${to} min=${from} onChange=${(event) => change({ to: event.currentTarget.value, range: "" })} /></label></div>` : null}</div>
    <p class="list-about" role="status">${data?.searched ? html`<span key="searched">${searchedWords(data.searched, marketplaceId)}</span>` : html`<span key=${data ? "said" : "wait"}>${data ? (orders.length ? `${plural(orders.length, "order")} on this page, newest first. ` : "") : ""}Days are the marketplace's own.</span>`}<span class="list-end">${arrived.length ? html`<span class="new-mark">${plural(arrived.length, "new order")}</span>` : null}${filtered ? html`<button type="button" class="link-button" onClick=${clear}>Clear filters</button>` : null}</span></p>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !orders.length ? (connected ? html`<${Empty} icon="orders" title=${data.next_cursor ? "None so far" : filtered ? "No order matches" : "No orders in the last 30 days"} action=${filtered ? html`<${Button} onClick=${clear}>Clear filters<//>` : null}>${data.next_cursor ? "The days chosen go further back. “Next” goes on from here." : search ? "The search looks for a whole order number, or for part of a SKU, ASIN or title within the days chosen." : filtered ? "Try other days, another status, or all marketplaces." : "New orders show here by themselves."}<//>`
        : html`<${Empty} icon="connections" title="No Amazon account is connected" action=${html`<${ButtonLink} to="/connect" kind="primary">Connect an Amazon account<//>`}>Connect one and its orders show here.<//>`)
      : problem && !data ? null : html`<div class="table-wrap"><table class="rows orders-table" aria-busy=${String(loading && !data)}><thead><tr><th>Order</th><th>Placed</th><th class="wide-only">Marketplace</th><th>Status</th><th class="number wide-only">Units</th><th class="number">Total</th></tr></thead>
        <tbody>${data ? orders.map((order) => html`<tr key=${order.order_id} class=${arrived.includes(order.order_id) ? "arrived" : ""}><td class="cell-title"><${Link} to=${`/orders/${encodeURIComponent(order.order_id)}`} query=${{ connection_id: order.connection_id }} class="row-link clip">${order.first_title ?? "Order"}<//><small>${order.order_id}${order.lines > 1 ? ` · ${plural(order.lines, "line")}` : ""}</small></td>
          <td class="cell-when">${moment(order.purchased_at, zoneOf(order.marketplace_id))}<small>${zoneOf(order.marketplace_id) ? zoneName(zoneOf(order.marketplace_id), order.purchased_at) : ""}</small></td><td class="wide-only">${countryOf(order.marketplace_id)}<small>${fulfilledBy(order.fulfilled_by)}</small></td>
          <td class="cell-state"><${OrderState} status=${order.status} />${arrived.includes(order.order_id) ? html` <span class="new-mark">New</span>` : null}</td><td class="number wide-only">${order.units}</td><td class="number cell-total"><${Total} order=${order} /></td></tr>`) : html`<${BoneRows} rows=${10} columns=${6} narrow=${[0, 1, 3, 5]} />`}</tbody></table></div>`}
      ${data && (orders.length || data.next_cursor || pages.page > 1) ? html`<${Pager} pages=${pages} next=${data.next_cursor} about=${`Up to ${LIMIT} a page`} />` : null}</div>`;
}
