// A figure never stands alone: it wears its age and its state, and opens the card that says how it was made.
import { html, signal } from "./lib.js";
import { Age, Ago, Bone, Dialog, Icon } from "./components.js";
import { count, money, percent, sentence } from "./format.js";

const STATES = { estimated: "Estimated: it may still change", posted: "Posted by Amazon", reconciled: "Reconciled with Amazon's settlement" };

/** The opened method card: `{title, figure, anchor}` or null. One at a time. */
export const openCard = signal(null);

/** A figure's value as text; "minor" is money in its currency. */
export function figureText(figure, currency = figure.currency) {
  if (figure.value === null || figure.value === undefined) return "–";
  if (figure.unit === "percent") return `${count(figure.value)} %`;
  return figure.unit === "minor" ? money(figure.value, figure.currency ?? currency) : count(figure.value);
}

function inputText(input, currency) {
  if (input.value === null || input.value === undefined) return "unknown";
  if (typeof input.value !== "number") return [input.value, input.unit].filter((part) => part && part !== "minor").join(" ");
  if (input.unit === "minor") return money(input.value, currency);
  return [count(input.value), input.unit].filter(Boolean).join(" ");
}

/** The card behind a figure. */
export function MethodCard() {
  const open = openCard.value;
  if (!open) return null;
  const { figure, title, anchor } = open;
  const close = () => {
    openCard.value = null;
    anchor?.focus();
  };
  const { method } = figure;
  return html`<${Dialog} key=${title} title=${method.title || title} anchor=${anchor} onClose=${close} class="method">
    <p>${method.formula}</p>
    ${method.filled ? html`<div class="formula" role="img" aria-label=${`Filled in: ${method.filled}`}>${method.filled}</div>` : null}
    ${method.inputs?.length ? html`<dl>${method.inputs.map((input) => html`<dt key=${"t" + input.label}>${input.label}</dt><dd>${inputText(input, figure.currency)}</dd>`)}</dl><hr />` : null}
    <dl><dt>State</dt><dd>${STATES[figure.state] ?? sentence(figure.state)}</dd><dt>As of</dt><dd><${Ago} at=${figure.as_of} /></dd><dt>Source</dt><dd>${figure.source}</dd></dl>
    ${method.notes?.length ? html`<ul class="notes">${method.notes.map((note) => html`<li key=${note}>${note}</li>`)}</ul>` : null}<//>`;
}

/** How a value compares with the one before: an arrow, a share, and words for who cannot see the arrow. */
export function Delta({ value, previous, against }) {
  if (previous === null || previous === undefined) return html`<span class="delta none">no earlier period to compare</span>`;
  if (previous === 0) return html`<span class="delta none">${value === 0 ? `none ${against} either` : `none ${against}`}</span>`;
  const change = (value - previous) / previous;
  if (Math.abs(change) < 0.0005) return html`<span class="delta none">same as ${against}</span>`;
  return html`<span class=${`delta ${change > 0 ? "up" : "down"}`}><span aria-hidden="true">${change > 0 ? "▲" : "▼"}</span><span class="visually-hidden">${change > 0 ? "up" : "down"}</span> ${percent(Math.abs(change))}<span class="against"> vs ${against}</span></span>`;
}

/** A tile: label, value, comparison (where there is one), age. It is one button and opens the method card. */
export function Tile({ label, figure, previous, against, hero }) {
  return html`<button type="button" class=${`tile card ${hero ? "hero" : ""}`} aria-haspopup="dialog" onClick=${(event) => (openCard.value = { title: label, figure, anchor: event.currentTarget })}>
    <span class="tile-label">${label}<${Icon} name="info" size=${14} /></span><span class="tile-value" key=${figureText(figure)}>${figureText(figure)}</span>
    ${against ? html`<${Delta} value=${figure.value} previous=${previous} against=${against} />` : null}<${Age} at=${figure.as_of} state=${figure.state} /></button>`;
}

/** The room a tile takes while its figure is on the way. */
export function TileBone({ label }) {
  return html`<div class="tile card"><span class="tile-label">${label}</span><span class="tile-value"><${Bone} width="5ch" height=".8em" /></span><span class="delta none"><${Bone} width="16ch" height=".8em" /></span><span class="age plain"><${Bone} width="9ch" height=".8em" /></span></div>`;
}

/** A figure in running text or a table: still a button, still opens its card. */
export function InlineFigure({ title, figure }) {
  return html`<button type="button" class="inline-figure" aria-haspopup="dialog" onClick=${(event) => (openCard.value = { title, figure, anchor: event.currentTarget })}>${figureText(figure)}</button>`;
}
