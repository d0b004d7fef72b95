// Days as bars: sales above, units below, one cursor through both. The drawing library loads only when a chart is shown.
import { html, useEffect, useLayoutEffect, useRef, useState } from "./lib.js";
import { compactCount, count, day, decimals, money } from "./format.js";
import { paint, themeChanges } from "./theme.js";

let library = null;

function loadLibrary() {
  library ??= import("../vendor/uplot.js").then(async (module) => {
    await new Promise((resolve) => {
      const sheet = document.createElement("link");
      sheet.rel = "stylesheet";
      sheet.href = new URL("../vendor/uplot.css", import.meta.url).href;
      sheet.onload = sheet.onerror = resolve;
      document.head.append(sheet);
    });
    return module.default;
  });
  library.catch(() => (library = null));
  return library;
}

const noon = (date) => Date.parse(`${date}T12:00:00Z`) / 1000;
const dateOf = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);

function panel(UPlot, { width, height, days, value, colour, axisText, label, showDays, sync, onIndex }) {
  const ink = paint("--ink-3");
  const grid = { stroke: paint("--grid"), width: 1 };
  const xs = days.map((item) => noon(item.date));
  const final = days.map((item) => (item.state === "estimated" ? null : value(item)));
  const moving = days.map((item) => (item.state === "estimated" ? value(item) || null : null));
  // Below four pixels a day bars run into each other: then an area tells more.
  const dense = (width - 90) / days.length < 4;
  if (dense) moving.forEach((_, index) => { if (moving[index] === null && days[index + 1]?.state === "estimated") moving[index] = final[index]; });
  const radius = days.length > 45 ? 0.15 : 0.2;
  const bars = UPlot.paths.bars({ size: [0.72, 40, 2], radius: [radius, 0], align: 0 });
  const top = Math.max(1, ...days.map(value));
  const font = `12px "Quayside Inter", system-ui, sans-serif`;
  const step = Math.max(1, Math.ceil(days.length / Math.max(2, Math.floor(width / 92))));
  return {
    width,
    height,
    padding: [14, 20, showDays ? 0 : 6, 0],
    legend: { show: false },
    cursor: { sync: { key: sync, setSeries: false }, y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { time: false, range: (_, low, high) => [low - 43200, high + 43200] }, y: { range: [0, top * 1.06] } },
    axes: [
      {
        show: true, stroke: ink, font, size: showDays ? 28 : 4, gap: 6, grid: { show: false }, border: { show: true, stroke: paint("--line-strong"), width: 1 },
        ticks: { show: false },
        splits: () => xs.filter((_, index) => (days.length - 1 - index) % step === 0),
        values: (_, splits) => splits.map((seconds) => (showDays ? day(dateOf(seconds)) : "")),
      },
      { stroke: ink, font, size: 62, gap: 8, grid, ticks: { show: false }, border: { show: false }, space: 34, values: (_, splits) => splits.map((split) => axisText(split)) },
    ],
    series: [
      {},
      dense
        ? { label, fill: `color-mix(in srgb, ${colour} 16%, transparent)`, stroke: colour, width: 1.5, points: { show: false } }
        : { label, fill: colour, stroke: colour, width: 0, paths: bars, points: { show: false } },
      { label: `${label}, estimated`, fill: dense ? undefined : `color-mix(in srgb, ${colour} 14%, transparent)`, stroke: colour, width: 1.5, dash: dense || (width - 80) / days.length > 16 ? [4, 3] : undefined, paths: dense ? undefined : bars, points: { show: false } },
    ],
    hooks: { setCursor: [(chart) => onIndex(chart.cursor.idx ?? null)] },
    data: [xs, final, moving],
  };
}

/** Sales and units per day of one currency, with the values under the pointer (or the arrow keys) and the table behind. */
export function DaysChart({ days, currency }) {
  const box = useRef(null);
  const [index, setIndex] = useState(null);
  const [failed, setFailed] = useState(false);
  const [width, setWidth] = useState(0);
  const themed = themeChanges.value;
  const charts = useRef([]);

  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);

  const drawn = days.map((item) => `${item.date}${item.sales_minor}${item.units}${item.state}`).join();
  useEffect(() => {
    if (!width) return undefined;
    let gone = false;
    loadLibrary().then(
      (UPlot) => {
        if (gone) return;
        const scale = 10 ** decimals(currency);
        const shared = { width, days, sync: `days-${currency}`, onIndex: setIndex };
        const options = [
          panel(UPlot, { ...shared, height: 176, value: (item) => item.sales_minor / scale, colour: paint("--series-1"), label: "Sales", axisText: (value) => money(value * scale, currency, { compact: true }) }),
          panel(UPlot, { ...shared, height: 112, value: (item) => item.units, colour: paint("--series-3"), label: "Units", showDays: true, axisText: (value) => (value % 1 ? "" : compactCount(value)) }),
        ];
        const targets = box.current.querySelectorAll(".plot");
        charts.current = options.map(({ data, ...rest }, at) => {
          targets[at].replaceChildren();
          return new UPlot(rest, data, targets[at]);
        });
      },
      () => setFailed(true),
    );
    return () => {
      gone = true;
      charts.current.forEach((chart) => chart.destroy());
      charts.current = [];
    };
  }, [drawn, width, currency, themed]);

  const shown = index === null ? null : days[index];
  const last = days[days.length - 1];
  const sum = (pick) => days.reduce((total, item) => total + pick(item), 0);
  const best = days.reduce((found, item) => (item.sales_minor > found.sales_minor ? item : found), days[0]);
  const describe = `Sales and units a day from ${day(days[0].date)} to ${day(last.date)}: ${money(sum((item) => item.sales_minor), currency)} and ${count(sum((item) => item.units))} units in all. Best day ${day(best.date)} with ${money(best.sales_minor, currency)}. Use the arrow keys to read single days.`;

  function onKeyDown(event) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    if (!(event.key in moves)) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(days.length - 1, (index ?? (moves[event.key] > 0 ? -1 : days.length)) + moves[event.key]));
    setIndex(next);
    const chart = charts.current[0];
    chart?.setCursor({ left: chart.valToPos(noon(days[next].date), "x"), top: 10 });
  }

  return html`<div class="chart" ref=${box}>
    <p class="chart-read" aria-live="polite">${shown
      ? html`<strong>${day(shown.date, { weekday: true })}</strong><span><i class="key one"></i>${money(shown.sales_minor, currency)}</span><span><i class="key three"></i>${count(shown.units)} units</span><span>${count(shown.orders)} orders</span>${shown.state === "estimated" ? html`<span class="age estimated">estimated</span>` : null}`
      : html`<span><i class="key one"></i>Sales, ${currency} a day</span><span><i class="key three"></i>Units a day</span>${days.some((item) => item.state === "estimated") ? html`<span><i class="key hollow"></i>Estimated</span>` : null}`}</p>
    ${failed ? html`<p class="chart-failed">The chart could not be drawn. The table has the same figures.</p>` : null}
    <div class="plots" role="img" tabindex="0" aria-label=${describe} onKeyDown=${onKeyDown} onBlur=${() => setIndex(null)}><div class="plot sales"></div><div class="plot units"></div></div></div>`;
}

/** The same days as a table. */
export function DaysTable({ days, currency }) {
  return html`<div class="table-wrap days-table" tabindex="0" role="region" aria-label=${`Sales and units a day in ${currency}, as a table`}><table><thead><tr><th>Day</th><th class="number">Sales, ${currency}</th><th class="number">Units</th><th class="number">Orders</th><th>State</th></tr></thead>
    <tbody>${[...days].reverse().map((item) => html`<tr key=${item.date}><td>${day(item.date, { weekday: true })}</td><td class="number">${money(item.sales_minor, currency)}</td><td class="number">${count(item.units)}</td><td class="number">${count(item.orders)}</td><td><span class=${`age ${item.state === "estimated" ? "estimated" : ""}`}>${item.state}</span></td></tr>`)}</tbody></table></div>`;
}
