// The parts that both the sync page and its drawer are made of: freshness, history, reasons, actions, quota.
import { html } from "../app/lib.js";
import { Button, Icon, State } from "../app/components.js";
import { count, durationWords, exactWords, plural } from "../app/format.js";
import { arrivedAt, now } from "../app/resource.js";
import { may } from "../app/session.js";
import { historyWords, operationWords, rateWords, untilWords } from "./sync_words.js";

const STILL = new Set(["paused", "off"]);
/** What the whole track stands for, in objectives: the mark of the promise is at two thirds. */
const SCALE = 1.5;

/** How old the data is by now: what the server said, and the time since it said so. */
export const ageOf = (dataset, view) => (dataset.age_seconds === null || dataset.age_seconds === undefined ? null : dataset.age_seconds + Math.max(0, (now.value - arrivedAt(view)) / 1000));

/** Age against promise: a bar with the promise as a mark, and the same in words. */
export function Freshness({ dataset, view }) {
  const age = ageOf(dataset, view);
  const share = age === null || !dataset.objective_seconds ? 0 : Math.min(1, age / dataset.objective_seconds / SCALE);
  const over = age !== null && age > dataset.objective_seconds;
  const kind = STILL.has(dataset.state) ? "still" : over ? (dataset.state === "failing" ? "bad" : "warn") : "good";
  return html`<div class=${`freshness ${kind}`}><p><strong>${age === null ? "Not read yet" : age < 45 ? "Just now" : `${durationWords(age)} old`}</strong><span>${STILL.has(dataset.state) ? "stands still" : `promised ${exactWords(dataset.objective_seconds)}`}</span></p>
    <div class="freshness-track" aria-hidden="true"><span class="freshness-fill" style=${{ width: `${Math.max(age === null ? 0 : 1.5, share * 100)}%` }}></span><span class="freshness-mark"></span></div></div>`;
}

/** The history of a dataset while it is read: one cell for each part, the newest on the right. */
export function History({ progress }) {
  if (!progress) return null;
  const total = progress.windows_total ?? 0;
  const done = progress.windows_done ?? 0;
  const oldestFirst = [...(progress.windows ?? [])].reverse();
  const next = oldestFirst.lastIndexOf(false);
  const share = progress.total_estimate ? Math.min(1, progress.done / progress.total_estimate) : total ? done / total : null;
  return html`<div class="history">${share === null ? null : html`<div class="windows" role="progressbar" aria-label="History read" aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(share * 100)}>
      ${oldestFirst.length && oldestFirst.length <= 48 ? oldestFirst.map((stored, cell) => html`<span key=${cell} class=${stored ? "done" : cell === next ? "next" : ""}></span>`) : html`<span class="whole"><span style=${{ transform: `scaleX(${share})` }}></span></span>`}</div>`}
    <small>History: ${historyWords(progress, now.value)}.</small></div>`;
}

/** Why a dataset is as it is, what to do, and Amazon's reference for those who help. */
export function Reason({ dataset }) {
  if (!dataset.reason && !dataset.action) return null;
  const bad = dataset.state === "failing";
  return html`<div class=${`sync-reason ${bad ? "bad" : dataset.state === "late" ? "warn" : ""}`}>${bad ? html`<${Icon} name="error" />` : dataset.state === "late" ? html`<${Icon} name="clock" />` : html`<${Icon} name="info" />`}<div><p>${dataset.reason} ${dataset.action ? html`<span class="todo-words">${dataset.action}</span>` : null}</p>${dataset.request_id ? html`<small>Amazon's reference: <code>${dataset.request_id}</code></small>` : null}</div></div>`;
}

/** Run now, pause, resume: what a member may do with a dataset. */
export function Actions({ dataset, acting, asked, act, quiet = false }) {
  if (!may("connections.manage") || dataset.state === "off") return null;
  const busy = (verb) => acting === `${dataset.dataset}:${verb}`;
  if (dataset.state === "paused") return html`<${Button} kind="small" busy=${busy("resume")} aria-label=${`Resume ${dataset.title}`} onClick=${() => act(dataset, "resume")}><${Icon} name="play" size=${14} />Resume<//>`;
  return html`<${Button} kind="small" busy=${busy("run")} disabled=${asked} aria-label=${`Read ${dataset.title} now`} onClick=${() => act(dataset, "run")}>${asked ? "Asked for" : "Run now"}<//>
    <${Button} kind=${`small ${quiet ? "icon-only quiet" : ""}`} busy=${busy("pause")} aria-label=${`Pause ${dataset.title}`} title=${`Pause ${dataset.title}`} onClick=${() => act(dataset, "pause")}><${Icon} name="pause" size=${14} />${quiet ? null : "Pause"}<//>`;
}

/** When a dataset is read next. */
export function nextWords(dataset, asked) {
  if (dataset.state === "paused") return "paused";
  if (dataset.state === "off") return "not planned";
  if (asked) return "asked for, any moment now";
  return dataset.next_at ? `next ${untilWords(dataset.next_at, now.value)}` : "no next run planned";
}

/** Each operation once, the tightest first. */
export function quotaOf(datasets) {
  const found = new Map();
  for (const dataset of datasets) for (const item of dataset.quota) found.set(item.operation, item);
  return [...found.values()].sort((one, other) => Number(one.rate_per_second) - Number(other.rate_per_second));
}

/** What Amazon still lets us call, per operation. */
export function Quota({ items, label = "Calls and how many are left" }) {
  return html`<div class="table-wrap" tabindex="0" role="region" aria-label=${label}><table class="quota-table"><thead><tr><th>Call</th><th>Left now</th><th>Next one</th><th>Allowed</th><th class="number">Refused</th></tr></thead><tbody>${items.map((item) => {
    const used = Math.max(0, item.burst - item.left);
    const waits = item.left < 1 && item.next_slot_at;
    return html`<tr key=${item.operation}><td title=${item.operation}>${operationWords(item.operation)}</td><td><span class="quota-left"><span class="tokens" aria-hidden="true">${item.burst <= 20 ? Array.from({ length: item.burst }, (_, token) => html`<span key=${token} class=${token < item.left ? "left" : ""}></span>`) : html`<span class="whole"><span style=${{ transform: `scaleX(${item.left / item.burst})` }}></span></span>`}</span><span class="quota-words">${count(item.left)} of ${count(item.burst)}${used ? html`<span class="fine">, ${count(used)} used</span>` : null}</span></span></td><td>${waits ? untilWords(item.next_slot_at, now.value) : "now"}</td><td>${rateWords(item.rate_per_second)}</td><td class=${`number ${item.throttled ? "" : "wide-only"}`}>${item.throttled ? html`<${State} kind="warn">${plural(item.throttled, "time")}<//>` : "never"}</td></tr>`;
  })}</tbody></table></div>`;
}
