import { html } from "../app/lib.js";
import { State } from "../app/components.js";
import { count, durationWords } from "../app/format.js";

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

/** How far the history of a connection is, while it is read; null otherwise. */
export const historyProgress = (connection) => connection.datasets.find((dataset) => dataset.progress)?.progress ?? null;

/** The steps of connecting, the running history with its progress. */
export function withProgress(connection) {
  return connection.steps.map((step) => (step.key === "history" && step.state === "running" ? { ...step, progress: historyProgress(connection) } : step));
}

/** "4,210 of about 51,000 orders · about 2 h left". */
export function progressWords(progress, at) {
  const left = progress.estimated_finish_at ? (Date.parse(progress.estimated_finish_at) - at) / 1000 : 0;
  return `${count(progress.done)}${progress.total_estimate ? ` of about ${count(progress.total_estimate)}` : ""} ${progress.unit}${left > 0 ? ` · about ${durationWords(left)} left` : ""}`;
}
