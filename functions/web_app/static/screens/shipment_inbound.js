// A shipment beside Amazon's inbound shipments: which belong to it, what Amazon took in, what is missing and claimed.
import { html, useRef, useState } from "../app/lib.js";
import { get, post, put } from "../app/api.js";
import { Bone, Button, Card, Dialog, Empty, ErrorSummary, Field, Notice, ProblemNotice, Select, State } from "../app/components.js";
import { InlineFigure } from "../app/figures.js";
import { useForm } from "../app/form.js";
import { count, day, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";

const CLAIM_STATES = { open: ["warn", "To be filed"], filed: ["", "Filed"], paid: ["good", "Paid"], denied: ["bad", "Denied"], dropped: ["off", "Dropped"] };
const CLAIM_OPTIONS = Object.entries(CLAIM_STATES).map(([value, [, label]]) => ({ value, label }));
const word = (status) => (status ? status.toLowerCase().replaceAll("_", " ") : "status unknown");
const sum = (units) => Object.values(units).reduce((total, each) => total + each, 0);

/** Choose which of Amazon's inbound shipments belong to the shipment; those most alike come first. */
function MatchDialog({ shipmentId, inbound, onDone, onClose }) {
  const { data, problem, reload } = useResource(`candidates:${shipmentId}`, (signal) => get(`shipments/${encodeURIComponent(shipmentId)}/inbound/candidates`, { signal }));
  const [chosen, setChosen] = useState(inbound.inbound.map((each) => each.inbound_id));
  const [state, setState] = useState({ busy: false, problem: null });
  if (!data && !problem) return null; // A dialog that grows while it is read would jump.
  const toggle = (id) => setChosen(chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id]);
  async function save() {
    setState({ busy: true, problem: null });
    try {
      onDone(await put(`shipments/${encodeURIComponent(shipmentId)}/inbound`, { inbound_ids: chosen, version: inbound.version }));
      toast("The match is kept");
    } catch (error) {
      setState({ busy: false, problem: error });
    }
  }
  const box = (id, words) => html`<label class="check" key=${id}><input type="checkbox" checked=${chosen.includes(id)} onChange=${() => toggle(id)} /><span>${words}</span></label>`;
  return html`<${Dialog} title="Amazon's inbound shipments" onClose=${onClose} class="wide">${problem || state.problem ? html`<${ProblemNotice} problem=${problem ?? state.problem} retry=${problem ? reload : undefined} compact />` : null}
    <p class="fine">Choose several when Amazon split the shipment; one may belong to several shipments when Amazon put them together.</p>
    <fieldset class="stack-s"><legend class="visually-hidden">Inbound shipments</legend>${inbound.inbound.map((each) => box(each.inbound_id, `${each.inbound_id}, ${word(each.status)}`))}${(data?.candidates ?? []).map((each) => box(each.inbound_id, `${each.inbound_id}${each.name ? `, ${each.name}` : ""}: ${plural(each.units, "unit")}, ${each.likeness.percent} % carried by this shipment${each.likeness.same_tracking ? ", same tracking number" : ""}, ${word(each.status)}${each.shared_with.length ? `, matched with ${plural(each.shared_with.length, "other shipment")}` : ""}`))}</fieldset>
    ${data && !data.candidates.length && !inbound.inbound.length ? html`<${Empty} icon="search" title="None looks like it">${plural(data.examined, "inbound shipment")} of this account ${data.examined === 1 ? "was" : "were"} compared by SKU, units and tracking number.<//>` : null}
    <div class="form-actions"><${Button} kind="primary" busy=${state.busy} onClick=${save}>Keep<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div><//>`;
}

/** What is claimed of a SKU that is missing. Claims are made in Seller Central; here is written down how they stand. */
function ClaimDialog({ shipmentId, version, inboundId, line, claim, evidence, onDone, onClose }) {
  const form = useForm({ units: String(claim?.units ?? line.missing.value), state: claim?.state ?? "open", case_id: claim?.case_id ?? "", note: claim?.note ?? "" }, {
    check: (values) => ({ units: /^\d+$/.test(values.units.trim()) ? "" : "Enter a whole number; 0 takes the claim out" }),
    submit: async (values) => onDone(await put(`shipments/${encodeURIComponent(shipmentId)}/claims`, { ...values, units: Number(values.units), version, inbound_id: inboundId, seller_sku: line.seller_sku })),
  });
  return html`<${Dialog} title=${`Claim for ${line.seller_sku}`} onClose=${onClose}><form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ units: "Units" }} /><ul class="plain-list">${evidence.map((each) => html`<li key=${each.kind}><${State} kind=${each.there ? "good" : "off"}>${each.there ? "There" : "Not here"}<//> ${each.what}</li>`)}</ul>
    <div class="field-pair"><${Field} label="Units claimed" hint="0 takes the claim out" inputmode="numeric" ...${form.bind("units")} /><${Select} label="How it stands" hideLabel=${false} options=${CLAIM_OPTIONS} value=${form.values.state} onChange=${(value) => form.set("state", value)} /></div><${Field} label="Amazon's case number (optional)" maxlength="40" ...${form.bind("case_id")} /><${Field} label="Note (optional)" maxlength="200" ...${form.bind("note")} />
    <div class="form-actions"><${Button} type="submit" kind="primary" busy=${form.busy}>Keep<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div><p class="fine">Claims are made in Seller Central; Quayside keeps the deadline and how they stand.</p></form><//>`;
}

/** The card; `onArrived` gets the shipment after units were entered as arrived, `onChange` is told of other changes. */
export function Inbound({ shipment, onArrived, onChange }) {
  const id = shipment.shipment_id;
  const { data: fresh, problem, reload, put: show } = useResource(`inbound:${id}:${shipment.version}`, (signal) => get(`shipments/${encodeURIComponent(id)}/inbound`, { signal }));
  const last = useRef(null);
  if (fresh) last.current = { id, data: fresh };
  // What was there stays until the shipment's next version is read.
  const data = fresh ?? (last.current?.id === id ? last.current.data : null);
  const [matching, setMatching] = useState(false);
  const [claiming, setClaiming] = useState(null);
  const [failed, setFailed] = useState(null);
  const manage = may("supply_chain.manage") && shipment.state !== "cancelled";
  const changed = (made) => { setMatching(false); setClaiming(null); show(made); onChange(); };
  async function takeIn() {
    setFailed(null);
    try {
      onArrived(await post(`shipments/${encodeURIComponent(id)}/inbound/arrivals`, { version: data.version }));
    } catch (error) {
      setFailed(error);
    }
  }
  const claimOf = (inboundId, sku) => data.claims.find((each) => each.inbound_id === inboundId && each.seller_sku === sku);
  const waiting = data ? sum(data.to_take_in) : 0;
  const rows = (data?.inbound ?? []).flatMap((each) => each.lines.map((line) => ({ each, line, claim: claimOf(each.inbound_id, line.seller_sku) })));
  return html`<${Card} title="At Amazon" about=${data?.inbound.length ? plural(data.inbound.length, "inbound shipment") : null} end=${manage && data ? html`<${Button} kind="small" onClick=${() => setMatching(true)}>Match…<//>` : null}>
    ${problem || failed ? html`<div class="inset"><${ProblemNotice} problem=${problem ?? failed} retry=${problem ? reload : undefined} compact /></div>` : null}
    ${!data ? problem ? null : html`<div class="card-body tight"><${Bone} width="24ch" /></div>`
      : !data.inbound.length ? html`<div class="card-body tight"><p class="fine">No inbound shipment of Amazon's is matched yet.</p></div>`
        : html`<div class="card-body tight stack-s">${waiting ? html`<${Notice} title=${`Amazon took in ${plural(waiting, "unit")} more`} actions=${manage && !["closed"].includes(shipment.state) ? html`<${Button} kind="small primary" busy=${!fresh} onClick=${takeIn}>Enter them as arrived<//>` : null}><p>They go into the purchase orders and their costs, not into your own stock.</p><//>` : null}
            ${sum(data.not_announced) ? html`<p class="fine">${Object.entries(data.not_announced).map(([sku, units]) => `${sku}: ${plural(units, "unit")}`).join(", ")} ${sum(data.not_announced) === 1 ? "is" : "are"} in no matched inbound shipment.</p>` : null}
            <ul class="plain-list">${data.inbound.map((each) => html`<li key=${each.inbound_id}><strong>${each.inbound_id}</strong> ${[each.known ? word(each.status) : "no longer told of by Amazon", each.destination, each.shared_with.length ? `also holds ${plural(each.shared_with.length, "other shipment")}` : ""].filter(Boolean).join(" · ")}${each.claim_by ? html` <${State} kind="warn">Claim by ${day(each.claim_by, { year: true })}<//>` : null}</li>`)}</ul></div>
          <div class="table-wrap"><table class="rows own-table"><thead><tr><th>SKU</th><th class="number">Sent</th><th class="number">Taken in</th><th class="number">Missing</th></tr></thead><tbody>${rows.map(({ each, line, claim }) => html`<tr key=${each.inbound_id + line.seller_sku}><td><strong>${line.seller_sku}</strong><small>${each.inbound_id}</small>${claim ? html`<small><${State} kind=${CLAIM_STATES[claim.state][0]}>${CLAIM_STATES[claim.state][1]}<//></small>` : null}${manage && line.missing.value > 0 ? html`<small><${Button} kind="small" aria-label=${`Claim for ${line.seller_sku} of ${each.inbound_id}`} onClick=${() => setClaiming({ inboundId: each.inbound_id, line, claim })}>${claim ? "Change" : "Claim…"}<//></small>` : null}</td><td class="number">${count(line.expected)}</td><td class="number">${line.received === null ? "–" : count(line.received)}</td><td class="number"><${InlineFigure} title=${`Missing of ${line.seller_sku}`} figure=${line.missing} /></td></tr>`)}</tbody></table></div>`}
    ${matching ? html`<${MatchDialog} shipmentId=${id} inbound=${data} onDone=${changed} onClose=${() => setMatching(false)} />` : null}
    ${claiming ? html`<${ClaimDialog} shipmentId=${id} version=${data.version} evidence=${data.evidence} ...${claiming} onDone=${changed} onClose=${() => setClaiming(null)} />` : null}<//>`;
}
