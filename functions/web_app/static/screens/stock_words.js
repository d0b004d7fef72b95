// What the screens of stock share: sums of a position, its standing in words, and the way from one to the other.
import { html } from "../app/lib.js";
import { Link, State } from "../app/components.js";

const sum = (position, ...names) => names.reduce((total, name) => total + (position[name] ?? 0), 0);
export const inbound = (position) => sum(position, "inbound_working", "inbound_shipped", "inbound_receiving");
export const reserved = (position) => sum(position, "reserved_transfer", "reserved_processing", "reserved_customer_orders");

const STANDINGS = { sellable: ["good", "Can be sold"], on_the_way: ["warn", "Out, more on the way"], reserved: ["warn", "All reserved"], out: ["bad", "Out of stock"] };
export const STANDING_OPTIONS = [{ value: "", label: "Every standing" }, ...Object.entries(STANDINGS).map(([value, [, label]]) => ({ value, label }))];

export function Standing({ standing }) {
  const [kind, words] = STANDINGS[standing];
  return html`<${State} kind=${kind}>${words}<//>`;
}

const TABS = [["/stock", "At Amazon"], ["/stock/own", "Own stock"], ["/stock/restock", "Restock"]];

/** The pages about stock, side by side. */
export function StockTabs({ here }) {
  return html`<nav class="page-tabs" aria-label="Stock">${TABS.map(([path, label]) => html`<${Link} key=${path} to=${path} aria-current=${path === here ? "page" : undefined}>${label}<//>`)}</nav>`;
}
