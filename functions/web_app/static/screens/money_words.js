// What the screens of money have in common: their places and their words.
import { html } from "../app/lib.js";
import { Link, State } from "../app/components.js";
import { money } from "../app/format.js";
import { place } from "../app/router.js";

export const amount = (value) => (value ? money(value.amount_minor, value.currency) : html`<span class="fine">–</span>`);

const STATES = { reconciled: ["good", "Reconciled"], explained: ["warn", "Explained by line"], unexplained: ["bad", "Not explained"], loading: ["busy", "Being read"] };

export function SettlementState({ state }) {
  const [kind, words] = STATES[state];
  return html`<${State} kind=${kind}>${words}<//>`;
}

/** The two places of money, each with an address of its own. */
export function MoneyViews() {
  const at = place.value.path;
  return html`<nav class="views" aria-label="Parts of Money"><ul>${[["/settlements", "Settlements"], ["/costs", "Costs"]].map(([path, label]) => html`<li key=${path}><${Link} to=${path} aria-current=${at === path ? "page" : undefined}>${label}<//></li>`)}</ul></nav>`;
}
