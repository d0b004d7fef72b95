import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { Age, Ago, Button, Card, Empty, Icon, Notice, PageHead, ProblemNotice, Segmented, Select, Views } from "../app/components.js";
import { Delta, InlineFigure, Tile } from "../app/figures.js";
import { count, day, dayRange, money, percent, sentence } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { brandOptions, useBrands } from "./brand_words.js";
import { marketplaceOptions, useMarketplaces } from "./marketplaces.js";
import { Change, plain, ProfitTiles, Uncosted, Waterfall } from "./money_parts.js";
import { downloadCsv } from "./paging.js";
import { beforeWords, PeriodChoice, usePeriod } from "./periods.js";

const BY = [{ value: "total", label: "Total" }, { value: "month", label: "Months" }, { value: "week", label: "Weeks" }, { value: "day", label: "Days" }];
const columnName = (column) => (column.from === column.to ? day(column.from) : dayRange(column.from, column.to));
const reasonWords = (reason) => (reason === "NOT_STATED" ? "No reason given" : sentence(reason.replaceAll("_", " ").toLowerCase()));

function exportTable(data, table) {
  const columns = data.columns.map((column) => `${column.from} to ${column.to}`);
  const rows = table.headings.flatMap((heading) => heading.lines.map((line) => [heading.label, line.label, ...line.amounts_minor.map((minor) => plain(minor, table.currency)), plain(line.total_minor, table.currency), plain(line.previous_minor, table.currency), table.currency]));
  rows.push(["Proceeds", "", ...table.proceeds_minor.map((minor) => plain(minor, table.currency)), plain(table.proceeds.value, table.currency), plain(table.previous_proceeds_minor, table.currency), table.currency]);
  const { result } = table;
  const row = (heading, line, amounts, total, previous) => rows.push([heading, line, ...amounts.map((minor) => plain(minor, table.currency)), plain(total, table.currency), plain(previous, table.currency), table.currency]);
  if (result) {
    row("Cost of goods sold", "", result.goods_minor, result.goods.value, null);
    result.other_lines.forEach((line) => row("Other costs", line.is_whole ? line.name : `${line.name} (in part: no rate for some days)`, line.amounts_minor, line.total_minor, null));
    row("Profit", result.uncosted_units ? `without the cost of ${result.uncosted_units} units` : "", result.profit_minor, result.profit.value, result.previous_profit_minor);
  }
  downloadCsv(`quayside-profit-${data.brand ? `${data.brand.name.replace(/[^\p{L}\p{N}]+/gu, "-")}-` : ""}${data.period.from}-${data.period.to}-${table.currency}.csv`, ["heading", "line", ...columns, "total", "period_before", "currency"], rows);
}

/** The rows from proceeds to profit. */
function ResultRows({ result, currency, amounts }) {
  const none = html`<td class="number"><span class="fine">–</span></td>`;
  return html`<tbody><tr class="heading"><th scope="row">Cost of goods sold</th>${amounts(result.goods_minor)}<td class="number"><${InlineFigure} title="Cost of goods sold" figure=${result.goods} /></td>${none}</tr>
      <tr class="heading"><th scope="row">Other costs</th>${amounts(result.other_minor)}<td class="number"><${InlineFigure} title="Other costs" figure=${result.others} /></td>${none}</tr>
      ${result.other_lines.map((line) => html`<tr key=${line.name}><td class="line">${line.name}${line.is_whole ? "" : html`<small>in part: no rate for some days</small>`}</td>${amounts(line.amounts_minor)}<td class="number">${money(line.total_minor, currency)}</td>${none}</tr>`)}</tbody>
    <tbody><tr class="grand"><th scope="row">Profit</th>${amounts(result.profit_minor)}<td class="number"><${InlineFigure} title="Profit" figure=${result.profit} /></td><td class="number">${result.profit.value === null ? html`<span class="fine">–</span>` : html`<${Change} minor=${result.profit.value} previous=${result.previous_profit_minor} currency=${currency} />`}</td></tr></tbody>`;
}

function Table({ data, table }) {
  const { currency } = table;
  const parts = data.columns.length > 1;
  const amounts = (values) => (parts ? values.map((minor, at) => html`<td key=${at} class="number">${minor ? money(minor, currency) : "–"}</td>`) : null);
  return html`<${Card} title="Profit and loss" label=${`Profit and loss, ${currency}`} about=${`${currency}, by the day Amazon posted it`} end=${html`<${Button} kind="small" onClick=${() => exportTable(data, table)}><${Icon} name="download" />CSV<//>`}>
    <div class="table-wrap" tabindex="0" role="region" aria-label=${`Profit and loss in ${currency}, as a table`}><table class="profit-table"><thead><tr><th>Line</th>${parts ? data.columns.map((column) => html`<th key=${column.from} class="number">${columnName(column)}</th>`) : null}<th class="number">Total</th><th class="number">Change</th></tr></thead>
    ${table.headings.map((heading) => html`<tbody key=${heading.group}><tr class="heading"><th scope="row">${heading.label}${heading.is_proceeds ? "" : html`<small>not part of the proceeds</small>`}</th>${amounts(heading.amounts_minor)}<td class="number"><${InlineFigure} title=${heading.label} figure=${heading.total} /></td><td class="number"><${Change} minor=${heading.total.value ?? 0} previous=${heading.previous_minor} currency=${currency} /></td></tr>
      ${heading.lines.map((line) => html`<tr key=${line.kind}><td class="line">${line.label}</td>${amounts(line.amounts_minor)}<td class="number">${money(line.total_minor, currency)}</td><td class="number"><${Change} minor=${line.total_minor} previous=${line.previous_minor} currency=${currency} /></td></tr>`)}</tbody>`)}
    <tbody><tr class="grand"><th scope="row">Proceeds</th>${amounts(table.proceeds_minor)}<td class="number"><${InlineFigure} title="Proceeds" figure=${table.proceeds} /></td><td class="number"><${Change} minor=${table.proceeds.value ?? 0} previous=${table.previous_proceeds_minor} currency=${currency} /></td></tr></tbody>${table.result ? html`<${ResultRows} result=${table.result} currency=${currency} amounts=${amounts} />` : null}</table></div><//>`;
}

function Profit({ asked, marketplaceId, brand }) {
  const by = BY.some((item) => item.value === place.value.query.get("by")) ? place.value.query.get("by") : "total";
  const { data, problem, reload } = useResource(`profit:${asked.key}:${by}:${marketplaceId}:${brand}`, (signal) => get("analytics/profit", { query: { ...asked.params, by, marketplace_id: marketplaceId, brand }, signal }), { every: 60_000 });
  if (!data) return problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : html`<div class="stack" role="status" aria-label="Loading profit and loss"><div class="card bone-card"></div></div>`;
  return html`${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact />` : null}
    <p class="about-line">${dayRange(data.period.from, data.period.to)} · ${data.as_of ? html`money up to date <${Ago} at=${data.as_of} />` : "No transactions read yet"}<${Segmented} label="Columns" value=${data.by} onChange=${(value) => setQuery({ by: value === "total" ? "" : value }, { replace: true })} options=${BY} /></p>
    ${data.brand ? html`<p class="fine">${data.brand.note}</p>` : null}
    ${data.notes.map((note) => html`<${Notice} key=${note} title="Not everything is here"><p>${note}</p><//>`)}
    ${data.currencies.length ? data.currencies.map((table) => html`<section key=${table.currency} class="stack" aria-label=${`Money in ${table.currency}`}>${table.result ? html`<${ProfitTiles} result=${table.result} against=${beforeWords(data.period.key)} /><${Uncosted} result=${table.result} />` : null}<${Card} title=${`From sales to ${table.result ? "profit" : "proceeds"}`} label=${`From sales to ${table.result ? "profit" : "proceeds"}, ${table.currency}`} about=${`${count(table.units_shipped)} units shipped, ${count(table.units_refunded)} refunded`} end=${html`<span class="fine">Proceeds <${Delta} value=${table.proceeds.value} previous=${table.previous_proceeds_minor} against=${beforeWords(data.period.key)} /></span>`}><div class="card-body tight"><${Waterfall} headings=${table.headings} proceeds=${table.proceeds} result=${table.result} currency=${table.currency} /><${Age} at=${table.proceeds.as_of} state=${table.proceeds.state} /></div><//><${Table} data=${data} table=${table} /></section>`)
      : html`<div class="card"><${Empty} icon="chart" title=${data.as_of ? "Amazon booked nothing in this period" : "No money was read yet"}>Money shows here once Amazon has posted it, a day or two after an order ships.<//></div>`}`;
}

function Returns({ asked }) {
  const { data, problem, reload } = useResource(`returns:${asked.key}`, (signal) => get("analytics/returns", { query: asked.params, signal }), { every: 60_000 });
  if (!data) return problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : html`<div class="stack" role="status" aria-label="Loading returns"><div class="card bone-card"></div></div>`;
  const largest = Math.max(1, ...data.reasons.map((item) => item.units));
  const total = data.units.value ?? 0;
  const csv = () => downloadCsv(`quayside-returns-${data.period.from}-${data.period.to}.csv`, ["reason", "units", "units_period_before"], data.reasons.map((item) => [item.reason, item.units, item.previous_units]));
  return html`${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact />` : null}<div class="tiles three"><${Tile} hero label="Units returned" figure=${data.units} previous=${data.reasons.every((item) => item.previous_units !== null) && data.reasons.length ? data.reasons.reduce((sum, item) => sum + item.previous_units, 0) : null} against=${beforeWords(data.period.key)} />
      ${data.refunds.map((item) => html`<${Tile} key=${item.currency} label=${`Refunds, ${item.currency}`} figure=${item.refunds} previous=${null} against="" />`)}</div>
    <${Card} title="Why units came back" about=${dayRange(data.period.from, data.period.to)} end=${data.reasons.length ? html`<${Button} kind="small" onClick=${csv}><${Icon} name="download" />CSV<//>` : null}>${data.reasons.length ? html`<div class="table-wrap"><table><thead><tr><th>Reason</th><th class="number">Units</th><th class="number">Share</th><th class="number">Before</th></tr></thead><tbody>${data.reasons.map((item) => html`<tr key=${item.reason}><td>${reasonWords(item.reason)}<span class="share" aria-hidden="true"><span style=${{ transform: `scaleX(${item.units / largest})` }}></span></span></td><td class="number">${count(item.units)}</td><td class="number">${total ? percent(item.units / total) : "–"}</td><td class="number">${item.previous_units === null ? "–" : count(item.previous_units)}</td></tr>`)}</tbody></table></div>` : html`<${Empty} icon="check" title="No unit came back in this period">Amazon tells returns once they reach its centres.<//>`}<//>
    ${data.refunds.map((item) => html`<${Card} key=${item.currency} title="What refunds are made of" label=${`What refunds are made of, ${item.currency}`} about=${`${item.currency}, ${count(item.units_refunded)} units`}><div class="table-wrap"><table><thead><tr><th>Line</th><th class="number">Amount</th><th class="number">Change</th></tr></thead><tbody>${item.lines.map((line) => html`<tr key=${line.kind}><td>${line.label}</td><td class="number">${money(line.total_minor, item.currency)}</td><td class="number"><${Change} minor=${line.total_minor} previous=${line.previous_minor} currency=${item.currency} /></td></tr>`)}</tbody></table></div><//>`)}`;
}

export function Screen() {
  const { query } = place.value;
  const view = query.get("view") === "returns" ? "returns" : "";
  const marketplaceId = view ? "" : (query.get("marketplace_id") ?? "");
  const brand = view ? "" : (query.get("brand") ?? "");
  const marketplaces = useMarketplaces();
  const brands = useBrands();
  const asked = usePeriod();
  return html`<${PageHead} title="Profit" about=${view ? "Returns name no marketplace, so all are shown" : "What Amazon booked, less what you entered as costs"}>${view ? null : html`<${Select} label="Marketplace" value=${marketplaceId} onChange=${(value) => setQuery({ marketplace_id: value }, { replace: true })} options=${marketplaceOptions(marketplaces)} /><${Select} label="Brand" value=${brand} onChange=${(value) => setQuery({ brand: value }, { replace: true })} options=${brandOptions(brands.data, brand)} />`}<${PeriodChoice} /><//>
    <${Views} path="/profit" current=${view} query=${asked.link} views=${[{ view: "", label: "Profit and loss" }, { view: "returns", label: "Refunds and returns" }]} /><div class="stack">${view ? html`<${Returns} asked=${asked} />` : html`<${Profit} asked=${asked} marketplaceId=${marketplaceId} brand=${brand} />`}</div>`;
}
