import { html, useState } from "../app/lib.js";
import { post } from "../app/api.js";
import { Button, Dialog, ErrorSummary, Field, Select, State } from "../app/components.js";
import { useForm } from "../app/form.js";
import { toast } from "../app/shell.js";
import { decimals, money } from "../app/format.js";
import { nameOf } from "./marketplaces.js";

const STAGES = { idea: ["off", "Idea"], researching: ["busy", "Researching"], quoted: ["busy", "Quoted"], sampling: ["busy", "Sampling"], approved: ["good", "Approved"], rejected: ["bad", "Rejected"] };
export const EVENTS = { research: "Research", set_aside: "Back to ideas", quote: "To quoted", sample: "Order samples", reject: "Reject…", reopen: "Take up again", approve: "Approve…" };
export const INCOTERMS = ["EXW", "FCA", "FAS", "FOB", "CFR", "CIF", "CPT", "CIP", "DAP", "DPU", "DDP"];

const FEES = { ReferralFee: "Referral fee", FBAFees: "Fulfilment by Amazon", VariableClosingFee: "Closing fee", PerItemFee: "Fee per item", OtherFees: "Other fees" };
/** Amazon's name of a fee in words. */
export const feeWord = (name) => FEES[name] ?? name.replace(/([a-z])([A-Z])/g, "$1 $2");
export const stageWord = (stage) => STAGES[stage][1];
export const Stage = ({ stage }) => html`<${State} kind=${STAGES[stage][0]}>${STAGES[stage][1]}<//>`;
export const amountOf = (value) => money(value.amount_minor, value.currency);
/** Money as a person types it: "24.99". */
export const typedAmount = (value) => (value.amount_minor / 10 ** decimals(value.currency)).toFixed(decimals(value.currency));
/** A number as people type it, with the point that the API wants. */
export const point = (text) => String(text).trim().replace(",", ".");
export const isNumber = (text) => /^\d+([.,]\d+)?$/.test(String(text).trim());
export const isWhole = (text) => /^\d+$/.test(String(text).trim());
export const leadPath = (leadId, part = "") => `/sourcing/${encodeURIComponent(leadId)}${part}`;
export const leadCall = (leadId, part = "") => `sourcing/leads/${encodeURIComponent(leadId)}${part}`;

/** Every place where this seller sells, as options: account and marketplace in one. */
export const placeOptions = (connections) => (connections ?? []).flatMap((connection) => connection.marketplaces.map((item) => ({ value: `${connection.connection_id}|${item.marketplace_id}`, label: connections.length > 1 ? `${nameOf(item.marketplace_id)} · ${connection.name}` : nameOf(item.marketplace_id) })));

/** Is Amazon being asked for a lead at the moment? */
export const isReading = (lead) => Boolean(lead?.research.readings.some((reading) => reading.state === "reading"));

/** Have Amazon asked for a lead; says how far it is, and why it could not be. */
export function AskAmazon({ lead, onLead }) {
  const [busy, setBusy] = useState(false);
  const reading = isReading(lead);
  const sums = lead.research.readings.reduce((all, each) => ({ done: all.done + each.done, wanted: all.wanted + each.wanted }), { done: 0, wanted: 0 });
  async function ask() {
    setBusy(true);
    try {
      onLead(await post(leadCall(lead.lead_id, "/research")));
    } catch (error) {
      toast([error.detail, error.action].filter(Boolean).join(" "));
    } finally {
      setBusy(false);
    }
  }
  return html`<${Button} class="ask-amazon" busy=${busy || reading} onClick=${ask}><span aria-live="polite">${reading ? `Asking Amazon, ${sums.done} of ${sums.wanted}` : "Ask Amazon"}</span><//>`;
}

const LABELS = { name: "Name", targets: "Where it is to be sold", asins: "Products to compare with (ASINs)", note: "Note", length: "Length, cm", width: "Width, cm", height: "Height, cm", weight: "Weight, kg", "package.length_mm": "Length", "package.width_mm": "Width", "package.height_mm": "Height", "package.weight_grams": "Weight" };
const SIZES = [["length", "length_mm", 10], ["width", "width_mm", 10], ["height", "height_mm", 10], ["weight", "weight_grams", 1000]];

function typedLead(lead) {
  const sizes = Object.fromEntries(SIZES.map(([name, field, scale]) => [name, lead?.package ? String(lead.package[field] / scale) : ""]));
  return { name: lead?.name ?? "", asins: (lead?.asins ?? []).join(", "), note: lead?.note ?? "", ...sizes };
}

/** A new lead, or a change of one: the same form. */
export function LeadForm({ lead, connections, title, submit, onClose }) {
  const options = placeOptions(connections);
  const [targets, setTargets] = useState(() => lead?.targets.map((target) => ({ place: `${target.connection_id}|${target.marketplace_id}`, price: typedAmount(target.price) })) ?? (options.length ? [{ place: options[0].value, price: "" }] : []));
  const form = useForm(typedLead(lead), {
    check: (values) => {
      const sized = SIZES.some(([name]) => String(values[name]).trim());
      return { name: values.name.trim() ? "" : "Enter a name", targets: targets.every((target) => isNumber(target.price)) ? "" : "Enter a price for each marketplace, such as 24.99", ...Object.fromEntries(SIZES.map(([name]) => [name, sized && !isNumber(values[name]) ? "Enter all four, or none" : ""])) };
    },
    submit: async (values) => {
      const sized = SIZES.some(([name]) => String(values[name]).trim());
      await submit({
        name: values.name, note: values.note, asins: values.asins.split(/[\s,;]+/).filter(Boolean),
        targets: targets.map(({ place, price }) => ({ connection_id: place.split("|")[0], marketplace_id: place.split("|")[1], price: point(price) })),
        package: sized ? Object.fromEntries(SIZES.map(([name, field, scale]) => [field, Math.round(Number(point(values[name])) * scale)])) : null,
      });
    },
  });
  const change = (index, part) => setTargets(targets.map((target, at) => (at === index ? { ...target, ...part } : target)));
  const free = options.filter((option) => !targets.some((target) => target.place === option.value));
  return html`<${Dialog} title=${title} onClose=${onClose} class="wide"><form class="stack-s" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${LABELS} />
    <${Field} label=${LABELS.name} ...${form.bind("name")} />
    <fieldset id="targets" tabindex="-1" class="plain-fieldset"><legend>${LABELS.targets}</legend>${targets.map((target, index) => html`<div class="target-row" key=${target.place}><${Select} label=${`Marketplace ${index + 1}`} options=${options.filter((option) => option.value === target.place || free.includes(option))} value=${target.place} onChange=${(place) => change(index, { place })} />
      <div class="field"><label class="visually-hidden" for=${`price-${index}`}>${`Price in marketplace ${index + 1}`}</label><input id=${`price-${index}`} class="input" inputmode="decimal" placeholder="Price, such as 24.99" value=${target.price} onInput=${(event) => change(index, { price: event.currentTarget.value })} /></div><${Button} kind="small" aria-label=${`Leave out marketplace ${index + 1}`} onClick=${() => setTargets(targets.filter((_, at) => at !== index))}>Leave out<//></div>`)}
      ${free.length && targets.length < 10 ? html`<${Button} kind="small" onClick=${() => setTargets([...targets, { place: free[0].value, price: "" }])}>Add a marketplace<//>` : options.length ? null : html`<p class="fine">Connect an Amazon account to choose its marketplaces.</p>`}</fieldset>
    <${Field} label=${LABELS.asins} hint="Separated by commas. Amazon's fees are estimated with the first one." spellcheck=${false} autocomplete="off" ...${form.bind("asins")} />
    <fieldset class="plain-fieldset"><legend>One packed unit</legend><div class="size-row">${SIZES.map(([name]) => html`<${Field} key=${name} label=${LABELS[name]} inputmode="decimal" ...${form.bind(name)} />`)}</div></fieldset>
    <${Field} label="Note (optional)" maxlength="2000" ...${form.bind("note")} />
    <div class="form-actions"><${Button} type="submit" kind="primary" busy=${form.busy}>Save<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></form><//>`;
}
