import { html, useState } from "../app/lib.js";
import { get } from "../app/api.js";
import { Age, Ago, Bone, Button, Card, Empty, Icon, Link, Notice, PageHead, ProblemNotice, Segmented } from "../app/components.js";
import { DaysChart } from "../app/chart.js";
import { InlineFigure, Tile } from "../app/figures.js";
import { count, day, dayRange, money, sentence } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place } from "../app/router.js";
import { nameOf } from "./marketplaces.js";
import { Change, plain, ProfitTiles, Uncosted, Waterfall } from "./money_parts.js";
import { downloadCsv } from "./paging.js";
import { beforeWords, PeriodChoice, usePeriod } from "./periods.js";

const price = (item) => (item.units ? Math.round(item.sales_minor / item.units) : null);

function exportCsv(data) {
  const { currency } = data;
  downloadCsv(`quayside-${data.seller_sku}-${data.period.from}-${data.period.to}.csv`, ["date", "sales", "units", "orders", "average_price", "sessions", "page_views", "state", "currency"], data.days.map((item) => [item.date, plain(item.sales_minor, currency), item.units, item.orders, plain(price(item), currency), item.sessions, item.page_views, item.state, currency]));
}

function DaysTable({ data }) {
  const { currency } = data;
  return html`<div class="table-wrap days-table" tabindex="0" role="region" aria-label="Days of this product, as a table"><table><thead><tr><th>Day</th><th class="number">Sales, ${currency}</th><th class="number">Units</th><th class="number">Price</th><th class="number">Sessions</th><th>State</th></tr></thead><tbody>${[...data.days].reverse().map((item) => html`<tr key=${item.date}><td>${day(item.date, { weekday: true })}</td><td class="number">${money(item.sales_minor, currency)}</td><td class="number">${count(item.units)}</td><td class="number">${item.units ? money(price(item), currency) : "–"}</td><td class="number">${item.sessions === null ? "–" : count(item.sessions)}</td><td><span class=${`age ${item.state === "estimated" ? "estimated" : ""}`}>${item.state}</span></td></tr>`)}</tbody></table></div>`;
}

function Days({ data }) {
  const [asTable, setAsTable] = useState(false);
  return html`<${Card} title="Day by day" about=${dayRange(data.period.from, data.period.to)} end=${html`<${Segmented} label="Show as" value=${asTable ? "table" : "chart"} onChange=${(value) => setAsTable(value === "table")} options=${[{ value: "chart", label: "Chart" }, { value: "table", label: "Table" }]} />`}><div class="card-body tight">${asTable || data.days.length < 2 ? html`<${DaysTable} data=${data} />` : html`<${DaysChart} days=${data.days} currency=${data.currency} />`}</div><//>`;
}

function Product({ data }) {
  const { currency, previous } = data;
  const against = beforeWords(data.period.key);
  const lines = data.headings.flatMap((heading) => heading.lines.map((line) => ({ ...line, group: heading.label })));
  return html`<div class="tiles"><${Tile} hero label="Sales" figure=${data.figures.sales} previous=${previous?.sales_minor ?? null} against=${against} /><${Tile} label="Units" figure=${data.figures.units} previous=${previous?.units ?? null} against=${against} /><${Tile} label="Average order" figure=${data.figures.average_order_value} previous=${previous?.orders ? Math.round(previous.sales_minor / previous.orders) : null} against=${against} /><${Tile} label="Conversion, %" figure=${data.conversion} previous=${null} against=${against} /></div>
    ${data.notes.map((note) => html`<${Notice} key=${note} title="Not everything is here"><p>${note}</p><//>`)}${data.result ? html`<${ProfitTiles} result=${data.result} against=${against} /><${Uncosted} result=${data.result} />` : null}
    <div class="two"><div class="stack"><${Days} data=${data} />
      <${Card} title=${`From sales to ${data.result ? "profit" : "proceeds"}`} about="by the day Amazon posted it">${lines.length ? html`<div class="card-body tight"><${Waterfall} headings=${data.headings} proceeds=${data.proceeds} result=${data.result} currency=${currency} /></div><div class="table-wrap"><table><thead><tr><th>Line</th><th class="number">Amount</th><th class="number">Change</th></tr></thead><tbody>${lines.map((line) => html`<tr key=${line.kind}><td>${line.label}<small>${line.group}</small></td><td class="number">${money(line.total_minor, currency)}</td><td class="number"><${Change} minor=${line.total_minor} previous=${line.previous_minor} currency=${currency} /></td></tr>`)}</tbody></table></div>` : html`<${Empty} icon="chart" title="Amazon booked nothing for it in this period">Money shows here once Amazon has posted it.<//>`}<//></div>
    <div class="stack"><${Card} title="Returns" about=${`${count(data.units_refunded)} units refunded, ${count(data.units_shipped)} shipped`}>${data.reasons.length ? html`<ul class="feed">${data.reasons.map((item) => html`<li key=${item.reason}><div>${sentence(item.reason.replaceAll("_", " ").toLowerCase())}</div><div class="feed-end">${count(item.units)}</div></li>`)}</ul>` : html`<p class="card-body fine">No unit came back in this period.</p>`}<//>
      <${Card} title="Stock" about=${data.asin ?? ""}>${data.stock ? html`<ul class="feed"><li><div>Units to sell<small><${Age} at=${data.stock.as_of} state=${data.stock.state} /></small></div><div class="feed-end"><${InlineFigure} title="Stock" figure=${data.stock} /></div></li></ul>` : html`<p class="card-body fine">Neither Amazon nor your own places tell of stock of it here.</p>`}<p class="card-body"><${Link} to="/stock" query=${{ search: data.seller_sku, marketplace_id: data.marketplace_id }}>See its stock<//></p><//></div></div>`;
}

export function Screen({ marketplace_id: marketplaceId, seller_sku: sku }) {
  const asked = usePeriod();
  const currency = place.value.query.get("currency") ?? "";
  const { data, problem, reload } = useResource(`product:${marketplaceId}:${sku}:${asked.key}:${currency}`, (signal) => get(`analytics/products/${encodeURIComponent(sku)}`, { query: { ...asked.params, marketplace_id: marketplaceId, currency }, signal }), { every: 60_000 });
  const crumb = html`<${Link} to="/products" query=${{ ...asked.link, marketplace_id: marketplaceId }}><${Icon} name="back" size=${14} />Products<//>`;
  const about = html`${nameOf(marketplaceId)} · ${data ? html`up to date <${Ago} at=${data.figures.units.as_of} />` : problem ? "could not be read" : html`<${Bone} width="16ch" />`}`;
  return html`<${PageHead} crumb=${crumb} title=${sku} about=${about}><${PeriodChoice} /><${Button} disabled=${!data} onClick=${() => exportCsv(data)}><${Icon} name="download" />CSV<//><//>
    <div class="stack">${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} />` : null}${data ? html`<${Product} data=${data} />` : problem ? null : html`<div class="card bone-card" role="status" aria-label="Loading this product"></div>`}</div>`;
}
