import { html, useState } from "../app/lib.js";
import { get, post } from "../app/api.js";
import { Ago, Bone, Button, ButtonLink, Card, Dialog, Empty, ErrorSummary, Field, Icon, Link, Notice, PageHead, ProblemNotice, Select, State } from "../app/components.js";
import { InlineFigure } from "../app/figures.js";
import { useForm } from "../app/form.js";
import { count, day, money, moment, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { amount } from "./money_words.js";
import { CHARGES, EVENTS, handOver, newId, PurchaseState, termsWords, WAITS } from "./purchase_words.js";

const today = () => new Date().toISOString().slice(0, 10);
const MOVES = { send: "Mark as sent", confirm: "Mark as confirmed", start_production: "Production has started", close: "Close", reopen: "Back to draft", cancel: "Cancel the order" };
const FORWARD = ["approve", "send", "confirm", "start_production", "close"];
const BY = [{ value: "value", label: "Value" }, { value: "weight", label: "Weight of the cartons" }, { value: "volume", label: "Volume of the cartons" }, { value: "units", label: "Units" }];
const whole = (text) => (/^\s*\d*\s*$/.test(text) ? "" : "has to be a whole number, 0 or more");

/** The moves that the order's state and this member's role allow. */
function Moves({ order, onDone, onProblem }) {
  const [busy, setBusy] = useState("");
  const [asking, setAsking] = useState("");
  async function make(event) {
    setBusy(event);
    setAsking("");
    try {
      const path = event === "approve" ? "approve" : "move";
      onDone(await post(`purchase-orders/${order.order_id}/${path}`, event === "approve" ? { step: order.step } : { step: order.step, event }));
    } catch (error) {
      onProblem(error);
    } finally {
      setBusy("");
    }
  }
  const open = Object.entries(order.moves).filter(([event, permission]) => may(permission) && (event === "approve" || event in MOVES)).map(([event]) => event);
  // What arrives is received first; closing is for what never will.
  const next = FORWARD.find((event) => open.includes(event) && (event !== "close" || order.state === "received"));
  const others = open.filter((event) => event !== next);
  return html`${others.map((event) => html`<${Button} key=${event} busy=${busy === event} onClick=${() => (event === "cancel" || event === "close" ? setAsking(event) : make(event))}>${MOVES[event]}${["cancel", "close"].includes(event) ? "…" : ""}<//>`)}
    ${next ? html`<${Button} kind=${order.moves.receive_part ? "" : "primary"} busy=${busy === next} onClick=${() => (next === "close" ? setAsking(next) : make(next))}>${next === "approve" ? `Approve ${money(order.total.amount_minor, order.total.currency)}` : MOVES[next]}${next === "close" ? "…" : ""}<//>` : null}
    ${asking ? html`<${Dialog} title=${asking === "cancel" ? `Cancel ${order.number}?` : `Close ${order.number}?`} onClose=${() => setAsking("")}><div class="stack-s"><p>${asking === "cancel" ? "It can't be opened again. Nothing of it stays on order." : "Nothing more can be received. What did not arrive is no longer on order, and what arrived bears all charges."}</p><div class="form-actions"><${Button} kind="primary" onClick=${() => make(asking)}>${asking === "cancel" ? "Cancel the order" : "Close the order"}<//><${Button} kind="quiet" onClick=${() => setAsking("")}>Go back<//></div></div><//>` : null}`;
}

function Receive({ order, onClose, onDone }) {
  const [receiptId] = useState(newId);
  const places = useResource("locations", (signal) => get("inventory/locations", { signal }));
  const open = (places.data?.locations ?? []).filter((each) => !each.closed_at);
  const options = [...open.map((each) => ({ value: each.location_id, label: each.name })), { value: "amazon", label: "Amazon checked it in" }];
  const first = Object.fromEntries(order.lines.flatMap((line) => [[`units-${line.line_id}`, String(line.to_come)], [`damaged-${line.line_id}`, ""]]));
  const form = useForm({ received_on: today(), destination: "", note: "", ...first }, {
    check: (values) => Object.fromEntries(Object.keys(first).map((name) => [name, whole(values[name])])),
    submit: async (values) => {
      const lines = order.lines.map((line) => [line.line_id, Number(values[`units-${line.line_id}`] || 0), Number(values[`damaged-${line.line_id}`] || 0)]).filter(([, units, damaged]) => units || damaged);
      onDone(await post(`purchase-orders/${order.order_id}/receipts`, { receipt_id: receiptId, received_on: values.received_on, destination: values.destination || options[0].value, lines, note: values.note }));
      toast("Received: own stock and cost lots follow");
    },
  });
  const labels = Object.fromEntries(order.lines.flatMap((line) => [[`units-${line.line_id}`, `${line.seller_sku}, good`], [`damaged-${line.line_id}`, `${line.seller_sku}, damaged`]]));
  const server = form.fields.filter((field) => !(field.name in labels)).map((field) => `${field.name}: ${field.text}`);
  return html`<${Dialog} title=${`Receive ${order.number}`} onClose=${onClose} class="wide"><form class="stack-s" onSubmit=${form.onSubmit} novalidate><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${labels} />
    ${server.length ? html`<ul class="plain-list">${server.map((text) => html`<li key=${text}>${text}</li>`)}</ul>` : null}
    <${Field} label="Arrived on" type="date" ...${form.bind("received_on")} /><${Select} label="Where" hideLabel=${false} options=${options} value=${form.values.destination || options[0].value} onChange=${(value) => form.set("destination", value)} />
    ${order.lines.map((line) => html`<fieldset class="purchase-line few" key=${line.line_id}><legend>${line.seller_sku}: ${plural(line.to_come, "unit")} to come</legend><${Field} label="Good" inputmode="numeric" ...${form.bind(`units-${line.line_id}`)} /><${Field} label="Damaged" inputmode="numeric" ...${form.bind(`damaged-${line.line_id}`)} /></fieldset>`)}
    <${Field} label="Note" ...${form.bind("note")} /><div class="form-actions"><${Button} kind="primary" type="submit" busy=${form.busy}>Receive<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></form><//>`;
}

function Charge({ order, onClose, onDone }) {
  const [chargeId] = useState(newId);
  const form = useForm({ kind: "freight", amount: "", currency: order.landed_currency, day: today(), allocate_by: "value", note: "" }, {
    submit: async (values) => {
      await post("procurement/charges", { ...values, amount: values.amount.trim().replace(",", "."), currency: values.currency.trim().toUpperCase(), charge_id: chargeId, covers: order.lines.map((line) => ({ order_id: order.order_id, line_id: line.line_id })) });
      toast("Shared out to the cent");
      onDone();
    },
  });
  const kinds = Object.entries(CHARGES).map(([value, label]) => ({ value, label }));
  return html`<${Dialog} title="Enter a charge" onClose=${onClose}><form class="stack-s" onSubmit=${form.onSubmit} novalidate><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ amount: "Amount", currency: "Currency", day: "Day of the bill" }} />
    <p class="fine">It is shared out once over all lines of this order; a bill for several orders is entered with a shipment.</p>
    <${Select} label="What for" hideLabel=${false} options=${kinds} value=${form.values.kind} onChange=${(value) => form.set("kind", value)} /><${Field} label="Amount" inputmode="decimal" ...${form.bind("amount")} /><${Field} label="Currency" hint=${`${order.landed_currency}, or another one with a rate for its day under Costs.`} ...${form.bind("currency")} /><${Field} label="Day of the bill" type="date" ...${form.bind("day")} />
    <${Select} label="Shared out by" hideLabel=${false} options=${BY} value=${form.values.allocate_by} onChange=${(value) => form.set("allocate_by", value)} /><${Field} label="Note" ...${form.bind("note")} />
    <div class="form-actions"><${Button} kind="primary" type="submit" busy=${form.busy}>Share it out<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></form><//>`;
}

function Pay({ order, onClose, onDone }) {
  const [paymentId] = useState(newId);
  const form = useForm({ paid_on: today(), amount: "", reference: "" }, {
    submit: async (values) => onDone(await post(`purchase-orders/${order.order_id}/payments`, { payment_id: paymentId, ...values, amount: values.amount.trim().replace(",", ".") })),
  });
  return html`<${Dialog} title=${`A payment for ${order.number}`} onClose=${onClose}><form class="stack-s" onSubmit=${form.onSubmit} novalidate><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ paid_on: "Paid on", amount: "Amount", reference: "Reference" }} />
    <${Field} label="Paid on" type="date" ...${form.bind("paid_on")} /><${Field} label="Amount" hint=${`In ${order.currency}.`} inputmode="decimal" ...${form.bind("amount")} /><${Field} label="Reference" hint="Such as the number of the transfer." ...${form.bind("reference")} />
    <div class="form-actions"><${Button} kind="primary" type="submit" busy=${form.busy}>Enter the payment<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></form><//>`;
}

function TakeBack({ label, path, onDone, onProblem }) {
  const [busy, setBusy] = useState(false);
  async function remove() {
    setBusy(true);
    try {
      await post(path);
      onDone();
    } catch (error) {
      onProblem(error);
    } finally {
      setBusy(false);
    }
  }
  return html`<${Button} kind="small" busy=${busy} onClick=${remove} aria-label=${label}>Take back<//>`;
}

function Lines({ order }) {
  const costs = new Map(order.costs.map((cost) => [cost.line_id, cost]));
  return html`<${Card} title="Lines" class="lines"><div class="table-wrap"><table class="lines-table"><thead><tr><th>Product</th><th class="number">Ordered</th><th class="number">Arrived</th><th class="number wide-only">Unit price</th><th class="number wide-only">Amount</th><th class="number">Landed</th></tr></thead>
    <tbody>${order.lines.map((line) => { const cost = costs.get(line.line_id); return html`<tr key=${line.line_id}><td><strong>${line.title || line.seller_sku}</strong><small>${line.title ? line.seller_sku : ""}</small></td><td class="number">${count(line.units)}</td><td class="number">${count(line.good)}${line.damaged ? html`<small>${count(line.damaged)} damaged</small>` : null}</td><td class="number wide-only">${line.unit_price} ${order.currency}</td><td class="number wide-only">${amount(line.total)}</td><td class="number">${cost ? html`<${InlineFigure} title=${`Landed cost of ${line.seller_sku}`} figure=${cost.landed} />${cost.unit ? html`<small>${cost.unit} each</small>` : null}` : html`<span class="fine">needs a rate</span>`}</td></tr>`; })}</tbody></table></div>
    <div class="sum"><dl><dt class="grand">Total</dt><dd class="grand">${amount(order.total)}</dd>${order.rate ? html`<dt>Rate used</dt><dd>1 ${order.rate.base} = ${order.rate.rate} ${order.rate.quote}, ${day(order.rate.day, { year: true })}, ${order.rate.source}</dd>` : null}</dl></div><//>`;
}

/** What taking a receipt back changes, before it is done; the receipt stays in sight with the reason. */
function TakeReceiptBack({ order, receipt, onClose, onDone, onProblem }) {
  const path = `purchase-orders/${order.order_id}/receipts/${encodeURIComponent(receipt.receipt_id)}/take-back`;
  const { data, problem, reload } = useResource(`taking-back:${path}:${order.step}`, (signal) => get(path, { signal }));
  const form = useForm({ reason: "" }, {
    check: (values) => ({ reason: values.reason.trim() ? "" : "Say why, for those who look later" }),
    submit: async (values) => {
      try {
        onDone(await post(path, { step: order.step, reason: values.reason.trim() }));
      } catch (error) {
        if (!error.versions) throw error;
        onClose();
        onProblem(error);
        return;
      }
      toast("The receipt is taken back");
    },
  });
  return html`<${Dialog} title=${`Take the receipt of ${day(receipt.received_on)} back?`} onClose=${onClose} class="wide"><form class="stack-s" onSubmit=${form.onSubmit} novalidate><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ reason: "Reason" }} />
    ${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact />` : null}${data ? html`${data.possible ? null : html`<${Notice} kind="warn" title="Not all of it is there any more"><p>Reverse what left by mistake under Stock, or enter what was found there; then take the receipt back.</p><//>`}
      <ul class="plain-list"><li>${order.number}: <${PurchaseState} state=${data.state} /> becomes <${PurchaseState} state=${data.next_state} />.</li>
        ${data.lines.map((line) => html`<li key=${line.line_id}><strong>${line.seller_sku}</strong>: ${plural(line.units, "good unit")}${line.damaged ? ` and ${count(line.damaged)} damaged` : ""} no longer count, ${count(line.to_come)} to come then.${line.problem ? ` Not possible: ${line.problem}.` : line.left === null ? "" : ` ${data.place}: ${count(line.left)} become ${count(line.left - line.units)}.`}</li>`)}
        <li>Cost lots of ${amount(data.withdrawn)} landed are withdrawn, and charges are shared out over the others anew. What was sold from them takes the cost of the lots after them, or has none until goods are received.</li>
        ${data.owed.amount_minor === data.next_owed.amount_minor ? null : html`<li>The order is owed ${amount(data.next_owed)} instead of ${amount(data.owed)}.</li>`}<li>A shipment that brought it and the supplier's scorecard follow. The receipt stays in sight, with your reason.</li></ul>
      <${Field} label="Reason" maxlength="200" ...${form.bind("reason")} />` : problem ? null : html`<p role="status"><${Bone} width="30ch" /></p>`}
    <div class="form-actions"><${Button} kind="primary" type="submit" disabled=${!data?.possible} busy=${form.busy}>Take it back<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></form><//>`;
}

function Receipts({ order, onDone, onProblem }) {
  const [asking, setAsking] = useState(null);
  const skus = new Map(order.lines.map((line) => [line.line_id, line.seller_sku]));
  const interrupted = order.receipts.some((each) => !each.posted);
  async function finish() {
    try {
      onDone(await post(`purchase-orders/${order.order_id}/receipts/finish`));
    } catch (error) {
      onProblem(error);
    }
  }
  return html`<${Card} title="What arrived">${interrupted ? html`<div class="inset"><${Notice} kind="warn" title="A receipt was interrupted" actions=${may("procurement.receive") ? html`<${Button} kind="small" onClick=${finish}>Finish it<//>` : null}><p>Own stock and cost lots do not know of all that arrived or was taken back yet. Nothing is entered twice.</p><//></div>` : null}
    ${order.receipts.length ? html`<ul class="datasets cost-list">${order.receipts.map((each) => html`<li key=${each.receipt_id}><div><strong>${day(each.received_on, { year: true })}</strong><small>${each.lines.map((line) => `${skus.get(line.line_id)} ${count(line.units)}${line.damaged ? ` and ${count(line.damaged)} damaged` : ""}`).join(", ")}${each.note ? ` · ${each.note}` : ""}</small>${each.taken_back ? html`<small>Taken back ${moment(each.taken_back.at)}: ${each.taken_back.reason}</small>` : null}</div><div class="dataset-end">${each.taken_back ? html`<${State} kind="off">Taken back<//>` : html`<span>${each.destination === "amazon" ? "at Amazon" : "own stock"}</span>${may("procurement.receive") ? html`<${Button} kind="small" onClick=${() => setAsking(each)} aria-label=${`Take the receipt of ${day(each.received_on)} back`}>Take back…<//>` : null}`}</div></li>`)}</ul>` : html`<div class="card-body tight"><p class="fine">Nothing yet.</p></div>`}${asking ? html`<${TakeReceiptBack} order=${order} receipt=${asking} onClose=${() => setAsking(null)} onDone=${(answer) => { setAsking(null); onDone(answer); }} onProblem=${onProblem} />` : null}<//>`;
}

function Money({ order, onCharge, onPay, refresh, onProblem }) {
  const manage = may("procurement.manage");
  const bears = !["draft", "cancelled"].includes(order.state);
  return html`<${Card} title="Charges" about="shared out over the lines" end=${manage && bears ? html`<${Button} kind="small" onClick=${onCharge}>Enter a charge<//>` : null}>${order.charges.length ? html`<ul class="datasets cost-list">${order.charges.map((each) => html`<li key=${each.charge_id}><div><strong>${CHARGES[each.kind]}</strong></div><div class="dataset-end"><span>${amount(each.amount)}</span>${manage ? html`<${TakeBack} label=${`Take ${CHARGES[each.kind]} back`} path=${`procurement/charges/${each.charge_id}/remove`} onDone=${refresh} onProblem=${onProblem} />` : null}</div></li>`)}</ul>` : html`<div class="card-body tight"><p class="fine">Freight, duty, insurance and the like make the landed cost.</p></div>`}<//>
    <${Card} title="Payment" about=${termsWords(order.terms)} end=${manage && order.schedule.length ? html`<${Button} kind="small" onClick=${onPay}>Enter a payment<//>` : null}>${order.schedule.length ? html`<ul class="datasets cost-list">${order.schedule.map((part) => html`<li key=${part.kind}><div><strong>${part.kind === "deposit" ? "Deposit" : "Balance"}</strong><small>${part.due_on ? `due ${day(part.due_on, { year: true })}` : `due ${WAITS[part.waits_for]}`} · ${part.paid.amount_minor ? html`${amount(part.paid)} paid` : "nothing paid"}</small></div><div class="dataset-end"><span>${amount(part.amount)}</span></div></li>`)}${order.payments.map((each) => html`<li key=${each.payment_id}><div><strong>Paid ${day(each.paid_on, { year: true })}</strong><small>${each.reference}</small></div><div class="dataset-end"><span>${amount(each.amount)}</span>${manage ? html`<${TakeBack} label=${`Take the payment of ${day(each.paid_on)} back`} path=${`purchase-orders/${order.order_id}/payments/${each.payment_id}/remove`} onDone=${refresh} onProblem=${onProblem} />` : null}</div></li>`)}</ul>` : html`<div class="card-body tight"><p class="fine">Nothing is owed before the order is sent.</p></div>`}${order.overpaid.amount_minor ? html`<div class="inset"><${Notice} kind="warn" title=${`${money(order.overpaid.amount_minor, order.overpaid.currency)} more was paid than is owed`}><p>Ask the supplier to credit it.</p><//></div>` : null}<//>`;
}

function History({ order }) {
  const { data, problem, reload } = useResource(`purchase-changes:${order.order_id}:${order.step}`, (signal) => get(`purchase-orders/${order.order_id}/changes`, { signal }));
  return html`<${Card} title="What happened"><div class="card-body tight">${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact />` : null}${data ? html`<ol class="rules">${data.changes.map((change) => html`<li key=${change.number}><time datetime=${change.at}>${moment(change.at)}</time><span>${EVENTS[change.event] ?? change.event}${change.day ? ` (${day(change.day)})` : ""}${change.detail ? `: ${change.detail}` : ""}${["amend", "draft"].includes(change.event) ? html` <${Link} to=${`/purchases/${order.order_id}/versions/${change.version}`}>Version ${change.version}<//>` : null}</span></li>`)}</ol>` : html`<p><${Bone} width="22ch" /></p>`}</div><//>`;
}

export function Screen({ order_id: orderId }) {
  const { data, problem, reload } = useResource(`purchase:${orderId}`, (signal) => get(`purchase-orders/${encodeURIComponent(orderId)}`, { signal }), { every: 30_000 });
  const [moved, setMoved] = useState(null);
  const [failed, setFailed] = useState(null);
  const [open, setOpen] = useState("");
  const order = moved && (!data || moved.step > data.step) ? moved : data;
  const done = (answer) => { setMoved(answer ?? null); setFailed(null); setOpen(""); reload(); };
  const crumb = html`<${Link} to="/purchases"><${Icon} name="back" size=${14} />Purchasing<//>`;
  if (problem?.status === 404) return html`<${PageHead} crumb=${crumb} title="Order not found" /><div class="card" key="missing"><${Empty} icon="file" title="No such purchase order here" action=${html`<${ButtonLink} to="/purchases">All orders<//>`}>It may belong to another organisation.<//></div>`;
  if (!order) return html`<${PageHead} waiting crumb=${crumb} title=${html`<${Bone} width="10ch" />`} about=${problem ? "This order could not be read." : html`<${Bone} width="24ch" />`} />${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : html`<div class="order-grid" key="wait" role="status" aria-label="Loading the order"><div class="card bone-card"></div><div class="stack"><div class="card bone-card low"></div><div class="card bone-card low"></div></div></div>`}`;
  const changed = failed?.versions;
  return html`<${PageHead} key="order" crumb=${crumb} title=${order.number} about=${html`<span class="about-line"><${PurchaseState} state=${order.state} /><span><${Link} to=${`/purchases/suppliers/${order.supplier_id}`}>${order.supplier_name}<//>, version ${order.version}${order.expected_on ? `, expected ${day(order.expected_on, { year: true })}` : ""}</span></span>`}>
      <${Button} onClick=${() => handOver(`purchase-orders/${order.order_id}/pdf`)}>PDF<//><${Button} onClick=${() => handOver(`purchase-orders/${order.order_id}/csv`)}>CSV<//>${order.moves.amend && may(order.moves.amend) ? html`<${ButtonLink} to=${`/purchases/${order.order_id}/edit`}>Amend<//>` : null}
      <${Moves} order=${order} onDone=${done} onProblem=${setFailed} />${(order.moves.receive_part || order.moves.receive_all) && may("procurement.receive") ? html`<${Button} kind=${order.state === "received" ? "" : "primary"} onClick=${() => setOpen("receive")}>Receive…<//>` : null}<//>
    ${failed ? html`<div class="gap-below">${changed ? html`<${Notice} kind="warn" live title="Somebody else changed this order" actions=${html`<${Button} kind="small" onClick=${() => done(null)}>Load it again<//>`}><p>It is ${changed.current.state.replaceAll("_", " ")} now, version ${changed.current.version}. What you did was not done.</p><//>` : html`<${ProblemNotice} problem=${failed} />`}</div>` : null}
    ${problem ? html`<div class="gap-below"><${ProblemNotice} problem=${{ ...problem, title: "This order could not be refreshed" }} retry=${reload} compact /></div>` : null}
    <div class="order-grid" key="body"><div class="stack"><${Lines} order=${order} /><${Receipts} order=${order} onDone=${done} onProblem=${setFailed} /><${History} order=${order} /></div><div class="stack"><${Money} order=${order} onCharge=${() => setOpen("charge")} onPay=${() => setOpen("pay")} refresh=${() => done(null)} onProblem=${setFailed} />
      <${Card} title="Agreed"><div class="card-body tight"><dl class="facts">${[["Incoterm", order.incoterm], ["Ship to", order.ship_to], ["Note", order.note], ["Came of", order.origin], ...Object.entries(order.days).map(([state, on]) => [html`<${PurchaseState} state=${state} />`, day(on, { year: true })])].filter(([, value]) => value).map(([label, value], at) => html`<dt key=${at}>${label}</dt><dd>${value}</dd>`)}</dl></div><//></div></div>
    ${open === "receive" ? html`<${Receive} order=${order} onClose=${() => setOpen("")} onDone=${done} />` : open === "charge" ? html`<${Charge} order=${order} onClose=${() => setOpen("")} onDone=${() => done(null)} />` : open === "pay" ? html`<${Pay} order=${order} onClose=${() => setOpen("")} onDone=${done} />` : null}`;
}

const CONTENT = [["Total", (version) => amount(version.total)], ["Expected", (version) => (version.expected_on ? day(version.expected_on, { year: true }) : "–")], ["Incoterm", (version) => version.incoterm ?? "–"], ["Payment", (version) => termsWords(version.terms)], ["Ship to", (version) => version.ship_to || "–"], ["Note", (version) => version.note || "–"]];

/** A version beside the one before it: what it changed. */
export function Version({ order_id: orderId, number }) {
  const path = (at) => `purchase-orders/${encodeURIComponent(orderId)}/versions/${at}`;
  const here = useResource(`purchase-version:${orderId}:${number}`, (signal) => get(path(number), { signal }));
  const first = Number(number) <= 1;
  const before = useResource(`purchase-version:${orderId}:${Number(number) - 1}`, (signal) => (first ? Promise.resolve({ lines: [] }) : get(path(Number(number) - 1), { signal })));
  const crumb = html`<${Link} to=${`/purchases/${orderId}`}><${Icon} name="back" size=${14} />Order<//>`;
  const problem = here.problem ?? before.problem;
  const old = new Map((before.data?.lines ?? []).map((line) => [line.line_id, line]));
  const words = (line) => (line ? `${count(line.units)} at ${line.unit_price}` : "–");
  const ids = [...new Set([...old.keys(), ...(here.data?.lines ?? []).map((line) => line.line_id)])];
  const now = new Map((here.data?.lines ?? []).map((line) => [line.line_id, line]));
  return html`<${PageHead} crumb=${crumb} title=${`Version ${number}`} about=${here.data ? html`Made <${Ago} at=${here.data.made_at} />` : html`<${Bone} width="16ch" />`} />
    ${problem ? html`<${ProblemNotice} problem=${problem} retry=${here.reload} />` : here.data && before.data ? html`<${Card} title=${first ? "What was agreed at first" : `What it changed of version ${Number(number) - 1}`}><div class="table-wrap"><table class="rows"><thead><tr><th>What</th>${first ? null : html`<th>Before</th>`}<th>Now</th></tr></thead><tbody>
      ${ids.map((id) => { const same = words(old.get(id)) === words(now.get(id)); return html`<tr key=${id}><td>${(now.get(id) ?? old.get(id)).seller_sku}${same || first ? null : html`<small>${!old.get(id) ? "added" : !now.get(id) ? "dropped" : "changed"}</small>`}</td>${first ? null : html`<td>${words(old.get(id))}</td>`}<td>${same || first ? words(now.get(id)) : html`<strong>${words(now.get(id))}</strong>`}</td></tr>`; })}
      ${CONTENT.map(([label, show]) => html`<tr key=${label}><td>${label}</td>${first ? null : html`<td>${show(before.data)}</td>`}<td>${show(here.data)}</td></tr>`)}</tbody></table></div><//>` : html`<div class="card bone-card" role="status" aria-label="Loading the version"></div>`}`;
}
