// The period of a screen of figures: named ones, or dates of one's own, kept in the address.
import { html, useState } from "../app/lib.js";
import { Button, Segmented } from "../app/components.js";
import { place, setQuery } from "../app/router.js";

export const PERIODS = [{ value: "today", label: "Today" }, { value: "yesterday", label: "Yesterday" }, { value: "7d", label: "7 days" }, { value: "30d", label: "30 days" }, { value: "90d", label: "90 days" }, { value: "custom", label: "Dates" }];
const BEFORE = { today: "all of yesterday", yesterday: "the day before", "7d": "7 days before", "30d": "30 days before", "90d": "90 days before" };
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** How the period before is called. */
export const beforeWords = (key) => BEFORE[key] ?? "the period before";

/** The period in the address as the API wants it, 30 days unless it says otherwise. */
export function usePeriod() {
  const { query } = place.value;
  const asked = query.get("period");
  const from = query.get("from") ?? "";
  const to = query.get("to") ?? "";
  const isCustom = asked === "custom" && DATE.test(from) && DATE.test(to);
  const period = asked === "custom" ? (isCustom ? "custom" : "30d") : PERIODS.some((item) => item.value === asked) ? asked : "30d";
  const params = period === "custom" ? { period, from, to } : { period };
  return { period, params, key: Object.values(params).join(":"), link: period === "30d" ? {} : params };
}

function Dates({ period, from, to, onDone }) {
  const [first, setFirst] = useState(from);
  const [last, setLast] = useState(to);
  const apply = (event) => {
    event.preventDefault();
    setQuery({ period: "custom", from: first, to: last }, { replace: true });
    onDone();
  };
  return html`<form class="dates" aria-label="Dates" onSubmit=${apply}><div class="field"><label for="period-from">From</label><input class="input" id="period-from" type="date" required value=${first} max=${last || undefined} onInput=${(event) => setFirst(event.currentTarget.value)} /></div>
    <div class="field"><label for="period-to">To</label><input class="input" id="period-to" type="date" required value=${last} min=${first || undefined} onInput=${(event) => setLast(event.currentTarget.value)} /></div><${Button} type="submit" kind=${period === "custom" ? "" : "primary"}>Show<//></form>`;
}

/** Chooses the period; dates are asked for only when they are wanted. */
export function PeriodChoice() {
  const { period } = usePeriod();
  const { query } = place.value;
  const [asking, setAsking] = useState(period === "custom");
  function choose(value) {
    setAsking(value === "custom");
    if (value !== "custom") setQuery({ period: value === "30d" ? "" : value, from: "", to: "" }, { replace: true });
  }
  return html`<${Segmented} label="Period" value=${asking ? "custom" : period} onChange=${choose} options=${PERIODS} />${asking ? html`<${Dates} period=${period} from=${query.get("from") ?? ""} to=${query.get("to") ?? ""} onDone=${() => setAsking(true)} />` : null}`;
}
