// What the screens of money share: the waterfall from sales to proceeds, and the table of its lines.
import { html } from "../app/lib.js";
import { decimals, money } from "../app/format.js";
import { InlineFigure } from "../app/figures.js";

/** Whole minor units as a plain number for a spreadsheet. */
export const plain = (minor, currency) => (minor === null || minor === undefined ? "" : (minor / 10 ** decimals(currency)).toFixed(decimals(currency)));

/** The address of a product's page. */
export const productPath = (marketplaceId, sku) => `/products/${encodeURIComponent(marketplaceId)}/${encodeURIComponent(sku)}`;

/** From sales to proceeds: each heading is a bar that begins where the one before ended. */
export function Waterfall({ headings, proceeds, currency }) {
  let at = 0;
  const steps = headings.filter((heading) => heading.is_proceeds).map((heading) => {
    const from = at;
    at += heading.total.value ?? 0;
    return { key: heading.group, label: heading.label, figure: heading.total, low: Math.min(from, at), high: Math.max(from, at), down: (heading.total.value ?? 0) < 0 };
  });
  steps.push({ key: "proceeds", label: "Proceeds", figure: proceeds, low: Math.min(0, at), high: Math.max(0, at), down: at < 0, total: true });
  const lowest = Math.min(0, ...steps.map((step) => step.low));
  const room = Math.max(1, ...steps.map((step) => step.high)) - lowest;
  return html`<ul class="waterfall" aria-label=${`From sales to proceeds, in ${currency}`}>${steps.map((step) => html`<li key=${step.key} class=${`${step.down ? "down" : "up"} ${step.total ? "total" : ""}`}><span class="waterfall-label">${step.label}</span>
    <span class="waterfall-track" aria-hidden="true"><span style=${{ transform: `translateX(${((step.low - lowest) / room) * 100}%) scaleX(${(step.high - step.low) / room})` }}></span></span><${InlineFigure} title=${step.label} figure=${step.figure} /></li>`)}</ul>`;
}

/** How an amount compares with the one before: in words of money, for a share of a fee says little. */
export function Change({ minor, previous, currency }) {
  if (previous === null || previous === undefined) return html`<span class="fine">–</span>`;
  const change = minor - previous;
  return html`<span class="fine">${change === 0 ? "same" : `${change > 0 ? "+" : ""}${money(change, currency)}`}</span>`;
}
