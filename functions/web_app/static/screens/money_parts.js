// What the screens of money share: the waterfall from sales to profit, and the table of its lines.
import { html } from "../app/lib.js";
import { Link, Notice } from "../app/components.js";
import { InlineFigure, Tile } from "../app/figures.js";
import { decimals, money, plural } from "../app/format.js";

/** Whole minor units as a plain number for a spreadsheet. */
export const plain = (minor, currency) => (minor === null || minor === undefined ? "" : (minor / 10 ** decimals(currency)).toFixed(decimals(currency)));

/** The address of a product's page. */
export const productPath = (marketplaceId, sku) => `/products/${encodeURIComponent(marketplaceId)}/${encodeURIComponent(sku)}`;

/** The figures between proceeds and profit, in order; none while costs can't be worked out. */
export const COST_STEPS = [["goods", "Cost of goods sold"], ["others", "Other costs"]];

/** From sales to proceeds and on to profit: each heading is a bar that begins where the one before ended. */
export function Waterfall({ headings, proceeds, result, currency }) {
  let at = 0;
  const step = (key, label, figure) => {
    const from = at;
    at += figure.value ?? 0;
    return { key, label, figure, low: Math.min(from, at), high: Math.max(from, at), down: (figure.value ?? 0) < 0 };
  };
  const total = (key, label, figure) => ({ key, label, figure, low: Math.min(0, figure.value ?? 0), high: Math.max(0, figure.value ?? 0), down: (figure.value ?? 0) < 0, total: true });
  const steps = headings.filter((heading) => heading.is_proceeds).map((heading) => step(heading.group, heading.label, heading.total));
  steps.push(total("proceeds", "Proceeds", proceeds));
  if (result) {
    steps.push(...COST_STEPS.map(([key, label]) => step(key, label, result[key])), total("profit", "Profit", result.profit));
  }
  const lowest = Math.min(0, ...steps.map((each) => each.low));
  const room = Math.max(1, ...steps.map((each) => each.high)) - lowest;
  return html`<ul class="waterfall" aria-label=${`From sales to ${result ? "profit" : "proceeds"}, in ${currency}`}>${steps.map((each) => html`<li key=${each.key} class=${`${each.down ? "down" : "up"} ${each.total ? "total" : ""}`}><span class="waterfall-label">${each.label}</span>
    <span class="waterfall-track" aria-hidden="true"><span style=${{ transform: `translateX(${((each.low - lowest) / room) * 100}%) scaleX(${(each.high - each.low) / room})` }}></span></span><${InlineFigure} title=${each.label} figure=${each.figure} /></li>`)}</ul>`;
}

/** Profit, margin and return on investment. */
export function ProfitTiles({ result, against }) {
  return html`<div class="tiles three"><${Tile} hero label="Profit" figure=${result.profit} previous=${result.previous_profit_minor} against=${against} /><${Tile} label="Margin" figure=${result.margin} /><${Tile} label="Return on investment" figure=${result.roi} /></div>`;
}

/** What profit lacks as long as some units have no cost. */
export function Uncosted({ result }) {
  if (!result?.uncosted_units) return null;
  const all = result.profit.value === null;
  return html`<${Notice} kind="warn" title=${`${plural(result.uncosted_units, "unit")} shipped ${result.uncosted_units === 1 ? "has" : "have"} no cost`} actions=${html`<${Link} to="/costs">Enter costs and rates<//>`}><p>${all ? "Profit is not known before their cost is entered, with a rate where it is in another currency." : "Their cost is missing, so profit is shown too high, and margin and return are not worked out."}</p><//>`;
}

/** How an amount compares with the one before: in words of money, for a share of a fee says little. */
export function Change({ minor, previous, currency }) {
  if (previous === null || previous === undefined) return html`<span class="fine">–</span>`;
  const change = minor - previous;
  return html`<span class="fine">${change === 0 ? "same" : `${change > 0 ? "+" : ""}${money(change, currency)}`}</span>`;
}
