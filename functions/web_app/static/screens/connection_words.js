import { html } from "../app/lib.js";
import { State } from "../app/components.js";
import { count, durationWords, exactWords } from "../app/format.js";

const STATUS = { authorising: ["busy", "Connecting"], connected: ["good", "Connected"], failed: ["bad", "Not connected"], disconnecting: ["busy", "Disconnecting"], disconnected: ["off", "Disconnected"], revoked: ["bad", "Permission withdrawn"], erasing: ["busy", "Being erased"] };
const DATASET = { fresh: ["good", "Up to date"], late: ["warn", "Late"], failing: ["bad", "Failing"], waiting: ["off", "Waiting"], paused: ["off", "Paused"], off: ["off", "Off"] };

export const REGIONS = { NA: "North America", EU: "Europe", FE: "Far East" };

export function ConnectionState({ status }) {
  const [kind, words] = STATUS[status] ?? ["", status];
  return html`<${State} kind=${kind}>${words}<//>`;
}

export function DatasetState({ state }) {
  const [kind, words] = DATASET[state] ?? ["", state];
  return html`<${State} kind=${kind}>${words}<//>`;
}

/** How many kinds of data stand how, in a line: "8 up to date, 1 late". */
export function StateCounts({ datasets }) {
  const counts = Object.entries(DATASET).map(([state, [kind, words]]) => [datasets.filter((dataset) => dataset.state === state).length, kind, words.toLowerCase()]);
  return html`<span class="state-counts">${counts.filter(([number]) => number).map(([number, kind, words]) => html`<${State} key=${words} kind=${kind}>${number} ${words}<//>`)}</span>`;
}

/** A freshness objective in words: "within 5 min". */
export const objective = (seconds) => `within ${exactWords(seconds)}`;

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
