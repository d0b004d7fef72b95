import { html } from "../app/lib.js";
import { get, put } from "../app/api.js";
import { Button, Card, ErrorSummary, Field, Icon, Link, PageHead, ProblemNotice, Select } from "../app/components.js";
import { useForm } from "../app/form.js";
import { decimals } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { detail } from "./marketplaces.js";

const NUMBERS = [["service_level_percent", "Service level, percent", "50 to 99.9"], ["send_cover_days", "A delivery to Amazon lasts, days", "1 to 365"], ["buy_cover_days", "A purchase lasts, days", "1 to 365"], ["growth_percent", "Growth, percent", "−90 to 400"], ["minimum_order_units", "Supplier's minimum, units", "0 or more"], ["carton_units", "Units of a carton", "1 to 10,000"]];
const METHODS = [{ value: "", label: "Chosen by back-test" }, { value: "windows", label: "Weighted windows" }, { value: "smoothing", label: "Smoothing with weekdays" }, { value: "intermittent", label: "Intermittent (TSB)" }, { value: "average", label: "Average of the three" }];
const PLANS = [["buy", "Quantity to buy"], ["send", "Quantity to send to Amazon"]];
const legsText = (legs) => (legs ?? []).map((leg) => `${leg.name}: ${leg.days}`).join("; ");

/** "Production: 30; Freight: 25" as legs; null where it can't be read. */
function legsOf(text) {
  const legs = text.split(";").filter((part) => part.trim()).map((part) => /^\s*(.+?)\s*:\s*(\d+(?:[.,]\d+)?)\s*$/.exec(part));
  return legs.every(Boolean) ? legs.map(([, name, days]) => ({ name, days: Number(days.replace(",", ".")) })) : null;
}

function Form({ view, asked, onSaved }) {
  const { own, holds } = view;
  const initial = Object.fromEntries(NUMBERS.map(([name]) => [name, own[name] === undefined || own[name] === null ? "" : String(own[name])]));
  const currency = (asked && detail(asked.marketplace_id).currency) || "USD";
  const minor = 10 ** decimals(currency);
  const overrides = Object.fromEntries(PLANS.flatMap(([plan]) => {
    const override = (own.overrides ?? []).find((each) => each.plan === plan);
    return [[`${plan}_quantity`, override ? String(override.quantity) : ""], [`${plan}_reason`, override?.reason ?? ""]];
  }));
  const minorOf = (text) => Math.round(Number(text.trim().replace(",", ".")) * minor);
  const form = useForm({ ...initial, send_legs: legsText(own.send_legs), buy_legs: legsText(own.buy_legs), method: own.method ?? "", unit_cost: own.unit_cost_minor ? (own.unit_cost_minor / minor).toFixed(decimals(currency)) : "", ...overrides }, {
    check: (values) => ({
      ...Object.fromEntries(NUMBERS.map(([name]) => [name, !values[name].trim() || /^-?\d+([.,]\d+)?$/.test(values[name].trim()) ? "" : "Enter a number, or leave it empty"])),
      ...Object.fromEntries(["send_legs", "buy_legs"].map((name) => [name, legsOf(values[name]) ? "" : "Write each leg as name: days, with a semicolon between legs"])),
      unit_cost: !values.unit_cost.trim() || (/^\d+([.,]\d{1,3})?$/.test(values.unit_cost.trim()) && minorOf(values.unit_cost) > 0) ? "" : `Enter an amount above 0 in ${currency}, or leave it empty`,
      ...Object.fromEntries(PLANS.flatMap(([plan]) => {
        const [quantity, reason] = [values[`${plan}_quantity`].trim(), values[`${plan}_reason`].trim()];
        return [[`${plan}_quantity`, !quantity || /^\d+$/.test(quantity) ? "" : "Enter a whole number, or leave it empty"], [`${plan}_reason`, quantity && !reason ? "Say why, so that it can be judged later" : ""]];
      })),
    }),
    submit: async (values) => {
      const choices = { ...own };
      for (const [name] of NUMBERS) choices[name] = values[name].trim() ? Number(values[name].trim().replace(",", ".")) : null;
      for (const name of ["send_legs", "buy_legs"]) choices[name] = values[name].trim() ? legsOf(values[name]) : null;
      if (asked) {
        choices.method = values.method || null;
        choices.unit_cost_minor = values.unit_cost.trim() ? minorOf(values.unit_cost) : null;
        choices.overrides = PLANS.filter(([plan]) => values[`${plan}_quantity`].trim()).map(([plan]) => ({ plan, quantity: Number(values[`${plan}_quantity`]), reason: values[`${plan}_reason`].trim() }));
      }
      onSaved(await put(asked ? "restock/settings/sku" : "restock/settings", { ...(asked ?? {}), choices, version: view.version }));
      toast("Saved; it holds from the next time suggestions are worked out");
    },
  });
  const labels = { ...Object.fromEntries(NUMBERS.map(([name, label]) => [name, label])), send_legs: "Legs to Amazon", buy_legs: "Legs of a purchase", unit_cost: "Unit cost", ...Object.fromEntries(PLANS.flatMap(([plan, label]) => [[`${plan}_quantity`, label], [`${plan}_reason`, `Why, ${label.toLowerCase()}`]])) };
  return html`<form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${labels} /><p class="fine">What is left empty is taken from ${asked ? "the defaults" : "Quayside's own"}; it is shown below each field.</p>
    <${Field} label="Legs of a purchase" hint=${`Holds: ${legsText(holds.buy_legs)}`} ...${form.bind("buy_legs")} /><${Field} label="Legs to Amazon" hint=${`Holds: ${legsText(holds.send_legs)}`} ...${form.bind("send_legs")} />
    ${NUMBERS.map(([name, label, range]) => html`<${Field} key=${name} label=${label} hint=${`${range}. Holds: ${holds[name]}`} inputmode="decimal" ...${form.bind(name)} />`)}
    ${asked ? html`<${Select} label="Method of demand" hideLabel=${false} options=${METHODS} value=${form.values.method} onChange=${(value) => form.set("method", value)} /><${Field} label=${`Unit cost, ${currency}`} hint="What a budget is spent by; empty: not known" inputmode="decimal" ...${form.bind("unit_cost")} />${PLANS.map(([plan, label]) => html`<${Field} key=${plan} label=${`${label}, by your own word`} hint="Empty: as worked out" inputmode="numeric" ...${form.bind(`${plan}_quantity`)} /><${Field} key=${`${plan}-why`} label=${`Why, ${label.toLowerCase()}`} maxlength="200" ...${form.bind(`${plan}_reason`)} />`)}` : null}
    ${may("inventory.manage") ? html`<${Button} type="submit" kind="primary" busy=${form.busy}>Save<//>` : html`<p class="fine">Your role can read this but not change it.</p>`}</form>`;
}

/** What was decided for one SKU, or for all without `asked`. */
export function RestockSettings({ asked }) {
  const path = asked ? "restock/settings/sku" : "restock/settings";
  const { data, problem, reload, put: show } = useResource(`${path}:${asked ? Object.values(asked).join("|") : ""}`, (signal) => get(path, { query: asked, signal }));
  return html`<${Card} title=${asked ? "Settings of this SKU" : "Defaults for every SKU"}><div class="card-body">${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact />` : null}${data ? html`<${Form} key=${data.version} view=${data} asked=${asked} onSaved=${show} />` : null}</div><//>`;
}

export function Screen() {
  return html`<${PageHead} crumb=${html`<${Link} to="/stock/restock"><${Icon} name="back" size=${14} />Restock<//>`} title="Restock defaults" about="They hold for every SKU that has no settings of its own." /><div class="narrow"><${RestockSettings} /></div>`;
}
