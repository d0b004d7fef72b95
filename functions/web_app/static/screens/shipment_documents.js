// The documents of a shipment: sent straight to where uploads arrive, checked by the server, saved and removed.
import { html, useRef, useState } from "../app/lib.js";
import { get, post, Problem, put } from "../app/api.js";
import { Button, Card, Dialog, Icon, ProblemNotice, Select } from "../app/components.js";
import { fileSize, moment, percent, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { may, me } from "../app/session.js";
import { toast } from "../app/shell.js";

const KINDS = { commercial_invoice: "Commercial invoice", packing_list: "Packing list", bill_of_lading: "Bill of lading", air_waybill: "Air waybill", customs_declaration: "Customs declaration", certificate: "Certificate", proof_of_delivery: "Proof of delivery", other: "Other document" };
const TYPES = { "application/pdf": "PDF", "image/png": "PNG", "image/jpeg": "JPEG", "text/csv": "CSV", "text/plain": "Text" };
const ENDINGS = ".pdf,.png,.jpg,.jpeg,.csv,.txt";
const SIGNS = [[/proof.?of.?delivery|\bpod\b/, "proof_of_delivery"], [/pack(ing)?.?list/, "packing_list"], [/air.?way|\bh?awb\b/, "air_waybill"], [/lading|\b[hm]?bl\b/, "bill_of_lading"], [/customs|declaration|entry.?summary|7501/, "customs_declaration"], [/certificat/, "certificate"], [/invoice|\binv\b/, "commercial_invoice"]];
const BY_NAME = "";
const KIND_OPTIONS = [{ value: BY_NAME, label: "Told by the file's name" }, ...Object.entries(KINDS).map(([value, label]) => ({ value, label }))];

/** What a document is to the shipment, as far as its name says. */
const kindOf = (name) => SIGNS.find(([sign]) => sign.test(name.toLowerCase().replaceAll("_", " ")))?.[1] ?? "other";
const who = (memberId) => (memberId === me.value?.member.member_id ? "you" : "a colleague");
const pathOf = (shipmentId) => `shipments/${encodeURIComponent(shipmentId)}/documents`;

/** The documents of a shipment; the screen waits for them, so that nothing moves when they come. */
export const useDocuments = (shipmentId) => useResource(shipmentId === null ? null : `documents:${shipmentId}`, (signal) => get(pathOf(shipmentId), { signal }));

/** Send a file by a form that is signed for it; `onPart` hears how much of it is on its way, from 0 to 1. */
function send(form, file, onPart) {
  const failed = (title, detail, action) => new Problem({ title, detail, action });
  return new Promise((resolve, reject) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
    body.append("file", file);
    const request = new XMLHttpRequest();
    request.upload.onprogress = (event) => onPart(event.total ? event.loaded / event.total : 0);
    request.onload = () => {
      if (request.status < 300) resolve();
      else if (/EntityToo(Large|Small)/.test(request.responseText)) reject(failed("The file changed while it was sent", "It has another size now than when it was chosen.", "Choose it again."));
      else reject(failed("The store for files refused it", `It answered with status ${request.status}; a form is good for five minutes.`, "Choose the file again."));
    };
    request.onerror = () => reject(failed("The file could not be sent", "The connection broke off, or the file was moved or changed.", "Check the connection, then choose it again."));
    request.open("POST", form.url);
    request.send(body);
  });
}

function RemoveDialog({ shipmentId, document: item, onDone, onClose }) {
  const [state, setState] = useState({ busy: false, problem: null });
  async function remove() {
    setState({ busy: true, problem: null });
    try {
      onDone(await post(`${pathOf(shipmentId)}/${encodeURIComponent(item.document_id)}/remove`));
      toast(`${item.name} is removed`);
    } catch (problem) {
      setState({ busy: false, problem });
    }
  }
  return html`<${Dialog} title="Remove this document?" onClose=${onClose}><div class="stack-s">${state.problem ? html`<${ProblemNotice} problem=${state.problem} compact />` : null}<p><strong>${item.name}</strong> is deleted for good. That it was here, who removed it and when stays.</p>
    <div class="form-actions"><${Button} kind="danger" busy=${state.busy} onClick=${remove}>Remove<//><${Button} kind="quiet" onClick=${onClose}>Keep it<//></div></div><//>`;
}

/** One file on its way, or what came in its way. */
function Sending({ item, onDrop }) {
  if (item.problem) return html`<li class="sending-file"><${ProblemNotice} problem=${new Problem({ ...item.problem, title: `${item.name}: ${item.problem.title}` })} compact /><${Button} kind="small" onClick=${onDrop} aria-label=${`Take ${item.name} off the list`}>Take off the list<//></li>`;
  const words = item.part === null ? "is being checked" : `${percent(item.part)} sent`;
  return html`<li class="sending-file"><span>${item.name} <small>${words}</small></span><progress max="1" value=${item.part ?? undefined} aria-label=${`${item.name}: ${words}`}></progress></li>`;
}

/** The card; `list` is what `useDocuments` read, `show` takes the list after a change. */
export function Documents({ shipmentId, list, problem, reload, show }) {
  const [kind, setKind] = useState(BY_NAME);
  const [sending, setSending] = useState([]);
  const [over, setOver] = useState(false);
  const [removing, setRemoving] = useState(null);
  const [failed, setFailed] = useState(null);
  const number = useRef(0);
  const manage = may("supply_chain.manage");
  const change = (id, changed) => setSending((old) => old.map((each) => (each.id === id ? { ...each, ...changed } : each)));
  const drop = (id) => setSending((old) => old.filter((each) => each.id !== id));

  async function attach(file) {
    const id = (number.current += 1);
    setSending((old) => [...old, { id, name: file.name, part: 0, problem: null }]);
    try {
      const form = await post(pathOf(shipmentId), { name: file.name.slice(-300), size: file.size });
      await send(form, file, (part) => change(id, { part }));
      change(id, { part: null });
      show(await put(`${pathOf(shipmentId)}/${encodeURIComponent(form.document_id)}`, { name: file.name.slice(-300), kind: kind === BY_NAME ? kindOf(file.name) : kind }));
      drop(id);
      toast(`${file.name} is attached`);
    } catch (error) {
      change(id, { problem: error });
    }
  }
  async function attachAll(files) {
    // One after the other: each change of the list follows the one before it.
    for (const file of files) await attach(file);
  }
  async function save(item) {
    setFailed(null);
    try {
      window.location.assign((await get(`${pathOf(shipmentId)}/${encodeURIComponent(item.document_id)}/link`)).url);
    } catch (error) {
      setFailed(error);
    }
  }
  const onDrop = (event) => {
    event.preventDefault();
    setOver(false);
    attachAll([...event.dataTransfer.files]);
  };
  const choose = (event) => {
    const files = [...event.currentTarget.files];
    event.currentTarget.value = ""; // The same file chosen again is a choice too.
    attachAll(files);
  };
  const room = list ? list.documents.length < list.most : false;
  return html`<${Card} title="Documents" about=${list?.documents.length ? plural(list.documents.length, "document") : null}>
    ${problem || failed ? html`<div class="inset"><${ProblemNotice} problem=${problem ?? failed} retry=${problem ? reload : undefined} compact /></div>` : null}
    ${list ? html`<div class="card-body tight stack-s">
      ${list.documents.length ? html`<ul class="document-list">${list.documents.map((item) => html`<li key=${item.document_id}><span class="document-name"><button type="button" class="link-button" onClick=${() => save(item)} aria-label=${`Save ${item.name}`}>${item.name}</button><small>${KINDS[item.kind]} · ${TYPES[item.content_type]}, ${fileSize(item.size)} · <time datetime=${item.attached_at}>${moment(item.attached_at)}</time> by ${who(item.attached_by)}</small></span>${manage ? html`<${Button} kind="small" onClick=${() => setRemoving(item)} aria-label=${`Remove ${item.name}`}>Remove…<//>` : null}</li>`)}</ul>` : html`<p class="fine">No documents yet: invoices, packing lists, bills of lading and the like can be kept here.</p>`}
      ${sending.length ? html`<ul class="document-list" aria-live="polite">${sending.map((item) => html`<${Sending} key=${item.id} item=${item} onDrop=${() => drop(item.id)} />`)}</ul>` : null}
      ${manage && room ? html`<div class=${`document-drop ${over ? "is-over" : ""}`} onDragOver=${(event) => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)} onDrop=${onDrop}>
        <${Select} label="What it is" hideLabel=${false} options=${KIND_OPTIONS} value=${kind} onChange=${setKind} /><label class="button file-choice"><${Icon} name="file" />Choose files<input class="visually-hidden" type="file" multiple accept=${ENDINGS} onChange=${choose} /></label><span class="wide-only">or drop them here</span>
        <p class="fine">${list.accepted}; up to ${fileSize(list.limit_bytes)} each, ${list.most} in all. Files are told by their content, not by their name. Word and Excel files may hold macros and are not taken: save them as PDF or CSV.</p></div>` : null}
      ${manage && !room ? html`<p class="fine">The shipment has ${list.most} documents, which is as many as it may have. Remove one to attach another.</p>` : null}
      ${list.removed.length ? html`<details class="document-removed"><summary>${plural(list.removed.length, "removed document")}</summary><ul class="plain-list">${list.removed.map((item) => html`<li key=${item.document_id}>${item.name} <small>${KINDS[item.kind]}, removed <time datetime=${item.removed_at}>${moment(item.removed_at)}</time> by ${who(item.removed_by)}</small></li>`)}</ul></details>` : null}</div>` : null}
    ${removing ? html`<${RemoveDialog} shipmentId=${shipmentId} document=${removing} onDone=${(made) => { setRemoving(null); show(made); }} onClose=${() => setRemoving(null)} />` : null}<//>`;
}
