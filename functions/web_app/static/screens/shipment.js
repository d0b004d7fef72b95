import { html, useState } from "../app/lib.js";
import { get, post, put } from "../app/api.js";
import { Bone, Button, ButtonLink, Card, Dialog, Empty, ErrorSummary, Field, Icon, Link, Notice, PageHead, ProblemNotice } from "../app/components.js";
import { InlineFigure } from "../app/figures.js";
import { useForm } from "../app/form.js";
import { count, day, dayOf, moment, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { go, place, setQuery } from "../app/router.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { nameOf, useConnections } from "./marketplaces.js";
import { Documents, useDocuments } from "./shipment_documents.js";
import { Editor, draftOf } from "./shipment_form.js";
import { Inbound } from "./shipment_inbound.js";
import { arrivalWords, EVENTS, KINDS, laneWords, Late, ShipmentState } from "./shipment_words.js";

const WHAT = { entered: "Entered", changed: "Changed", received: "Arrived", taken_back: "Receipt taken back", matched: "Matched with Amazon's", claimed: "Claim", close: "Closed", cancel: "Cancelled", reopen: "Reopened" };
const BASES = { actual: "", measured: "expected, as measured", planned: "expected, as planned", unknown: "nothing says when" };

const planned = (leg) => (leg.planned_start || leg.planned_end ? `${leg.planned_start ? day(leg.planned_start) : "?"} to ${leg.planned_end ? day(leg.planned_end) : "?"}` : "–");
const really = (leg) => [leg.start ? day(leg.start) : "?", leg.end ? day(leg.end) : "?"].join(" to ");

/** The next day to write down of a leg: it began, or it ended. */
function DayDialog({ card, number, name, onDone, onClose }) {
  const leg = card.shipment.legs[number];
  const form = useForm({ day: dayOf(new Date()) }, {
    check: (values) => ({ day: values.day ? "" : "Choose a day" }),
    submit: async (values) => {
      const draft = draftOf(card);
      draft.legs[number] = { ...draft.legs[number], [name]: values.day };
      const made = await put(`shipments/${encodeURIComponent(card.shipment.shipment_id)}`, { shipment: draft, version: card.shipment.version });
      toast(`${KINDS[leg.kind]}: ${name === "actual_start" ? "began" : "ended"} ${day(values.day)}`);
      onDone(made);
    },
  });
  const words = name === "actual_start" ? "began" : "ended";
  return html`<${Dialog} title=${`${KINDS[leg.kind]} ${words}`} onClose=${onClose}><form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ day: "Day", [`legs[${number}].${name}`]: "Day" }} /><${Field} label=${`The day it ${words}`} type="date" ...${form.bind("day")} />
    <div class="form-actions"><${Button} type="submit" kind="primary" busy=${form.busy}>Write it down<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></form><//>`;
}

/** Enter what arrived: good units and damaged ones, line by line. */
function ArrivalDialog({ card, onDone, onClose }) {
  const lines = card.lines.map((line, number) => ({ ...line, number, left: Math.max(0, line.units - (line.received ?? 0)) }));
  const initial = { received_on: dayOf(new Date()), note: "", ...Object.fromEntries(lines.flatMap((line) => [[`units${line.number}`, String(line.left)], [`damaged${line.number}`, "0"]])) };
  const form = useForm(initial, {
    check: (values) => ({ received_on: values.received_on ? "" : "Choose a day", ...Object.fromEntries(lines.flatMap((line) => ["units", "damaged"].map((name) => [`${name}${line.number}`, /^\d+$/.test(values[`${name}${line.number}`].trim()) ? "" : "Enter a whole number, 0 or more"]))) }),
    submit: async (values) => {
      const arrived = lines.map((line) => ({ line: line.number, units: Number(values[`units${line.number}`]), damaged: Number(values[`damaged${line.number}`]) })).filter((line) => line.units || line.damaged);
      const made = await post(`shipments/${encodeURIComponent(card.shipment.shipment_id)}/arrivals`, { version: card.shipment.version, received_on: values.received_on, arrived, note: values.note });
      toast("What arrived is entered");
      onDone(made);
    },
  });
  const labels = Object.fromEntries([["received_on", "Day"], ...lines.flatMap((line) => [[`units${line.number}`, `${line.seller_sku}, good`], [`damaged${line.number}`, `${line.seller_sku}, damaged`]])]);
  return html`<${Dialog} title="What arrived" onClose=${onClose} class="wide"><form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${labels} /><${Field} label="The day it arrived" type="date" ...${form.bind("received_on")} />
    ${lines.map((line) => html`<fieldset class="leg-form" key=${line.number}><legend>${line.seller_sku}${line.order_number ? `, ${line.order_number}` : ""}: ${plural(line.left, "unit")} to come</legend><div class="field-pair"><${Field} label="Good" inputmode="numeric" ...${form.bind(`units${line.number}`)} /><${Field} label="Damaged" inputmode="numeric" ...${form.bind(`damaged${line.number}`)} /></div></fieldset>`)}
    <${Field} label="Note (optional)" maxlength="200" ...${form.bind("note")} /><div class="form-actions"><${Button} type="submit" kind="primary" busy=${form.busy}>Enter<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></form><//>`;
}

function Legs({ card, onAsk }) {
  const { shipment } = card;
  const open = may("supply_chain.manage") && !["closed", "cancelled"].includes(shipment.state);
  const next = shipment.legs.map((leg, number) => {
    if (!open || leg.actual_end) return null;
    const before = shipment.legs[number - 1];
    if (!leg.actual_start) return !before || before.actual_start ? "actual_start" : null;
    return !before || before.actual_end ? "actual_end" : null;
  });
  return html`<${Card} title="Legs" about=${plural(shipment.legs.length, "leg")}><div class="table-wrap"><table class="rows legs-table"><thead><tr><th>Leg</th><th class="wide-only">Planned</th><th>Days</th><th><span class="visually-hidden">What comes next</span></th></tr></thead><tbody>${shipment.legs.map((leg, number) => html`<tr key=${number}><td><strong>${KINDS[leg.kind]}</strong><small>${[laneWords(leg), leg.carrier, leg.tracking].filter(Boolean).join(" · ") || "\u00a0"}</small></td><td class="wide-only">${planned(leg)}</td>
    <td>${really(leg)} <${Late} days=${leg.late_days} /><small>${[BASES[leg.basis], leg.estimate ? `median ${leg.estimate.median_days} days of ${leg.estimate.observations} legs` : ""].filter(Boolean).join(", ") || "as it was"}</small></td><td class="number">${next[number] ? html`<${Button} kind="small" onClick=${() => onAsk({ number, name: next[number] })} aria-label=${`${KINDS[leg.kind]} ${next[number] === "actual_start" ? "began" : "ended"}`}>${next[number] === "actual_start" ? "It began" : "It ended"}<//>` : null}</td></tr>`)}</tbody></table></div><//>`;
}

function Lines({ card, onReceive }) {
  const receivable = may("supply_chain.manage") && ["under_way", "arrived"].includes(card.shipment.state) && !card.pending;
  return html`<${Card} title="What it carries" about=${plural(card.shipment.units, "unit")} end=${receivable ? html`<${Button} kind="small" onClick=${onReceive}>Enter what arrived…<//>` : null}><div class="table-wrap"><table class="rows own-table"><thead><tr><th>SKU</th><th class="number">Units</th><th class="number">Arrived</th><th class="number wide-only">Still to come</th></tr></thead><tbody>${card.lines.map((line, number) => html`<tr key=${number}><td><strong>${line.seller_sku}</strong><small>${[line.title, line.order_number].filter(Boolean).join(" · ") || "\u00a0"}</small></td><td class="number">${count(line.units)}</td><td class="number">${count(line.received ?? 0)}${line.damaged ? html`<small>${count(line.damaged)} damaged</small>` : null}</td><td class="number wide-only">${count(Math.max(0, line.units - (line.received ?? 0)))}</td></tr>`)}</tbody></table></div><//>`;
}

function History({ card }) {
  return html`<${Card} title="What happened"><div class="card-body tight"><ol class="rules">${card.history.map(({ at, what, about }, number) => html`<li key=${number}><time datetime=${at}>${moment(at)}</time><span>${WHAT[what] ?? what}${about ? `: ${about}` : ""}</span></li>`)}</ol></div><//>`;
}

function Shown({ card, documents, reload, put: show }) {
  const [asking, setAsking] = useState(null);
  const [receiving, setReceiving] = useState(false);
  const [failed, setFailed] = useState(null);
  const { shipment } = card;
  const destination = shipment.destination === "amazon" ? "straight to Amazon" : "to your own stock";
  async function move(event) {
    setFailed(null);
    try {
      show(await post(`shipments/${encodeURIComponent(shipment.shipment_id)}/moves`, { event, version: shipment.version }));
    } catch (problem) {
      setFailed(problem);
    }
  }
  async function finish() {
    setFailed(null);
    try {
      show(await post(`shipments/${encodeURIComponent(shipment.shipment_id)}/arrivals/finish`));
    } catch (problem) {
      setFailed(problem);
      reload();
    }
  }
  const manage = may("supply_chain.manage");
  return html`<${PageHead} crumb=${html`<${Link} to="/shipments"><${Icon} name="back" size=${14} />Shipments<//>`} title=${shipment.name} about=${html`<span class="about-line"><${ShipmentState} shipment=${shipment} /><${Late} days=${shipment.late_days} /><span>${arrivalWords(shipment)}</span></span>`}>${manage ? html`${card.events.map((event) => html`<${Button} key=${event} kind=${event === "cancel" ? "danger" : ""} onClick=${() => move(event)}>${EVENTS[event]}<//>`)}${["closed", "cancelled"].includes(shipment.state) ? null : html`<${Button} kind="primary" onClick=${() => setQuery({ edit: "1" })}>Change<//>`}` : null}<//>
    ${failed ? html`<div class="gap-below"><${ProblemNotice} problem=${failed} retry=${reload} compact /></div>` : null}
    ${card.pending && manage ? html`<div class="gap-below"><${Notice} kind="warn" title="A receipt was begun and not finished" actions=${html`<${Button} kind="small primary" onClick=${finish}>Finish it<//>`}><p>Finishing enters it once, however often it is tried.</p><//></div>` : null}
    <div class="order-grid"><div class="stack"><${Legs} card=${card} onAsk=${setAsking} /><${Lines} card=${card} onReceive=${() => setReceiving(true)} /><${Documents} shipmentId=${shipment.shipment_id} list=${documents.data} problem=${documents.problem} reload=${documents.reload} show=${documents.put} /><${Inbound} shipment=${shipment} onArrived=${show} onChange=${reload} /></div><div class="stack">
      <${Card} title="At a glance"><div class="card-body tight"><dl class="facts">${["arrived", "closed"].includes(shipment.state) ? null : html`<dt>Arrives in</dt><dd>${card.arrives_in.value === null ? html`<${InlineFigure} title="Arrives in" figure=${card.arrives_in} />` : html`<${InlineFigure} title="Arrives in" figure=${card.arrives_in} /> days`}</dd>`}<dt>Goes</dt><dd>${destination}</dd><dt>Sold in</dt><dd>${nameOf(shipment.marketplace_id)}</dd>${shipment.orders.length ? html`<dt>Orders</dt><dd>${shipment.orders.join(", ")}</dd>` : null}</dl></div><//>
      <${History} card=${card} /></div></div>
    ${asking ? html`<${DayDialog} card=${card} ...${asking} onClose=${() => setAsking(null)} onDone=${(made) => { setAsking(null); show(made); }} />` : null}${receiving ? html`<${ArrivalDialog} card=${card} onClose=${() => setReceiving(false)} onDone=${(made) => { setReceiving(false); show(made); }} />` : null}`;
}

export function Screen({ shipment_id: shipmentId }) {
  const isNew = shipmentId === "new";
  const editing = isNew || place.value.query.get("edit") === "1";
  const { connections } = useConnections();
  const { data: card, problem, reload, put: show } = useResource(isNew ? null : `shipment:${shipmentId}`, (signal) => get(`shipments/${encodeURIComponent(shipmentId)}`, { signal }));
  const documents = useDocuments(isNew || editing ? null : shipmentId);
  const { data: places } = useResource("locations:", (signal) => get("inventory/locations", { signal }));
  const crumb = html`<${Link} to="/shipments"><${Icon} name="back" size=${14} />Shipments<//>`;
  if (problem?.status === 404) return html`<${PageHead} crumb=${crumb} title="Shipment not found" /><div class="card"><${Empty} icon="stock" title="No such shipment here" action=${html`<${ButtonLink} to="/shipments">All shipments<//>`}>It may have been entered by another organisation, or the address is mistyped.<//></div>`;
  if ((!isNew && !card) || (editing && (!connections || !places)) || (!editing && !documents.data && !documents.problem)) return html`<${PageHead} crumb=${crumb} title=${isNew ? "New shipment" : "Shipment"} about=${problem ? "It could not be read." : html`<${Bone} width="24ch" />`} />${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : html`<div class="card bone-card" role="status" aria-label="Loading the shipment"></div>`}`;
  if (editing && !may("supply_chain.manage")) return html`<${PageHead} crumb=${crumb} title="Shipment" /><${Notice} kind="warn" title="Your role can read shipments, not change them"><p>Ask an owner or admin of your organisation.</p><//>`;
  if (editing) return html`<${Editor} card=${isNew ? null : card} connections=${connections} places=${places.locations} onDone=${(made) => { if (isNew) go(`/shipments/${encodeURIComponent(made.shipment.shipment_id)}`, { replace: true }); else { show(made); setQuery({ edit: "" }, { replace: true }); } }} />`;
  return html`<${Shown} card=${card} documents=${documents} reload=${reload} put=${show} />`;
}
