// A small line of days: gaps where nobody looked, a dot where it ends, and the same in words.
import { html } from "./lib.js";
import { count } from "./format.js";

const WIDTH = 112;
const HEIGHT = 28;

/** The pieces of a line between the days that are not known. */
function pieces(values, top) {
  const found = [];
  let current = [];
  values.forEach((value, index) => {
    if (value === null) {
      if (current.length) found.push(current);
      current = [];
    } else current.push(`${((index / Math.max(1, values.length - 1)) * (WIDTH - 6) + 3).toFixed(1)},${(HEIGHT - 4 - (value / top) * (HEIGHT - 8)).toFixed(1)}`);
  });
  return current.length ? [...found, current] : found;
}

/** Values of days, the oldest first; null where nobody looked. `what` names them for who cannot see the line. */
export function Spark({ values, what }) {
  const known = values.filter((value) => value !== null);
  if (!known.length) return html`<span class="fine">no days yet</span>`;
  const top = Math.max(1, ...known);
  const words = `${what}: from ${count(Math.min(...known))} to ${count(Math.max(...known))}, last ${count(known[known.length - 1])}`;
  const lines = pieces(values, top);
  const end = lines[lines.length - 1];
  const [x, y] = end[end.length - 1].split(",");
  return html`<svg class="spark" width=${WIDTH} height=${HEIGHT} viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${words}><line x1="0" x2=${WIDTH} y1=${HEIGHT - 3.5} y2=${HEIGHT - 3.5} class="spark-zero" />${lines.map((line, index) => html`<polyline key=${index} points=${line.join(" ")} />`)}<circle cx=${x} cy=${y} r="2.4" /></svg>`;
}
