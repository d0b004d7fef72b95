import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { Ago, Bone, Button, ButtonLink, Card, Empty, Icon, Link, PageHead, ProblemNotice } from "../app/components.js";
import { Tile } from "../app/figures.js";
import { count, day } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place } from "../app/router.js";
import { nameOf } from "./marketplaces.js";
import { downloadCsv } from "./paging.js";
import { Standing } from "./stock_words.js";

const WIDTH = 720;
const HEIGHT = 200;
const PARTS = [["fulfillable", "Can be sold"], ["inbound", "Inbound"], ["reserved", "Reserved"], ["unsellable", "Not sellable"]];
const STATES = [["fulfillable", "Can be sold"], ["inbound_working", "Inbound, planned"], ["inbound_shipped", "Inbound, shipped"], ["inbound_receiving", "Inbound, being received"], ["reserved_transfer", "Reserved, moving between centres"], ["reserved_processing", "Reserved, being processed"], ["reserved_customer_orders", "Reserved for orders"], ["unfulfillable", "Not sellable"], ["researching", "Being looked for"], ["total", "Total"]];

/** Bars of days: what could be sold, with days out of stock marked below the line and days nobody looked left blank. */
function Days({ days }) {
  const top = Math.max(1, ...days.map((item) => item.fulfillable ?? 0));
  const step = WIDTH / days.length;
  const known = days.filter((item) => item.fulfillable !== null);
  const out = known.filter((item) => item.fulfillable === 0).length;
  const words = known.length ? `Units that could be sold a day from ${day(days[0].date)} to ${day(days[days.length - 1].date)}: at most ${count(top)}, none on ${count(out)} of ${count(known.length)} days looked at.` : "No day was looked at yet.";
  return html`<figure class="stock-days"><svg viewBox=${`0 0 ${WIDTH} ${HEIGHT + 12}`} preserveAspectRatio="none" role="img" aria-label=${words}><line x1="0" x2=${WIDTH} y1=${HEIGHT} y2=${HEIGHT} class="spark-zero" />${days.map((item, index) => item.fulfillable === null ? null : item.fulfillable === 0 ? html`<rect key=${item.date} x=${index * step} width=${step * 0.72} y=${HEIGHT + 3} height="8" class="stock-out" />` : html`<rect key=${item.date} x=${index * step} width=${step * 0.72} y=${HEIGHT - (item.fulfillable / top) * (HEIGHT - 8)} height=${(item.fulfillable / top) * (HEIGHT - 8)} class="stock-bar" />`)}</svg>
    <figcaption><span>${day(days[0].date)}</span><span>Most: ${count(top)} units · mark below the line: nothing to sell · blank: nobody looked</span><span>${day(days[days.length - 1].date)}</span></figcaption></figure>`;
}

function DaysTable({ days }) {
  return html`<details class="more"><summary>Show the days as a table</summary><div class="table-wrap days-table" tabindex="0" role="region" aria-label="Stock a day, as a table"><table><thead><tr><th>Day</th>${PARTS.map(([key, label]) => html`<th key=${key} class="number">${label}</th>`)}</tr></thead><tbody>${[...days].reverse().map((item) => html`<tr key=${item.date}><td>${day(item.date, { weekday: true })}</td>${PARTS.map(([key]) => html`<td key=${key} class="number">${item[key] === null ? "–" : count(item[key])}</td>`)}</tr>`)}</tbody></table></div></details>`;
}

export function Screen() {
  const { query } = place.value;
  const asked = { connection_id: query.get("connection_id") ?? "", marketplace_id: query.get("marketplace_id") ?? "", seller_sku: query.get("seller_sku") ?? "" };
  const { data, problem, reload } = useResource(`position:${Object.values(asked).join("|")}`, (signal) => get("inventory/position", { query: asked, signal }), { every: 60_000 });
  const crumb = html`<${Link} to="/stock"><${Icon} name="back" size=${14} />Stock<//>`;
  if (problem && !data) {
    if (problem.status === 404 || problem.status === 400) return html`<${PageHead} crumb=${crumb} title="No such stock" /><div class="card" key="missing"><${Empty} icon="stock" title="Amazon tells of no stock of this SKU there" action=${html`<${ButtonLink} to="/stock">All stock<//>`}>It may have been removed, or it is sold in another marketplace.<//></div>`;
    return html`<${PageHead} crumb=${crumb} title=${asked.seller_sku} /><${ProblemNotice} problem=${problem} retry=${reload} />`;
  }
  if (!data) return html`<${PageHead} waiting crumb=${crumb} title=${asked.seller_sku} about=${html`<${Bone} width="24ch" />`} /><div class="stack" key="wait" role="status" aria-label="Loading the stock"><div class="card bone-card"></div></div>`;
  const { line } = data;
  const exportCsv = () => downloadCsv(`quayside-stock-${line.seller_sku}.csv`, ["day", ...PARTS.map(([key]) => key)], data.days.map((item) => [item.date, ...PARTS.map(([key]) => item[key])]));
  return html`<${PageHead} crumb=${crumb} title=${line.title ?? line.seller_sku} about=${html`${[line.seller_sku, line.asin, nameOf(line.marketplace_id)].filter(Boolean).join(" · ")} · up to date <${Ago} at=${data.as_of} />`}><${Button} onClick=${exportCsv}><${Icon} name="download" />CSV of the days<//><//>
    ${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact />` : null}
    <div class="stack"><div class="tiles"><${Tile} hero label="Days of cover" figure=${data.days_of_cover} /><${Tile} label="Days without stock, of 90" figure=${data.days_without} />${data.aged.map((figure) => html`<${Tile} key=${figure.method.id} label=${`${figure.method.title}, units`} figure=${figure} />`)}</div>
      <div class="order-grid"><${Card} title="What could be sold, day by day"><div class="card-body"><${Days} days=${data.days} /><${DaysTable} days=${data.days} /></div><//>
        <div class="stack"><${Card} title="At Amazon now" end=${html`<${Standing} standing=${line.standing} />`}><div class="card-body"><dl class="facts">${STATES.map(([key, label]) => html`<dt key=${key}>${label}</dt><dd class="number">${count(line[key])}</dd>`)}</dl></div><//>
          <${Card} title="Own stock for this marketplace" end=${html`<${Link} to="/stock/own">Enter a movement<//>`}><div class="card-body">${data.own_stock.length ? html`<dl class="facts">${data.own_stock.map((held) => html`<dt key=${held.location_id}>${held.name}</dt><dd class="number">${count(held.units)}</dd>`)}</dl>` : html`<p class="fine">None is entered. What you keep yourself counts once it is.</p>`}${data.linked_marketplace_ids.length > 1 ? html`<p class="fine">By your choice, stock is shared among ${data.linked_marketplace_ids.map(nameOf).join(", ")}.</p>` : null}</div><//></div></div></div>`;
}
