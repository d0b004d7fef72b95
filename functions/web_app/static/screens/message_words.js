// What the states of a message to a buyer are called, and how they look.
import { html } from "../app/lib.js";
import { State } from "../app/components.js";
import { fileSize } from "../app/format.js";

const STATES = { waiting: ["busy", "Waiting"], sending: ["busy", "On its way"], sent: ["good", "Sent"], refused: ["bad", "Not sent"], unclear: ["warn", "Unclear"], withdrawn: ["off", "Taken back"], expired: ["off", "Too late"] };
export const STATE_OPTIONS = [{ value: "", label: "Everything" }, ...Object.entries(STATES).map(([value, [, label]]) => ({ value, label }))];

/** The state of a message, in a word with a shape. */
export function MessageState({ state }) {
  const [kind, label] = STATES[state] ?? ["", state];
  return html`<${State} kind=${kind}>${label}<//>`;
}

/** That a file went with a message; its name is among the words. */
export const fileWords = (bytes) => `With a file of ${fileSize(bytes)}.`;

/** A language tag in words: "English (US)". */
export function languageOf(tag) {
  if (!tag) return null;
  try {
    return new Intl.DisplayNames("en", { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}
