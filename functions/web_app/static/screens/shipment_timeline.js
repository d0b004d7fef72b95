// Shipments on a calendar: a row each, a bar for each leg, the months above, today as a line; a table says the same.
import { html } from "../app/lib.js";
import { Link } from "../app/components.js";
import { day } from "../app/format.js";
import { arrivalWords, KINDS, Late } from "./shipment_words.js";

const DAY_MS = 86_400_000;
const MOST_DAYS = 400;
const at = (text) => Date.parse(`${text}T00:00:00Z`);
const iso = (ms) => new Date(ms).toISOString().slice(0, 10);

/** The days that the rows reach over: whole months, today among them. */
function span(shipments, today) {
  const days = shipments.flatMap((shipment) => shipment.legs.flatMap((leg) => [leg.start, leg.end].filter(Boolean)));
  const all = [...days, today].map(at);
  const centre = at(today);
  const first = new Date(Math.max(Math.min(...all), centre - (MOST_DAYS / 2) * DAY_MS));
  const last = new Date(Math.min(Math.max(...all), centre + (MOST_DAYS / 2) * DAY_MS));
  return { from: Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), 1), to: Date.UTC(last.getUTCFullYear(), last.getUTCMonth() + 1, 1) };
}

function months({ from, to }) {
  const found = [];
  for (let ms = from; ms < to;) {
    const date = new Date(ms);
    found.push(ms);
    ms = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  }
  return found;
}

const monthName = (ms) => new Intl.DateTimeFormat("en-GB", { month: "short", year: "2-digit", timeZone: "UTC" }).format(ms);

function bars(shipment, scale) {
  return shipment.legs.map((leg, number) => {
    if (!leg.start || !leg.end) return null;
    const left = scale(at(leg.start));
    const width = Math.max(scale(at(leg.end) + DAY_MS) - left, 0.6);
    const kind = leg.actual_end ? "done" : leg.actual_start ? "now" : "next";
    return html`<span key=${number} class=${`leg-bar ${kind} ${leg.late_days ? "late" : ""}`} style=${{ left: `${left}%`, width: `${width}%` }} title=${`${KINDS[leg.kind]}: ${day(leg.start)} to ${day(leg.end)}${leg.late_days ? `, ${leg.late_days} days late` : ""}`}></span>`;
  });
}

/** The calendar of some shipments. */
export function Timeline({ shipments, today }) {
  const range = span(shipments, today);
  const scale = (ms) => Math.min(100, Math.max(0, ((ms - range.from) / (range.to - range.from)) * 100));
  const marks = months(range);
  const every = Math.ceil(marks.length / 8);
  return html`<figure class="timeline" aria-label="Shipments on a calendar; the table below says the same">
    <div class="timeline-head" aria-hidden="true"><span></span><div class="timeline-months">${marks.map((ms, number) => html`<span key=${ms} style=${{ left: `${scale(ms)}%` }}>${number % every ? "" : monthName(ms)}</span>`)}</div></div>
    ${shipments.map((shipment) => html`<div class="timeline-row" key=${shipment.shipment_id}><div class="timeline-name"><${Link} to=${`/shipments/${encodeURIComponent(shipment.shipment_id)}`} class="clip" title=${shipment.name}>${shipment.name}<//><small>${arrivalWords(shipment)} <${Late} days=${shipment.late_days} /></small></div>
      <div class="timeline-bars" aria-hidden="true">${marks.map((ms) => html`<i key=${ms} style=${{ left: `${scale(ms)}%` }}></i>`)}<b style=${{ left: `${scale(at(today))}%` }}></b>${bars(shipment, scale)}</div></div>`)}
    <figcaption class="fine timeline-key"><span><i class="leg-bar done"></i>Finished</span><span><i class="leg-bar now"></i>Under way</span><span><i class="leg-bar next"></i>Expected</span><span><i class="leg-bar next late"></i>Late, striped</span><span>The line is today, ${day(iso(at(today)))}.</span></figcaption>
    <details><summary>As a table</summary><div class="table-wrap" tabindex="0" role="region" aria-label="Legs"><table><thead><tr><th>Shipment</th><th>Leg</th><th>Begins</th><th>Ends</th><th>Late</th></tr></thead><tbody>${shipments.flatMap((shipment) => shipment.legs.map((leg, number) => html`<tr key=${`${shipment.shipment_id}${number}`}><td>${shipment.name}</td><td>${KINDS[leg.kind]}</td><td>${leg.start ? day(leg.start) : "unknown"}</td><td>${leg.end ? day(leg.end) : "unknown"}</td><td>${leg.late_days ? `${leg.late_days} days` : "no"}</td></tr>`))}</tbody></table></div></details></figure>`;
}
