// What the screens of restock share: the state of a plan in words, and how a quantity reads.
import { html } from "../app/lib.js";
import { State } from "../app/components.js";
import { count } from "../app/format.js";

const STATUSES = { order_now: ["bad", "Order now"], order_soon: ["warn", "Order soon"], enough: ["good", "Enough"], overstock: ["", "Too much"], unknown: ["off", "Unknown"] };
const URGENCY = ["order_now", "order_soon", "enough", "overstock"];
export const STATUS_OPTIONS = [{ value: "", label: "Every state" }, ...URGENCY.map((value) => ({ value, label: STATUSES[value][1] }))];

/** How a SKU stands: by the more urgent of both plans. */
export const standing = (line) => (line.send && line.buy ? URGENCY.find((each) => each === line.send.status || each === line.buy.status) : "unknown");

export function PlanState({ status }) {
  const [kind, words] = STATUSES[status];
  return html`<${State} kind=${kind}>${words}<//>`;
}

/** What Amazon itself would send, in a few words. */
export const amazonsWord = (advice) => (advice.quantity === null ? "Amazon: no quantity" : `Amazon: ${count(advice.quantity)}`);

/** The day that comes first of both plans; "" when neither has one. */
export const orderBy = (line) => [line.send?.order_by, line.buy?.order_by].filter(Boolean).sort()[0] ?? "";
export const share = (value) => (value === null || value === undefined ? "–" : `${(value * 100).toFixed(0).replace(/^-0$/, "0").replace("-", "−")} %`);
