// Enter a shipment or change one: where it goes, its legs in their order, what it carries.
import { html, useState } from "../app/lib.js";
import { get, post, put } from "../app/api.js";
import { Button, ButtonLink, Card, Dialog, Empty, ErrorSummary, Field, Icon, Link, PageHead, ProblemNotice, Select } from "../app/components.js";
import { useForm } from "../app/form.js";
import { count, day } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { toast } from "../app/shell.js";
import { nameOf } from "./marketplaces.js";
import { KIND_OPTIONS, KINDS } from "./shipment_words.js";

const DAYS = [["planned_start", "Planned start"], ["planned_end", "Planned end"], ["actual_start", "Began"], ["actual_end", "Ended"]];
const TEXTS = [["origin", "From"], ["destination", "To"], ["carrier", "Carrier"], ["tracking", "Tracking number"]];
const LEG = { kind: "sea", ...Object.fromEntries([...TEXTS, ...DAYS].map(([name]) => [name, ""])) };
const USUAL = ["production", "sea", "customs", "check_in"].map((kind) => ({ ...LEG, kind }));
const LINE = { seller_sku: "", units: "", title: "", order_id: "", line_id: "", order_number: "" };

/** A shipment as the API wants it back, from how it shows it. */
export function draftOf(card) {
  const { shipment, lines } = card;
  const legs = shipment.legs.map((leg) => Object.fromEntries(["kind", ...TEXTS.map(([name]) => name), ...DAYS.map(([name]) => name)].map((name) => [name, leg[name] ?? null])));
  return { name: shipment.name, connection_id: shipment.connection_id, marketplace_id: shipment.marketplace_id, destination: shipment.destination, legs, lines: lines.map(lineOf) };
}

const lineOf = (line) => ({ seller_sku: line.seller_sku, units: line.units, title: line.title ?? "", order_id: line.order_id ?? "", line_id: line.line_id ?? "" });

function typed(card, places) {
  const draft = draftOf(card);
  return { ...draft, sold_in: places[0] ? `${draft.connection_id}|${draft.marketplace_id}` : "", legs: draft.legs.map((leg) => Object.fromEntries(Object.entries(leg).map(([name, value]) => [name, value ?? ""]))), lines: card.lines.map((line) => ({ ...lineOf(line), order_number: line.order_number ?? "", units: String(line.units) })) };
}

function sent(values) {
  const [connection_id, marketplace_id] = values.sold_in.split("|");
  const legs = values.legs.map((leg) => ({ ...leg, ...Object.fromEntries(DAYS.map(([name]) => [name, leg[name] || null])) }));
  const lines = values.lines.filter((line) => line.seller_sku.trim() || line.units.trim()).map((line) => ({ ...lineOf(line), seller_sku: line.seller_sku.trim(), units: Number(line.units) }));
  return { name: values.name, connection_id, marketplace_id, destination: values.destination, legs, lines };
}

function check({ name, sold_in: soldIn, lines }) {
  const found = { name: name.trim() ? "" : "Enter a name", sold_in: soldIn ? "" : "Connect an Amazon account first" };
  lines.forEach((line, number) => {
    if (!line.seller_sku.trim() && !line.units.trim()) return;
    if (!line.seller_sku.trim()) found[`lines[${number}].seller_sku`] = "Enter the SKU";
    if (!/^\d+$/.test(line.units.trim())) found[`lines[${number}].units`] = "Enter a whole number";
  });
  return found;
}

/** What each field is called in the summary of problems. */
function labelsOf(values) {
  const labels = { name: "Name", sold_in: "Sold in", destination: "Goes", legs: "Legs", lines: "What it carries" };
  values.legs.forEach((leg, number) => [...TEXTS, ...DAYS].forEach(([name, label]) => (labels[`legs[${number}].${name}`] = `${KINDS[leg.kind]}, ${label.toLowerCase()}`)));
  values.lines.forEach((_, number) => { labels[`lines[${number}].seller_sku`] = `Line ${number + 1}, SKU`; labels[`lines[${number}].units`] = `Line ${number + 1}, units`; });
  return labels;
}

/** Choose lines of purchase orders; what is in other shipments is not offered again. */
function OrderLines({ taken, onTake, onClose }) {
  const { data, problem, reload } = useResource("order-lines", (signal) => get("order-lines", { signal }));
  const [chosen, setChosen] = useState([]);
  if (!data && !problem) return null; // A dialog that grows while it is read would jump.
  const key = (line) => `${line.order_id}|${line.line_id}`;
  const lines = (data?.lines ?? []).filter((line) => !taken.has(key(line)));
  const toggle = (line) => setChosen(chosen.includes(key(line)) ? chosen.filter((each) => each !== key(line)) : [...chosen, key(line)]);
  return html`<${Dialog} title="From purchase orders" onClose=${onClose} class="wide">${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact />` : null}
    ${data && !lines.length ? html`<${Empty} icon="orders" title="Nothing left to ship">Orders show here once they were sent to their supplier, with the units that are in no shipment yet.<//>` : html`<fieldset class="stack-s"><legend class="visually-hidden">Lines to take</legend>${lines.map((line) => html`<label class="check" key=${key(line)}><input type="checkbox" checked=${chosen.includes(key(line))} onChange=${() => toggle(line)} /><span>${line.order_number}, ${line.seller_sku}: ${count(line.units)} units${line.expected_on ? `, expected ${day(line.expected_on)}` : ""}</span></label>`)}</fieldset>`}
    ${data && !data.whole ? html`<p class="fine">The first 200 lines are shown.</p>` : null}
    <div class="form-actions"><${Button} kind="primary" disabled=${!chosen.length} onClick=${() => onTake(lines.filter((line) => chosen.includes(key(line))))}>Take them<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div><//>`;
}

/** The form; without a card a new shipment is entered. */
export function Editor({ card, connections, places, onDone }) {
  const markets = connections.flatMap((connection) => connection.marketplaces.map((item) => ({ value: `${connection.connection_id}|${item.marketplace_id}`, label: `${nameOf(item.marketplace_id)} · ${connection.name}` })));
  const initial = card ? typed(card, markets) : { name: "", sold_in: markets[0]?.value ?? "", destination: "amazon", legs: USUAL, lines: [LINE] };
  const form = useForm(initial, {
    check,
    submit: async (values) => {
      const shipment = sent(values);
      const made = card ? await put(`shipments/${encodeURIComponent(card.shipment.shipment_id)}`, { shipment, version: card.shipment.version }) : await post("shipments", shipment);
      toast(card ? "The shipment is changed" : "The shipment is entered");
      onDone(made);
    },
  });
  const { values } = form;
  const [choosing, setChoosing] = useState(false);
  const take = (lines) => {
    const own = values.lines.filter((line) => line.seller_sku.trim() || line.units.trim());
    form.set("lines", [...own, ...lines.map((line) => ({ ...LINE, seller_sku: line.seller_sku, units: String(line.units), order_id: line.order_id, line_id: line.line_id, order_number: line.order_number }))]);
    setChoosing(false);
  };
  const wrong = (name) => form.fields.find((field) => field.name === name)?.text;
  const change = (list, number, name, value) => form.set(list, values[list].map((item, at) => (at === number ? { ...item, [name]: value } : item)));
  const without = (list, number) => form.set(list, values[list].filter((_, at) => at !== number));
  const part = (list, number, name, label, rest = {}) => html`<${Field} key=${name} label=${label} name=${`${list}[${number}].${name}`} value=${values[list][number][name]} onInput=${(value) => change(list, number, name, value)} problem=${wrong(`${list}[${number}].${name}`)} autocomplete="off" ...${rest} />`;
  const goes = [{ value: "amazon", label: "Straight to Amazon" }, ...places.filter((item) => !item.closed_at || item.location_id === values.destination).map((item) => ({ value: item.location_id, label: `To ${item.name}` }))];
  const back = card ? `/shipments/${encodeURIComponent(card.shipment.shipment_id)}` : "/shipments";
  return html`<${PageHead} crumb=${html`<${Link} to="/shipments"><${Icon} name="back" size=${14} />Shipments<//>`} title=${card ? `Change ${card.shipment.name}` : "New shipment"} />
    <form class="stack ship-form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${labelsOf(values)} />
      <${Card} title="Shipment"><div class="card-body form"><${Field} label="Name" hint="How you call it, for example Autumn container" maxlength="80" ...${form.bind("name")} /><div class="field-pair"><${Select} label="Sold in" hideLabel=${false} id="sold_in" options=${markets} value=${values.sold_in} onChange=${(value) => form.set("sold_in", value)} /><${Select} label="Goes" hideLabel=${false} id="destination" options=${goes} value=${values.destination} onChange=${(value) => form.set("destination", value)} /></div></div><//>
      <${Card} title="Legs" about="In their order; only what you know needs a day"><div class="card-body stack" id="legs">${values.legs.map((leg, number) => html`<fieldset class="leg-form" key=${number}><legend>Leg ${number + 1}: ${KINDS[leg.kind]}</legend><div class="leg-fields"><${Select} label="Kind" hideLabel=${false} id=${`legs[${number}].kind`} options=${KIND_OPTIONS} value=${leg.kind} onChange=${(value) => change("legs", number, "kind", value)} />${TEXTS.map(([name, label]) => part("legs", number, name, label, { maxlength: 80 }))}${DAYS.map(([name, label]) => part("legs", number, name, label, { type: "date" }))}</div>${values.legs.length > 1 ? html`<${Button} kind="small" aria-label=${`Remove leg ${number + 1}`} onClick=${() => without("legs", number)}>Remove<//>` : null}</fieldset>`)}<div><${Button} disabled=${values.legs.length >= 12} onClick=${() => form.set("legs", [...values.legs, LEG])}>Add a leg<//></div></div><//>
      <${Card} title="What it carries"><div class="card-body stack-s" id="lines">${values.lines.map((_, number) => html`<div class="line-form" key=${number}>${part("lines", number, "seller_sku", values.lines[number].order_number ? `SKU, of ${values.lines[number].order_number}` : "SKU", { maxlength: 80, readonly: Boolean(values.lines[number].order_id) })}${part("lines", number, "units", "Units", { inputmode: "numeric" })}${part("lines", number, "title", "Title (optional)", { maxlength: 200 })}${values.lines.length > 1 ? html`<${Button} kind="small" aria-label=${`Remove line ${number + 1}`} onClick=${() => without("lines", number)}>Remove<//>` : null}</div>`)}<div><${Button} disabled=${values.lines.length >= 40} onClick=${() => form.set("lines", [...values.lines, LINE])}>Add a line<//> <${Button} onClick=${() => setChoosing(true)}>From purchase orders…<//></div></div><//>
      <div class="form-actions"><${Button} type="submit" kind="primary" busy=${form.busy}>${card ? "Save" : "Enter the shipment"}<//><${ButtonLink} to=${back} kind="quiet">Cancel<//></div></form>${choosing ? html`<${OrderLines} taken=${new Set(values.lines.map((line) => `${line.order_id}|${line.line_id}`))} onTake=${take} onClose=${() => setChoosing(false)} />` : null}`;
}
