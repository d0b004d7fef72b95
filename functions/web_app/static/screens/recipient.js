// Where an order goes that the seller ships: shown for a purpose, to whoever may see it, and hidden again by itself.
import { html, useEffect, useRef, useState } from "../app/lib.js";
import { get, Problem } from "../app/api.js";
import { Bone, Button, ButtonLink, Card, ProblemNotice, Select } from "../app/components.js";
import { day } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { may } from "../app/session.js";

const SHOWN_FOR_SECONDS = 60;
const PURPOSES = { label: "To print a label", packing_slip: "To write a packing slip" };
const LINES = ["company_name", "address_line1", "address_line2", "address_line3", "district_or_county", "municipality"];

function Address({ shown }) {
  const town = [shown.postal_code, shown.city, shown.state_or_region].filter(Boolean).join(" ");
  const lines = [shown.name, ...LINES.map((name) => shown[name]), town, shown.country_code].filter(Boolean);
  return html`<address class="recipient-lines">${lines.map((line, index) => html`<span key=${index}>${line}</span>`)}${shown.phone ? html`<span class="fine">Phone ${shown.phone}</span>` : null}</address>`;
}

/** The address itself lives in this component alone: no cache holds it, and it goes when the page does or is not looked at. */
function useAddress(orderId, connectionId) {
  const [shown, setShown] = useState(null);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const [left, setLeft] = useState(0);
  const asked = useRef(null);
  const hide = () => {
    asked.current?.abort();
    asked.current = null;
    setShown(null);
  };
  useEffect(() => hide, [orderId]);
  useEffect(() => {
    if (!shown) return undefined;
    const until = Date.now() + SHOWN_FOR_SECONDS * 1000;
    setLeft(SHOWN_FOR_SECONDS);
    const timer = window.setInterval(() => {
      const rest = Math.ceil((until - Date.now()) / 1000);
      setLeft(rest);
      if (rest <= 0) hide();
    }, 1000);
    const away = () => { if (document.hidden) hide(); };
    document.addEventListener("visibilitychange", away);
    return () => {
      window.clearInterval(timer);
      document.removeEventListener("visibilitychange", away);
    };
  }, [shown]);
  async function show(purpose) {
    setBusy(true);
    setProblem(null);
    const mine = new AbortController();
    asked.current = mine;
    try {
      const found = await get(`orders/${encodeURIComponent(orderId)}/recipient`, { query: { purpose, connection_id: connectionId }, signal: mine.signal });
      if (asked.current === mine) setShown(found);
    } catch (error) {
      if (error.name !== "AbortError") setProblem(error instanceof Problem ? error : new Problem({ title: "The address could not be shown", detail: String(error.message || error), action: "Try again." }));
    } finally {
      setBusy(false);
    }
  }
  return { shown, problem, busy, left, show, hide };
}

function Kept({ orderId, connectionId, standing }) {
  const [purpose, setPurpose] = useState(standing.purposes[0]);
  const { shown, problem, busy, left, show, hide } = useAddress(orderId, connectionId);
  if (!may("fulfilment.recipients")) return html`<p class="fine">Your role does not show delivery addresses. An owner or admin can look it up.</p>`;
  if (shown) return html`<${Address} shown=${shown} /><div class="form-actions"><${Button} onClick=${hide}>Hide the address<//><span class="fine">Hides by itself in ${left} s</span></div>`;
  return html`<div class="recipient-ask"><${Select} label="What do you need it for?" hideLabel=${false} value=${purpose} onChange=${setPurpose} options=${standing.purposes.map((value) => ({ value, label: PURPOSES[value] ?? value }))} />
    <${Button} kind="primary" busy=${busy} onClick=${() => show(purpose)}>Show the address<//></div><${ProblemNotice} problem=${problem} compact />
    <p class="fine">Kept encrypted until ${day(standing.kept_until)}, then its key is destroyed. Each look is recorded in the audit trail.</p>`;
}

/** The card of the order page; only for orders that the seller ships. */
export function Recipient({ orderId, connectionId }) {
  const query = { connection_id: connectionId };
  const { data: standing, problem, reload } = useResource(`delivery:${connectionId}:${orderId}`, (signal) => get(`orders/${encodeURIComponent(orderId)}/delivery`, { query, signal }), { every: 15_000 });
  const sync = standing?.state === "off" && may("connections.manage");
  return html`<${Card} title="Delivery address" class="recipient"><div class="card-body tight">${!standing ? (problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact />` : html`<p role="status" aria-label="Loading the delivery address"><${Bone} width="24ch" /></p>`)
    : standing.state === "kept" ? html`<${Kept} key=${orderId} orderId=${orderId} connectionId=${connectionId} standing=${standing} />`
    : html`<p>${standing.reason}</p>${standing.action ? html`<p class="fine">${standing.action}</p>` : null}${sync ? html`<${ButtonLink} to=${`/connections/${encodeURIComponent(connectionId)}/sync`} kind="small">Open Sync<//>` : null}`}</div><//>`;
}
