// What the screens of the catalog share: how a listing stands in words, its place in the address, and the pages side by side.
import { html } from "../app/lib.js";
import { Link, State } from "../app/components.js";
import { count } from "../app/format.js";

const STANDINGS = { buyable: ["good", "Buyable"], discoverable: ["warn", "Found, not buyable"], suppressed: ["bad", "Suppressed"], inactive: ["off", "Inactive"], incomplete: ["warn", "Incomplete"], deleted: ["off", "Deleted"], unknown: ["off", "Unknown"] };
export const STANDING_OPTIONS = [{ value: "", label: "Every status" }, ...Object.entries(STANDINGS).map(([value, [, label]]) => ({ value, label }))];
export const ISSUE_OPTIONS = [{ value: "", label: "Issues or none" }, { value: "errors", label: "With errors" }, { value: "any", label: "With any issue" }, { value: "none", label: "Without issues" }];
export const STOCK_OPTIONS = [{ value: "", label: "Any stock" }, { value: "in", label: "In stock" }, { value: "out", label: "Out of stock" }];
export const SEVERITIES = { ERROR: ["bad", "Errors"], WARNING: ["warn", "Warnings"], INFO: ["off", "Notes"] };
const ACTIONS = { LISTING_SUPPRESSED: "nobody can buy it", SEARCH_SUPPRESSED: "the search does not show it", CATALOG_ITEM_REMOVED: "the product was taken from the catalog", ATTRIBUTE_SUPPRESSED: "the value is not shown" };

/** What Amazon does about an issue, in words. */
export const actionWords = (actions) => actions.map((action) => ACTIONS[action] ?? action).join(", ");

/** Whether customers can buy a listing, in a word with a shape. */
export function ListingState({ standing }) {
  const [kind, words] = STANDINGS[standing] ?? ["off", standing];
  return html`<${State} kind=${kind}>${words}<//>`;
}

/** The size of a package, "20 × 15 × 8 cm"; a dash when none of it is known. */
export function packageWords({ length_mm: length, width_mm: width, height_mm: height, weight_g: weight }) {
  const size = [length, width, height].every((side) => side !== null) ? `${[length, width, height].map((side) => count(Math.round(side / 10))).join(" × ")} cm` : "";
  const mass = weight === null ? "" : weight < 1000 ? `${count(weight)} g` : `${count(Math.round(weight / 100) / 10)} kg`;
  return [size, mass].filter(Boolean).join(", ") || "–";
}

/** Where a listing is in addresses. */
export const placeOf = ({ connection_id, marketplace_id, seller_sku }) => ({ connection_id, marketplace_id, seller_sku });

const TABS = [["/catalog", "Listings"], ["/catalog/issues", "Issues"], ["/catalog/brands", "Brands"], ["/catalog/files", "Bulk changes"]];

/** The pages of the catalog, side by side. */
export function CatalogTabs({ here }) {
  return html`<nav class="page-tabs" aria-label="Catalog">${TABS.map(([path, label]) => html`<${Link} key=${path} to=${path} aria-current=${path === here ? "page" : undefined}>${label}<//>`)}</nav>`;
}
