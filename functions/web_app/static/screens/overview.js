import { html, useEffect, useRef, useState } from "../app/lib.js";
import { get } from "../app/api.js";
import { Ago, Bone, Button, ButtonLink, Card, Empty, Icon, Link, Meter, Notice, PageHead, ProblemNotice, Segmented, Select } from "../app/components.js";
import { DaysChart, DaysTable } from "../app/chart.js";
import { Delta, InlineFigure, Tile, TileBone } from "../app/figures.js";
import { count, dayRange, money, moment, plural } from "../app/format.js";
import { now, useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { me } from "../app/session.js";
import { historyProgress, progressWords } from "./connection_words.js";
import { countryOf, marketplaceOptions, marketplacesOf, useConnections, zoneOf } from "./marketplaces.js";
import { plain, productPath } from "./money_parts.js";
import { OrderState } from "./order_words.js";
import { downloadCsv } from "./paging.js";
import { beforeWords, PeriodChoice, usePeriod } from "./periods.js";
import { inTrouble, Trouble } from "./trouble.js";

const TILES = [["sales", "Sales"], ["units", "Units"], ["orders", "Orders"], ["average_order_value", "Average order"]];
const EVERY = 15_000;
const NAMES = typeof Intl.DisplayNames === "function" ? new Intl.DisplayNames("en", { type: "currency" }) : null;

function before(previous, key) {
  if (!previous) return null;
  if (key === "sales") return previous.sales_minor;
  if (key === "average_order_value") return previous.orders ? Math.round(previous.sales_minor / previous.orders) : null;
  return previous[key];
}

function Tiles({ part, period }) {
  return html`<div class="tiles">${TILES.map(([key, label]) => html`<${Tile} key=${key} hero=${key === "sales"} label=${label} figure=${part.figures[key]} previous=${before(part.previous, key)} against=${beforeWords(period.key)} />`)}</div>`;
}

const MONEY = [["refunds", "Refunds"], ["fees", "Amazon fees"], ["proceeds", "Proceeds"]];

const AFTER_COSTS = [["goods", "Cost of goods"], ["profit", "Profit"], ["margin", "Margin"], ["roi", "Return on investment"]];

/** What Amazon booked in the period, and what is left of it; it counts by the day of posting, so it stands apart from the orders. */
function MoneyTiles({ part, period, asked }) {
  if (!part.money) return null;
  const { after_costs: left, after_costs_missing: missing } = part.money;
  return html`<div class="tiles three">${MONEY.map(([key, label]) => html`<${Tile} key=${key} label=${label} figure=${part.money[key]} previous=${part.money[`previous_${key}_minor`]} against=${beforeWords(period.key)} />`)}</div>
    ${left ? html`<div class="tiles four">${AFTER_COSTS.map(([key, label]) => html`<${Tile} key=${key} label=${label} figure=${left[key]} previous=${left[`previous_${key}_minor`]} against=${`previous_${key}_minor` in left ? beforeWords(period.key) : null} />`)}</div>` : html`<p class="fine">${missing} <${Link} to="/profit" query=${asked.link}>Profit<//></p>`}`;
}

function Ranked({ rows, currency, falling, asked }) {
  return html`<ul class="feed">${rows.map((item) => html`<li key=${`${item.marketplace_id}${item.seller_sku}`}><div><${Link} to=${productPath(item.marketplace_id, item.seller_sku)} query=${{ ...asked.link, currency }} class="row-link clip">${item.seller_sku || "No SKU"}<//><small><span class="country">${item.country_code}</span>${plural(item.units, "unit")}${item.previous_units === null ? "" : `, before ${count(item.previous_units)}`}</small></div>
    <div class="feed-end"><span>${falling ? money(item.sales_minor - item.previous_sales_minor, currency) : money(item.sales_minor, currency)}</span></div></li>`)}</ul>`;
}

const ALERTS = { stock_out: "Stock-out soon", late_shipment: "Late shipment", late_order: "Late order", sales_drop: "Sales drop", return_spike: "Return spike", fee_change: "Fee change" };
const ALERTS_FIRST = 5;

/** What needs a look, the gravest of each kind: it leads to restock, to the shipment or the order, or to the product. */
function Alerts({ alerts }) {
  const [all, setAll] = useState(false);
  if (!alerts) return null;
  const rows = all ? alerts.alerts : alerts.alerts.slice(0, ALERTS_FIRST);
  const toRestock = (item) => html`<${Link} to="/stock/restock/product" query=${{ connection_id: item.connection_id, marketplace_id: item.marketplace_id, seller_sku: item.seller_sku }} class="row-link clip">${item.seller_sku}<//>`;
  const toProduct = (item) => html`<${Link} to=${productPath(item.marketplace_id, item.seller_sku)} class="row-link clip">${item.seller_sku}<//>`;
  const toSubject = (item) => html`<${Link} to=${`/${item.kind === "late_order" ? "purchases" : "shipments"}/${encodeURIComponent(item.subject_id)}`} class="row-link clip">${item.name}<//>`;
  const linked = (item) => (item.subject_id ? toSubject(item) : item.kind === "stock_out" ? toRestock(item) : toProduct(item));
  const more = alerts.alerts.length - ALERTS_FIRST;
  return html`<${Card} title="Needs a look" about=${html`as of <${Ago} at=${alerts.as_of} />`}>
    ${rows.length ? html`<ul class="feed">${rows.map((item) => html`<li key=${item.kind + item.connection_id + item.marketplace_id + item.seller_sku + item.subject_id}><div>${linked(item)}<small>${item.country_code ? html`<span class="country">${item.country_code}</span>` : null}${item.sentence}</small></div>
      <div class="feed-end"><${InlineFigure} title=${ALERTS[item.kind]} figure=${item.figure} /><small>${ALERTS[item.kind]}</small></div></li>`)}</ul>` : html`<p class="card-body fine">No stock-out is near, nothing is late, and no product's sales, returns or fees stand out.</p>`}
    ${more > 0 ? html`<div class="card-foot"><${Button} kind="small" onClick=${() => setAll(!all)}>${all ? "Show fewer" : `Show ${count(more)} more`}<//>${alerts.found > alerts.alerts.length ? html`<span class="fine">the gravest of ${count(alerts.found)}</span>` : null}</div>` : null}<//>`;
}

/** The products that sold most, and those that fell most. */
function Products({ part, asked }) {
  const [falling, setFalling] = useState(false);
  const found = part.products;
  if (!found) return null;
  const rows = falling ? (found.falling ?? []) : found.top;
  const csv = () => downloadCsv(`quayside-${falling ? "falling" : "top"}-products-${part.currency}.csv`, ["seller_sku", "marketplace", "units", "sales", "units_period_before", "sales_period_before", "currency"], rows.map((item) => [item.seller_sku, item.country_code, item.units, plain(item.sales_minor, part.currency), item.previous_units, plain(item.previous_sales_minor, part.currency), part.currency]));
  const words = falling ? (found.falling === null ? "The history does not reach back far enough to compare." : "No product fell.") : "No product sold in this period.";
  return html`<${Card} title="Products" label=${`Products, ${part.currency}`} about=${html`ranked <${Ago} at=${found.as_of} />`} end=${html`<${Segmented} label="Which products" value=${falling ? "falling" : "top"} onChange=${(value) => setFalling(value === "falling")} options=${[{ value: "top", label: "Top" }, { value: "falling", label: "Falling" }]} />`}>
    ${rows.length ? html`<${Ranked} rows=${rows} currency=${part.currency} falling=${falling} asked=${asked} />` : html`<p class="card-body fine">${words}</p>`}<div class="card-foot"><${Link} to="/products" query=${asked.link}>All products<//><${Button} kind="small" disabled=${!rows.length} onClick=${csv}><${Icon} name="download" />CSV<//></div><//>`;
}

function Split({ part }) {
  const largest = Math.max(1, ...part.marketplaces.map((item) => item.figures.sales.value ?? 0));
  const rows = [...part.marketplaces].sort((one, other) => (other.figures.sales.value ?? 0) - (one.figures.sales.value ?? 0));
  return html`<${Card} title="Marketplaces" label=${`Marketplaces, ${part.currency}`} about=${`in ${part.currency}`} class="split"><div class="table-wrap"><table><thead><tr><th>Marketplace</th><th class="number">Sales</th><th class="number">Units</th><th class="number">Orders</th></tr></thead><tbody>${rows.map((item) => html`<tr key=${item.marketplace_id}><td><span class="country">${item.country_code}</span>${item.name}<span class="share" aria-hidden="true"><span style=${{ transform: `scaleX(${(item.figures.sales.value ?? 0) / largest})` }}></span></span></td>
    <td class="number"><${InlineFigure} title=${`Sales, ${item.name}`} figure=${item.figures.sales} /></td><td class="number"><${InlineFigure} title=${`Units, ${item.name}`} figure=${item.figures.units} /></td><td class="number"><${InlineFigure} title=${`Orders, ${item.name}`} figure=${item.figures.orders} /></td></tr>`)}</tbody></table></div><//>`;
}

/** What each brand sold, as products were under brands when orders were read the last time. */
function Brands({ split, period, asked }) {
  if (!split) return null;
  const largest = Math.max(1, ...split.brands.map((item) => item.sales.value ?? 0));
  const csv = () => downloadCsv(`quayside-brands-${split.currency}.csv`, ["brand", "sales", "units", "sales_period_before", "units_period_before", "currency"], split.brands.map((item) => [item.brand, plain(item.sales.value, split.currency), item.units.value, plain(item.previous_sales_minor, split.currency), item.previous_units, split.currency]));
  return html`<${Card} title="Brands" label=${`Brands, ${split.currency}`} about=${html`added up <${Ago} at=${split.as_of} />`} class="split" end=${html`<${Button} kind="small" onClick=${csv}><${Icon} name="download" />CSV<//>`}><div class="table-wrap"><table><thead><tr><th>Brand</th><th class="number">Sales</th><th class="number">Units</th><th class="number">vs before</th></tr></thead><tbody>${split.brands.map((item) => html`<tr key=${item.brand ?? ""}><td>${item.brand ? html`<${Link} to="/profit" query=${{ ...asked.link, brand: item.brand }}>${item.brand}<//>` : html`<span class="fine">Under no brand</span>`}<span class="share" aria-hidden="true"><span style=${{ transform: `scaleX(${(item.sales.value ?? 0) / largest})` }}></span></span></td>
    <td class="number"><${InlineFigure} title=${`Sales, ${item.brand ?? "under no brand"}`} figure=${item.sales} /></td><td class="number"><${InlineFigure} title=${`Units, ${item.brand ?? "under no brand"}`} figure=${item.units} /></td><td class="number"><${Delta} value=${item.sales.value} previous=${item.previous_sales_minor} against=${beforeWords(period.key)} /></td></tr>`)}</tbody></table></div><//>`;
}

/** Today has no days to compare: the day so far stands against the whole day before, as bars. */
function TodayBars({ part }) {
  const rows = [["Today so far", part.figures.sales.value ?? 0, part.figures.units.value ?? 0], ["All of yesterday", part.previous?.sales_minor, part.previous?.units]];
  const largest = Math.max(1, ...rows.map((row) => row[1] ?? 0));
  return html`<div class="today">${rows.map(([label, sales, units]) => html`<div key=${label}><p><span>${label}</span><strong>${sales === undefined ? "not known" : money(sales, part.currency)}</strong></p><div class="meter"><span style=${{ transform: `scaleX(${(sales ?? 0) / largest})` }}></span></div><p class="fine">${units === undefined ? "The history does not reach back that far yet." : plural(units, "unit")}</p></div>`)}</div>`;
}

function Trend({ part, period }) {
  const [asTable, setAsTable] = useState(false);
  const days = part.days;
  if (days.length < 2) return html`<${Card} title="Today against yesterday" label=${`Today against yesterday, ${part.currency}`} about=${part.currency} class="trend"><div class="card-body"><${TodayBars} part=${part} /></div><//>`;
  return html`<${Card} title="Day by day" label=${`Day by day, ${part.currency}`} about=${dayRange(period.from, period.to)} class="trend" end=${html`<${Segmented} label="Show as" value=${asTable ? "table" : "chart"} onChange=${(value) => setAsTable(value === "table")} options=${[{ value: "chart", label: "Chart" }, { value: "table", label: "Table" }]} />`}>
    <div class="card-body tight">${asTable ? html`<${DaysTable} days=${days} currency=${part.currency} />` : html`<${DaysChart} days=${days} currency=${part.currency} />`}</div><//>`;
}

/** The newest orders; one that came since the page was opened carries a mark and is read out. */
function Latest({ marketplaceId }) {
  const { data, problem, reload } = useResource(`latest:${marketplaceId}`, (signal) => get("orders", { query: { limit: 6, marketplace_id: marketplaceId }, signal }), { every: EVERY });
  const seen = useRef(null);
  const [arrived, setArrived] = useState([]);
  const orders = data?.orders ?? [];
  useEffect(() => {
    if (!data) return;
    if (seen.current) {
      const fresh = orders.filter((order) => !seen.current.has(order.order_id)).map((order) => order.order_id);
      if (fresh.length) setArrived((old) => [...fresh, ...old].slice(0, 20));
    }
    seen.current = new Set([...(seen.current ?? []), ...orders.map((order) => order.order_id)]);
  }, [data]);
  useEffect(() => {
    seen.current = null;
    setArrived([]);
  }, [marketplaceId]);
  return html`<${Card} title="Latest orders" class="latest" end=${html`<${Link} to="/orders" query=${{ marketplace_id: marketplaceId }}>All orders<//>`}>
    <p class="visually-hidden" role="status">${arrived.length ? `${plural(arrived.length, "new order")} since you opened this page` : ""}</p>
    ${problem && !data ? html`<div class="card-body"><${ProblemNotice} problem=${problem} retry=${reload} compact /></div>` : null}
    ${data && !orders.length ? html`<p class="card-body fine">No orders yet. The first one shows here by itself.</p>` : html`<ul class="feed">${data ? orders.map((order) => html`<li key=${order.order_id} class=${arrived.includes(order.order_id) ? "arrived" : ""}>
      <div><${Link} to=${`/orders/${encodeURIComponent(order.order_id)}`} query=${{ connection_id: order.connection_id }} class="row-link clip">${order.first_title ?? order.order_id}<//><small><span class="country">${countryOf(order.marketplace_id)}</span>${moment(order.purchased_at, zoneOf(order.marketplace_id))} · ${plural(order.units, "unit")}</small></div>
      <div class="feed-end"><span>${order.total ? money(order.total.amount_minor, order.total.currency) : html`<span class="fine">${order.total_state === "posted" ? "no price" : "price to come"}</span>`}</span>${arrived.includes(order.order_id) ? html`<span class="new-mark">New</span>` : html`<${OrderState} status=${order.status} />`}</div></li>`)
      : Array.from({ length: 6 }, (_, key) => html`<li key=${key}><div><${Bone} width="22ch" /><small><${Bone} width="12ch" height=".8em" /></small></div><div class="feed-end"><${Bone} width="7ch" /></div></li>`)}</ul>`}<//>`;
}

function greeting() {
  const hour = new Date().getHours();
  return hour >= 5 && hour < 12 ? "Good morning" : hour >= 12 && hour < 18 ? "Good afternoon" : "Good evening";
}

function Waiting() {
  return html`<div class="tiles" aria-hidden="true">${TILES.map(([key, label]) => html`<${TileBone} key=${key} label=${label} />`)}</div>`;
}

const AILING = { failed: "could not be connected", revoked: "has lost Amazon's permission" };

/** What stops whole accounts: told with whose turn it is where that is known. */
function Troubles({ connections }) {
  return connections.filter(inTrouble).map((connection) => html`<${Trouble} key=${connection.connection_id} connection=${connection} named link />`);
}

function Ailing({ connections, told }) {
  const known = new Set(told.filter(inTrouble).map((connection) => connection.connection_id));
  return connections.filter((connection) => AILING[connection.status] && !known.has(connection.connection_id)).map((connection) => html`<${Notice} key=${connection.connection_id} kind="warn" title=${`${connection.name} ${AILING[connection.status]}`} actions=${html`<${ButtonLink} to=${`/connections/${connection.connection_id}`} kind="small">See what to do<//>`}><p>Its figures stand still until that is settled; the others go on.</p><//>`);
}

/** While history is being read, an empty day may only be a day not read yet: that has to be said. */
function Incomplete({ connections }) {
  return connections.filter((connection) => connection.status === "connected" && historyProgress(connection)).map((connection) => {
    const progress = historyProgress(connection);
    return html`<${Notice} key=${connection.connection_id} title=${`Older orders of ${connection.name} are still being read`} actions=${html`<${Link} to=${`/connections/${connection.connection_id}/sync`}>Watch it<//>`}><p>Days without sales may be days not read yet. ${progressWords(progress, now.value)}.</p><${Meter} ...${progress} label="History read" /><//>`;
  });
}

export function Screen() {
  const { query } = place.value;
  const asked = usePeriod();
  const { period } = asked;
  const marketplaceId = query.get("marketplace_id") ?? "";
  const { connections, unread } = useConnections({ every: EVERY });
  const marketplaces = marketplacesOf(connections);
  const { data, problem, reload } = useResource(`overview:${asked.key}:${marketplaceId}`, (signal) => get("analytics/overview", { query: { ...asked.params, marketplace_id: marketplaceId }, signal }), { every: EVERY });
  const brands = useResource(`overview:brands:${asked.key}:${marketplaceId}`, (signal) => get("analytics/brands", { query: { ...asked.params, marketplace_id: marketplaceId }, signal }), { every: 60_000 });
  const splitOf = (currency) => brands.data?.currencies.find((each) => each.currency === currency);
  const name = (me.value.member.name || "").split(" ")[0];
  const newest = data?.as_of;
  const about = data ? (data.has_connection ? html`${dayRange(data.period.from, data.period.to)} · ${newest ? html`up to date <${Ago} at=${newest} />` : "first reading under way"}` : "Nothing is connected yet.") : problem ? "Your figures could not be read." : html`<${Bone} width="26ch" />`;
  const empty = data && data.has_connection && !data.currencies.length;
  return html`<${PageHead} title=${name ? `${greeting()}, ${name}` : greeting()} about=${about}><${Select} label="Marketplace" value=${marketplaceId} onChange=${(value) => setQuery({ marketplace_id: value }, { replace: true })} options=${marketplaceOptions(marketplaces)} />
      <${PeriodChoice} /><//>
    <div class="stack">${problem ? html`<${ProblemNotice} problem=${data ? { ...problem, title: "These figures could not be refreshed", detail: `${problem.title}.`, action: "You see the last ones we have." } : problem} retry=${reload} compact=${Boolean(data)} />` : null}
    ${!data || (!connections && !unread) || (!brands.data && !brands.problem) ? (problem ? null : html`<div class="stack" role="status" aria-label="Loading your figures"><${Waiting} /><div class="two"><div class="card bone-card"></div><div class="card bone-card"></div></div></div>`)
      : !data.has_connection ? html`<div class="card"><${Empty} icon="connections" title="Connect your Amazon account to see your sales" action=${html`<${ButtonLink} to="/connect" kind="primary">Connect an Amazon account<//>`}>It takes about two minutes. You see what is read, and why, before you agree.<//></div>`
      : html`<${Troubles} connections=${connections ?? []} /><${Ailing} connections=${data.connections} told=${connections ?? []} /><${Incomplete} connections=${connections ?? []} />${empty ? html`<div class="card"><${Empty} icon="orders" title="No orders in this period" action=${period === "90d" ? null : html`<${Link} class="button" to="/" query=${{ period: "90d", marketplace_id: marketplaceId }}>Look at 90 days<//>`}>${data.connections.some((item) => item.status === "authorising") ? "Your account is still being connected; orders show here as they are read." : "A new order shows here by itself, within a minute."}<//></div>` : null}
        ${data.currencies.length === 1 ? html`<${Tiles} part=${data.currencies[0]} period=${data.period} /><${MoneyTiles} part=${data.currencies[0]} period=${data.period} asked=${asked} /><div class="two"><div class="stack"><${Trend} part=${data.currencies[0]} period=${data.period} /><${Split} part=${data.currencies[0]} /><${Brands} split=${splitOf(data.currencies[0].currency)} period=${data.period} asked=${asked} /></div><div class="stack"><${Alerts} alerts=${data.alerts} /><${Products} part=${data.currencies[0]} asked=${asked} /><${Latest} marketplaceId=${marketplaceId} /></div></div>`
          : html`${data.currencies.length ? html`<p class="fine currencies-note">Currencies stand side by side. Quayside never adds them up without a stated rate.</p><div class="currencies">${data.currencies.map((part) => html`<section key=${part.currency} class="currency" aria-label=${`Figures in ${part.currency}`}><h2><span class="tag">${part.currency}</span>${NAMES?.of(part.currency) ?? part.currency}</h2><${Tiles} part=${part} period=${data.period} /><${MoneyTiles} part=${part} period=${data.period} asked=${asked} /><${Trend} part=${part} period=${data.period} /><${Split} part=${part} /><${Brands} split=${splitOf(part.currency)} period=${data.period} asked=${asked} /><${Products} part=${part} asked=${asked} /></section>`)}</div>` : null}<${Alerts} alerts=${data.alerts} /><${Latest} marketplaceId=${marketplaceId} />`}`}</div>`;
}
