// Amazon's order states in a seller's words. A state we do not know yet is shown as Amazon writes it.
import { html } from "../app/lib.js";
import { State } from "../app/components.js";
import { sentence } from "../app/format.js";

const WORDS = {
  PENDING_AVAILABILITY: ["off", "Pre-order"],
  PENDING: ["off", "Pending"],
  UNSHIPPED: ["warn", "To ship"],
  PARTIALLY_SHIPPED: ["warn", "Partly shipped"],
  SHIPPED: ["good", "Shipped"],
  CANCELLED: ["bad", "Cancelled"],
  UNFULFILLABLE: ["bad", "Cannot be shipped"],
};

const plain = (text) => sentence(String(text).replaceAll("_", " ").toLowerCase());

export const statusWords = (status) => WORDS[status]?.[1] ?? plain(status);

export function OrderState({ status }) {
  return html`<${State} kind=${WORDS[status]?.[0] ?? ""}>${statusWords(status)}<//>`;
}

export const STATUS_OPTIONS = [{ value: "", label: "Any status" }, ...["PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED", "UNFULFILLABLE"].map((value) => ({ value, label: statusWords(value) }))];

/** Who ships an order. */
export const fulfilledBy = (value) => ({ AMAZON: "Amazon (FBA)", MERCHANT: "You (FBM)" })[value] ?? plain(value ?? "unknown");

/** Where facts came from, in words; an origin we have no words for is shown as it is stored. */
export function sourceWords(source) {
  const [, kind, name] = /^amazon:(notifications|orders|reports)\/?(.*)$/.exec(source) ?? [];
  if (kind === "notifications") return `Amazon's message ${name}`;
  if (kind === "reports") return "Amazon's order report";
  return kind === "orders" ? "Amazon's order list" : source;
}
