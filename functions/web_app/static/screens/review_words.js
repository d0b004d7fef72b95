// What the states of a review request are called, and how they look.
import { html } from "../app/lib.js";
import { State } from "../app/components.js";

const STATES = { waiting: ["busy", "Waiting"], sending: ["busy", "On its way"], sent: ["good", "Sent"], tested: ["off", "Tested"], skipped: ["off", "Skipped"], unclear: ["warn", "Unclear"] };
const RULES = {
  do_not_solicit: "Do-not-solicit list", cancelled: "Cancelled", replacement: "Replacement", shipped: "Shipped", delivery_dates: "Delivery dates", campaign: "Campaign", price: "Price", refunded: "Refunded", returned: "Returned", late: "Shipped late", order_age: "Age of the order", window: "Amazon's window", hour: "Hour of the day", paused: "Paused", amazon: "Amazon's answer",
};
export const VERDICTS = { passed: ["good", "Passed"], waits: ["busy", "Waits"], excluded: ["bad", "Left out"] };
export const STATE_OPTIONS = [{ value: "", label: "Everything" }, ...Object.entries(STATES).map(([value, [, label]]) => ({ value, label }))];

export const ruleWords = (rule) => RULES[rule] ?? rule;

/** The state of a request, in a word with a shape. */
export function RequestState({ state }) {
  const [kind, label] = STATES[state] ?? ["", state];
  return html`<${State} kind=${kind}>${label}<//>`;
}

const CAMPAIGN = { on: ["good", "On"], test: ["warn", "Test"], off: ["off", "Off"] };

/** Whether a campaign sends. */
export function CampaignState({ state }) {
  const [kind, label] = CAMPAIGN[state];
  return html`<${State} kind=${kind}>${label}<//>`;
}
