// What the sync screens say: Amazon's and our own codes in a seller's words. A code we do not know yet is shown as it is.
import { html } from "../app/lib.js";
import { State } from "../app/components.js";
import { count, durationWords, moment, sentence } from "../app/format.js";

const CAUSES = { notification: "Amazon told us of a change", schedule: "planned check", member: "a member asked", connect: "first reading", retry: "another try", operator: "an operator asked" };
const OUTCOMES = { done: ["good", "Done"], nothing_new: ["off", "Nothing new"], retries: ["warn", "Tries again"], refused: ["bad", "Refused"], stopped: ["off", "Stopped"], gave_up: ["bad", "Gave up"] };
const REPORTS = { planned: ["off", "Planned"], requested: ["busy", "Asked for"], waiting: ["busy", "Amazon makes it"], ready: ["busy", "Ready"], collected: ["busy", "Stored"], loading: ["busy", "Loading"], loaded: ["good", "Loaded"], empty: ["off", "No data"], failed: ["bad", "Failed"] };
const WORKING = new Set(["requested", "waiting", "ready", "collected", "loading"]);

const plain = (text) => sentence(String(text ?? "").replaceAll("_", " ").toLowerCase());

export const causeWords = (cause) => CAUSES[cause] ?? plain(cause);

export function Outcome({ outcome }) {
  const [kind, words] = OUTCOMES[outcome] ?? ["", plain(outcome)];
  return html`<${State} kind=${kind}>${words}<//>`;
}

export function ReportState({ state }) {
  const [kind, words] = REPORTS[state] ?? ["", plain(state)];
  return html`<${State} kind=${kind}>${words}<//>`;
}

/** Whether a report is on its way, so that a look in a few seconds is worth it. */
export const isWorking = (state) => WORKING.has(state);

/** "Search orders" for `searchOrders`, with or without its API in front. */
export function operationWords(operation) {
  const words = operation.split(".").pop().replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  return sentence(words);
}

/** How often Amazon allows a call: "one every 3 min", "2 a second". */
export function rateWords(perSecond) {
  const rate = Number(perSecond);
  if (!(rate > 0)) return "not known yet";
  if (rate >= 0.95) return `${count(Math.round(rate * 10) / 10)} a second`;
  const seconds = 1 / rate;
  return seconds < 89.5 ? `one every ${count(Math.round(seconds))} s` : `one every ${durationWords(seconds)}`;
}

/** When something comes: "in 13 min", "any moment now". */
export function untilWords(iso, at) {
  const seconds = (Date.parse(iso) - at) / 1000;
  return seconds < 20 ? "any moment now" : seconds < 60 ? "in less than a minute" : `in ${durationWords(seconds)}`;
}

/** How long something took. */
export function tookWords(from, to) {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  if (!(seconds >= 0)) return "";
  return seconds < 1 ? "under a second" : seconds < 90 ? `${Math.round(seconds)} s` : durationWords(seconds);
}

/** A size as people say it. */
export function sizeWords(bytes) {
  if (bytes < 1000) return `${count(bytes)} bytes`;
  const steps = ["kB", "MB", "GB"];
  let value = bytes;
  let step = -1;
  while (value >= 1000 && step < steps.length - 1) {
    value /= 1000;
    step += 1;
  }
  return `${count(value < 10 ? Math.round(value * 10) / 10 : Math.round(value))} ${steps[step]}`;
}

/** From one moment to another, in days: "1 Oct to 31 Oct 2026". */
export function stretchWords(from, to) {
  const day = (iso, options) => new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short", ...options }).format(new Date(iso));
  if (!from && !to) return "all there is";
  if (!from || !to) return day(from || to, { year: "numeric" });
  const sameYear = from.slice(0, 4) === to.slice(0, 4);
  return from.slice(0, 10) === to.slice(0, 10) ? day(from, { year: "numeric" }) : `${day(from, sameYear ? {} : { year: "numeric" })} to ${day(to, { year: "numeric" })}`;
}

/** How far a history is, as far as anyone can honestly say. */
export function historyWords(progress, at) {
  const parts = [];
  if (progress.windows_total) parts.push(`${count(progress.windows_done ?? 0)} of ${count(progress.windows_total)} parts read, the newest asked for first`);
  parts.push(`${count(progress.done)}${progress.total_estimate ? ` of about ${count(progress.total_estimate)}` : ""} ${progress.unit}`);
  const left = progress.estimated_finish_at ? (Date.parse(progress.estimated_finish_at) - at) / 1000 : null;
  parts.push(left === null ? "too early to say when it ends" : left > 0 ? `about ${durationWords(left)} left at the pace so far, until ${moment(progress.estimated_finish_at)}` : "about to end");
  return parts.join(" · ");
}
