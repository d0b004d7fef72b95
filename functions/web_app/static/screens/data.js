import { html, useState } from "../app/lib.js";
import { get, post } from "../app/api.js";
import { Button, Card, Dialog, Empty, ErrorSummary, Field, Icon, Link, Meter, PageHead, ProblemNotice, State } from "../app/components.js";
import { useForm } from "../app/form.js";
import { count, fileSize, moment, sentence } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { may, me } from "../app/session.js";
import { toast } from "../app/shell.js";

const CAUSES = { disconnect: "You disconnected the account", revocation: "The permission was withdrawn at Amazon", disuse: "The key was of no use for 90 days", failure: "The account could not be connected", closure: "You closed the account", request: "Amazon asked for it" };
const STATES = { waiting: ["warn", "Waits"], running: ["busy", "Erasing"], done: ["good", "Erased"], withdrawn: ["off", "Called off"] };
const STAGES = { count: "Counting what there is", notes: "Clearing notes and queues", credentials: "Destroying the keys to the account", members: "Deleting sign-ins", facts: "Erasing", files: "Deleting files", read_back: "Reading everything back", receipt: "Signing the receipt" };
const DATASETS = { catalog: "Product details", fees: "Fee estimates", figures: "Daily figures", health: "Freshness", inbound: "Inbound shipments", runs: "Run log", tenant: "Organisation" };

const dataset = (name) => DATASETS[name] ?? sentence(name);
const subject = (item) => item.name ?? (item.connection_id ? `Connection ${item.connection_id}` : "Everything of this organisation");

/** Save a receipt as a file: exactly what was signed, the signature, and the key that checks it. */
function save(receipt) {
  const text = JSON.stringify({ document: receipt.document, signature: receipt.signature, public_key: receipt.public_key }, null, 2);
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = Object.assign(document.createElement("a"), { href: address, download: `quayside-erasure-${receipt.erasure_id}.json` });
  link.click();
  URL.revokeObjectURL(address);
}

function Erasure({ erasure, onChange }) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const [kind, words] = STATES[erasure.state];
  async function begin() {
    setBusy(true);
    setProblem(null);
    try {
      await post(`data/erasures/${encodeURIComponent(erasure.erasure_id)}/begin`);
      setAsking(false);
      toast("It begins within a quarter of an hour");
      onChange();
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  }
  const waits = erasure.state === "waiting";
  return html`<li><div class="erasure-line"><div><strong>${subject(erasure)}</strong><small>${CAUSES[erasure.cause]}, ${moment(erasure.requested_at)}</small></div><${State} kind=${kind}>${words}<//></div>
    ${waits ? html`<p>Erased from ${moment(erasure.begins_at)} on.${erasure.connection_id ? " Connect the account again before then and nothing is erased." : ""}</p>` : null}
    ${erasure.state === "running" ? html`<p>${STAGES[erasure.stage]}${erasure.items_total ? html`: ${count(erasure.items_done)} of ${count(erasure.items_total)} items` : ""}</p><${Meter} done=${erasure.items_done} total_estimate=${erasure.items_total} label="Erased" />` : null}
    ${waits && erasure.connection_id && may("connections.manage") ? html`<div class="form-actions"><${AskForExport} connectionId=${erasure.connection_id} label="Export first" onChange=${onChange} /><${Button} onClick=${() => setAsking(true)}>Erase now…<//></div>` : null}
    ${asking ? html`<${Dialog} title="Erase this data now?" onClose=${() => setAsking(false)}><${ErrorSummary} problem=${problem} /><p>Orders, stock, figures, reports: everything read from ${subject(erasure)} goes and cannot be brought back. Other connections keep theirs.</p><div class="form-actions"><${Button} kind="danger" busy=${busy} onClick=${begin}>Erase now<//><${Button} kind="quiet" onClick=${() => setAsking(false)}>Wait<//></div><//>` : null}</li>`;
}

const EXPORTS = { waiting: ["busy", "Waits"], running: ["busy", "Being made"], ready: ["good", "Ready"], failed: ["bad", "Not made"], ended: ["off", "Deleted"] };

/** Ask for an export of a connection, or of everything when there is none. */
function AskForExport({ connectionId = null, label, kind = "", onChange }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  async function ask() {
    setBusy(true);
    setProblem(null);
    try {
      await post("data/exports", { connection_id: connectionId });
      toast("The export is being made");
      onChange();
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  }
  return html`<${ErrorSummary} problem=${problem} /><${Button} kind=${kind} busy=${busy} onClick=${ask}>${label}<//>`;
}

function Export({ item }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const [kind, words] = EXPORTS[item.state];
  async function download() {
    setBusy(true);
    setProblem(null);
    try {
      window.location.assign((await post(`data/exports/${encodeURIComponent(item.export_id)}/link`)).url);
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  }
  return html`<li><div class="erasure-line"><div><strong>${subject(item)}</strong><small>Asked for ${moment(item.requested_at)}</small></div><${State} kind=${kind}>${words}<//></div>
    ${["waiting", "running"].includes(item.state) && item.parts_total ? html`<p>${count(item.rows)} rows read</p><${Meter} done=${item.parts_done} total_estimate=${item.parts_total} label="Read" />` : null}
    ${item.state === "failed" ? html`<p>${item.reason ?? "It stopped half way."} Ask for it again.</p>` : null}
    ${item.state === "ready" ? html`<p>${count(item.rows)} rows, ${fileSize(item.size)}. Deleted ${moment(item.ends_at)}.</p>` : null}
    ${item.state === "ready" && may("connections.manage") ? html`<div><${ErrorSummary} problem=${problem} /><${Button} busy=${busy} onClick=${download}>Download<//></div>` : null}</li>`;
}

function Receipt({ receipt }) {
  const total = receipt.erased.reduce((sum, each) => sum + each.items, 0);
  return html`<li><div class="erasure-line"><div><strong>${receipt.connection_id ? `Connection ${receipt.connection_id}` : "Everything of this organisation"}</strong><small>Erased ${moment(receipt.finished_at)}, signed</small></div><${Button} onClick=${() => save(receipt)}>Save the receipt<//></div>
    <p>${count(total)} items and ${count(receipt.files)} files erased; nothing was found when everything was read back.</p>
    <details><summary>What was erased</summary><dl class="facts">${receipt.erased.map((each) => html`<dt key=${`${each.dataset}-name`}>${dataset(each.dataset)}</dt><dd key=${each.dataset}>${count(each.items)}</dd>`)}</dl></details></li>`;
}

function Close({ onChange }) {
  const name = me.value.tenant.name;
  const [open, setOpen] = useState(false);
  const form = useForm({ confirmation: "" }, {
    check: ({ confirmation }) => ({ confirmation: confirmation.trim() === name ? "" : `Type ${name} to confirm` }),
    submit: async ({ confirmation }) => {
      await post("tenant/close", { confirmation: confirmation.trim() });
      setOpen(false);
      toast("Closing. Every connection has ended.");
      onChange();
    },
  });
  return html`<${Card} title="Close the account" class="danger-zone"><div class="card-body tight stack-s"><p>Every connection ends at once, then everything is erased, the sign-ins of all members too. Nothing can be brought back.</p><div><${Button} kind="danger" onClick=${() => setOpen(true)}>Close the account…<//></div></div>
    ${open ? html`<${Dialog} title="Close the account?" onClose=${() => setOpen(false)}><form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ confirmation: "Confirmation" }} />
      <div><p>This happens:</p><ul class="bullets"><li>Every Amazon account is disconnected now, and its key destroyed.</li><li>From ten minutes on, everything Quayside holds about your organisation is erased.</li><li>Then nobody of your organisation can sign in any more. Your operator keeps the signed receipt.</li></ul></div>
      <${Field} label=${html`Type <code>${name}</code> to confirm`} autocomplete="off" spellcheck=${false} ...${form.bind("confirmation")} /><div class="form-actions"><${Button} type="submit" kind="danger" busy=${form.busy}>Close the account<//><${Button} kind="quiet" onClick=${() => setOpen(false)}>Keep it<//></div></form><//>` : null}<//>`;
}

export function Screen() {
  const { data, problem, reload } = useResource("data", (signal) => get("data", { signal }), { every: 5_000 });
  const crumb = html`<${Link} to="/settings"><${Icon} name="back" size=${14} />Settings<//>`;
  const head = html`<${PageHead} crumb=${crumb} title="Your data" about="Take it along, see what is being erased, and the proof of what was" />`;
  if (!data) return html`${head}${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : html`<div class="stack" role="status" aria-label="Loading your data"><div class="card bone-card"></div></div>`}`;
  const closing = data.erasures.some((erasure) => !erasure.connection_id && ["waiting", "running"].includes(erasure.state));
  return html`${head}<div class="settings">${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact />` : null}
    <div class="stack"><${Card} title="Take your data along" about="tables and JSON lines in one zip, kept for a week" end=${may("connections.manage") ? html`<${AskForExport} kind="small" label="Export everything" onChange=${reload} />` : null}>${data.exports.length ? html`<ul class="erasures">${data.exports.map((item) => html`<${Export} key=${item.export_id} item=${item} />`)}</ul>` : html`<${Empty} icon="info" title="No exports yet">An export holds everything you can see in Quayside, and nothing about buyers.<//>`}${may("audit.read") ? html`<div class="card-foot"><${Link} to="/settings/exports" class="inline"><${Icon} name="lock" />Export log: each time data left Quayside<//></div>` : null}<//>
      <${Card} title="Being erased" about="begins a week after a connection ended">${data.erasures.length ? html`<ul class="erasures">${data.erasures.map((erasure) => html`<${Erasure} key=${erasure.erasure_id} erasure=${erasure} onChange=${reload} />`)}</ul>` : html`<${Empty} icon="check" title="Nothing is being erased">When a connection ends, its data is listed here until it is gone.<//>`}<//></div>
    <div class="stack"><${Card} title="Receipts" about="signed; they can be checked without Quayside">${data.receipts.length ? html`<ul class="erasures">${data.receipts.map((receipt) => html`<${Receipt} key=${receipt.erasure_id} receipt=${receipt} />`)}</ul>` : html`<${Empty} icon="info" title="No receipts yet">Each erasure that ended leaves one.<//>`}<//>
      ${may("tenant.close") && !closing ? html`<${Close} onChange=${reload} />` : null}</div></div>`;
}
