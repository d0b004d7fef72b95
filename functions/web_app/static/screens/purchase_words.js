// What the screens of purchasing have in common: their places, their words, and papers that are handed over.
import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { Link, State } from "../app/components.js";
import { place } from "../app/router.js";
import { toast } from "../app/shell.js";

const STATES = {
  draft: ["off", "Draft"], approved: ["busy", "Approved"], sent: ["busy", "Sent"], confirmed: ["busy", "Confirmed"], in_production: ["busy", "In production"],
  partially_received: ["warn", "Partially received"], received: ["good", "Received"], closed: ["good", "Closed"], cancelled: ["off", "Cancelled"],
};

export const STATE_OPTIONS = [{ value: "", label: "All states" }, ...Object.entries(STATES).map(([value, [, label]]) => ({ value, label }))];

export function PurchaseState({ state }) {
  const [kind, words] = STATES[state] ?? ["", state];
  return html`<${State} kind=${kind}>${words}<//>`;
}

export const EVENTS = { draft: "Drafted", amend: "Amended", approve: "Approved", reopen: "Back to draft", send: "Sent", confirm: "Confirmed", start_production: "Production started", receive: "Goods received", receipt_taken_back: "Receipt taken back", posted: "Stock and cost lots brought up", close: "Closed", cancel: "Cancelled", charge: "Charge shared out", charge_taken_back: "Charge taken back", paid: "Paid", payment_taken_back: "Payment taken back" };
export const CHARGES = { freight: "Freight", duty: "Duty and import tax", insurance: "Insurance", inspection: "Inspection", customs: "Customs clearance", prep: "Preparation", storage: "Storage", other: "Other" };
export const WAITS = { sent: "once the order is sent", confirmed: "once it is confirmed", received: "once goods arrive" };

/** The places of purchasing, each with an address of its own. */
export function PurchaseViews() {
  const at = place.value.path;
  const here = (path) => (path === "/purchases" ? at === path : at.startsWith(path));
  return html`<nav class="views" aria-label="Parts of Purchasing"><ul>${[["/purchases", "Orders"], ["/purchases/payments", "Payments"], ["/purchases/suppliers", "Suppliers"], ["/purchases/settings", "Limits"]].map(([path, label]) => html`<li key=${path}><${Link} to=${path} aria-current=${here(path) ? "page" : undefined}>${label}<//></li>`)}</ul></nav>`;
}

/** An id that this browser makes, so that what is sent twice is one. */
export const newId = () => crypto.randomUUID();

/** A labelled text of several lines. */
export function Area({ label, name, hint, value, problem, onInput }) {
  return html`<div class="field"><label for=${name}>${label}</label>${hint ? html`<span class="hint" id=${`${name}-hint`}>${hint}</span>` : null}${problem ? html`<span class="problem" id=${`${name}-problem`}>${problem}</span>` : null}
    <textarea id=${name} name=${name} class="input area" rows="3" aria-invalid=${problem ? "true" : undefined} aria-describedby=${[hint ? `${name}-hint` : "", problem ? `${name}-problem` : ""].filter(Boolean).join(" ") || undefined} value=${value} onInput=${(event) => onInput(event.currentTarget.value)}></textarea></div>`;
}

/** Terms of payment in words. */
export function termsWords(terms) {
  const rest = `${terms.balance_days} days ${WAITS[terms.balance_due]}`;
  if (!terms.deposit_percent) return `All ${rest}`;
  return `${terms.deposit_percent} % deposit, ${terms.deposit_percent < 100 ? `the rest ${rest}` : "nothing after"}`;
}

/** Fetch a paper and hand it over as a file. */
export async function handOver(path) {
  try {
    const paper = await get(path);
    const bytes = Uint8Array.from(atob(paper.base64), (character) => character.charCodeAt(0));
    const address = URL.createObjectURL(new Blob([bytes], { type: paper.media_type }));
    const link = document.createElement("a");
    link.href = address;
    link.download = paper.name;
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(address), 1000);
  } catch (error) {
    toast([error.title, error.detail].filter(Boolean).join(". "));
  }
}
