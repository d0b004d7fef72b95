import { html } from "../app/lib.js";
import { State } from "../app/components.js";
import { durationWords } from "../app/format.js";

const STATUS = { authorising: ["busy", "Connecting"], connected: ["good", "Connected"], failed: ["bad", "Not connected"], disconnecting: ["busy", "Disconnecting"], disconnected: ["off", "Disconnected"], revoked: ["bad", "Permission withdrawn"] };
const DATASET = { fresh: ["good", "Up to date"], late: ["warn", "Late"], failing: ["bad", "Failing"], waiting: ["off", "Waiting"], off: ["off", "Off"] };

export const REGIONS = { NA: "North America", EU: "Europe", FE: "Far East" };

export function ConnectionState({ status }) {
  const [kind, words] = STATUS[status] ?? ["", status];
  return html`<${State} kind=${kind}>${words}<//>`;
}

export function DatasetState({ state }) {
  const [kind, words] = DATASET[state] ?? ["", state];
  return html`<${State} kind=${kind}>${words}<//>`;
}

/** A freshness objective in words: "within 5 min". */
export const objective = (seconds) => `within ${durationWords(seconds)}`;
