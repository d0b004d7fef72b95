import { html, useState } from "../app/lib.js";
import { get, patch, post } from "../app/api.js";
import { BoneRows, Button, Card, Dialog, Empty, ErrorSummary, Field, Icon, PageHead, ProblemNotice, Select, State } from "../app/components.js";
import { useForm } from "../app/form.js";
import { count, moment, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { nameOf, useConnections } from "./marketplaces.js";
import { downloadCsv, Pager, useCursor } from "./paging.js";
import { StockTabs } from "./stock_words.js";

const KINDS = { received: "Received", found: "Found", shipped: "Shipped", damaged: "Damaged or lost", counted: "Counted: set to", reversal: "Reversal" };
const ENTERED = ["received", "shipped", "counted", "damaged", "found"].map((value) => ({ value, label: KINDS[value] }));
const whole = (text) => (/^\d+$/.test(text.trim()) ? "" : "Enter a whole number, 0 or more");

/** Enter what happened to units of one SKU at a place. */
function Movement({ locationId, sku, onDone, onClose }) {
  const form = useForm({ seller_sku: sku, kind: "received", units: "", note: "" }, {
    check: ({ seller_sku, units }) => ({ seller_sku: seller_sku.trim() ? "" : "Enter the SKU", units: whole(units) }),
    submit: async (values) => {
      const made = await post("inventory/movements", { ...values, location_id: locationId, units: Number(values.units) });
      toast(`${values.seller_sku}: ${count(made.balance)} units now`);
      onDone(values.seller_sku.trim());
    },
  });
  return html`<${Dialog} title="Enter a movement" onClose=${onClose}><form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ seller_sku: "SKU", units: "Units" }} />
    <${Field} label="SKU" ...${form.bind("seller_sku")} /><${Select} label="What happened" hideLabel=${false} options=${ENTERED} value=${form.values.kind} onChange=${(value) => form.set("kind", value)} />
    <${Field} label=${form.values.kind === "counted" ? "Units that are there" : "Units"} inputmode="numeric" ...${form.bind("units")} /><${Field} label="Note (optional)" maxlength="200" ...${form.bind("note")} />
    <div class="form-actions"><${Button} type="submit" kind="primary" busy=${form.busy}>Enter<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div><p class="fine">Nothing entered is changed later; what was wrong is reversed.</p></form><//>`;
}

/** Add a place; its stock counts for one marketplace of one account. */
function NewPlace({ connections, onDone, onClose }) {
  const options = connections.flatMap((connection) => connection.marketplaces.map((item) => ({ value: `${connection.connection_id}|${item.marketplace_id}`, label: `${nameOf(item.marketplace_id)} · ${connection.name}` })));
  const form = useForm({ name: "", counts_for: options[0]?.value ?? "" }, {
    check: ({ name, counts_for }) => ({ name: name.trim() ? "" : "Enter a name", counts_for: counts_for ? "" : "Connect an Amazon account first" }),
    submit: async ({ name, counts_for }) => {
      const [connection_id, marketplace_id] = counts_for.split("|");
      onDone(await post("inventory/locations", { name, connection_id, marketplace_id }));
    },
  });
  return html`<${Dialog} title="Add a place" onClose=${onClose}><form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ name: "Name", counts_for: "Counts for" }} />
    <${Field} label="Name" hint="For example Garage, or the name of your warehouse" ...${form.bind("name")} /><${Select} label="Counts for" hideLabel=${false} options=${options} value=${form.values.counts_for} onChange=${(value) => form.set("counts_for", value)} />
    <div class="form-actions"><${Button} type="submit" kind="primary" busy=${form.busy}>Add<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></form><//>`;
}

function Ledger({ locationId, sku, onClose, onChange }) {
  const { data, problem, reload } = useResource(`ledger:${locationId}:${sku}`, (signal) => get("inventory/movements", { query: { location_id: locationId, seller_sku: sku, limit: 100 }, signal }));
  const [failed, setFailed] = useState(null);
  const undone = new Set((data?.movements ?? []).map((item) => item.reverses));
  async function reverse(number) {
    setFailed(null);
    try {
      await post("inventory/movements/reversals", { location_id: locationId, seller_sku: sku, number });
      reload();
      onChange();
    } catch (error) {
      setFailed(error);
    }
  }
  if (!data && !problem) return null; // A dialog that grows while it is read would jump.
  return html`<${Dialog} title=${`Movements of ${sku}`} onClose=${onClose} class="wide-dialog">${problem || failed ? html`<${ProblemNotice} problem=${problem ?? failed} retry=${problem ? reload : undefined} compact />` : null}
    ${data ? html`<div class="table-wrap" tabindex="0" role="region" aria-label="Movements"><table><thead><tr><th>What</th><th class="number">Change</th><th class="number">There then</th><th><span class="visually-hidden">Reverse</span></th></tr></thead><tbody>${data.movements.map((item) => html`<tr key=${item.number}><td>${KINDS[item.kind]}${item.reverses ? ` of no. ${item.reverses}` : ""}<small>${[`No. ${item.number}`, moment(item.at), item.note].filter(Boolean).join(" · ")}</small></td><td class="number">${item.change > 0 ? "+" : "−"}${count(Math.abs(item.change))}</td><td class="number">${count(item.balance)}</td><td>${may("inventory.manage") && item.kind !== "reversal" && item.change && !undone.has(item.number) ? html`<${Button} kind="small" aria-label=${`Reverse no. ${item.number}`} onClick=${() => reverse(item.number)}>Reverse<//>` : undone.has(item.number) ? html`<span class="fine">reversed</span>` : null}</td></tr>`)}</tbody></table></div>${data.next_number ? html`<p class="fine">Older movements are kept and can be read through the API.</p>` : null}` : null}<//>`;
}

function Balances({ location, sku }) {
  const pages = useCursor(location.location_id);
  const { data, problem, reload } = useResource(`own:${location.location_id}:${pages.cursor}`, (signal) => get(`inventory/locations/${location.location_id}/stock`, { query: { cursor: pages.cursor, limit: 50 }, signal }));
  const [entering, setEntering] = useState(null);
  const open = !location.closed_at;
  const [failed, setFailed] = useState(null);
  async function close() {
    setFailed(null);
    try {
      await patch(`inventory/locations/${location.location_id}`, { version: location.version, closed: open });
      setQuery({ at: String(Date.now()) }, { replace: true });
    } catch (error) {
      setFailed(error);
    }
  }
  const rows = data?.balances ?? [];
  return html`<${Card} title=${location.name} about=${`counts for ${nameOf(location.marketplace_id)}`} end=${html`${open ? null : html`<${State} kind="off">Closed, not counted<//>`}<span class="list-end"><${Button} kind="small" disabled=${!rows.length} onClick=${() => downloadCsv(`quayside-own-stock-${location.name}.csv`, ["seller_sku", "units", "changed_at"], rows.map((item) => [item.seller_sku, item.balance, item.changed_at]))}>CSV<//>${may("inventory.manage") ? html`<${Button} kind="small" onClick=${close}>${open ? "Close" : "Open again"}<//>${open ? html`<${Button} kind="small primary" onClick=${() => setEntering("")}>Enter a movement<//>` : null}` : null}</span>`}>
    ${problem || failed ? html`<div class="inset"><${ProblemNotice} problem=${problem ?? failed} retry=${problem ? reload : undefined} compact /></div>` : null}
    ${data && !rows.length ? html`<${Empty} icon="stock" title="Nothing here yet">Enter what was received, or count what is there.<//>` : html`<div class="table-wrap"><table class="rows own-table"><thead><tr><th>SKU</th><th class="number">Units</th><th class="wide-only">Last change</th><th class="number"><span class="visually-hidden">Movements</span></th></tr></thead><tbody>${data ? rows.map((item) => html`<tr key=${item.seller_sku}><td><strong>${item.seller_sku}</strong></td><td class="number">${count(item.balance)}</td><td class="wide-only">${moment(item.changed_at)}</td><td class="number"><${Button} kind="small" aria-label=${`Movements of ${item.seller_sku}`} onClick=${() => setQuery({ location: location.location_id, sku: item.seller_sku }, { stay: true })}>Movements<//></td></tr>`) : html`<${BoneRows} rows=${4} columns=${4} narrow=${[0, 1, 3]} />`}</tbody></table></div>${data ? html`<${Pager} pages=${pages} next=${data.next_cursor} about=${`${plural(rows.length, "SKU")} on this page`} />` : null}`}
    ${entering !== null ? html`<${Movement} locationId=${location.location_id} sku=${entering} onClose=${() => setEntering(null)} onDone=${() => { setEntering(null); reload(); }} />` : null}
    ${sku ? html`<${Ledger} locationId=${location.location_id} sku=${sku} onChange=${reload} onClose=${() => setQuery({ sku: "" }, { replace: true })} />` : null}<//>`;
}

export function Screen() {
  const { query } = place.value;
  const { connections } = useConnections();
  const { data, problem, reload } = useResource(`locations:${query.get("at") ?? ""}`, (signal) => get("inventory/locations", { signal }));
  const [adding, setAdding] = useState(false);
  const locations = data?.locations ?? [];
  const shown = locations.find((location) => location.location_id === query.get("location")) ?? locations[0];
  const add = may("inventory.manage") ? html`<${Button} kind="primary" disabled=${!connections?.length} onClick=${() => setAdding(true)}><${Icon} name="stock" />Add a place<//>` : null;
  return html`<${PageHead} title="Own stock" about="What you keep yourself, place by place. Every movement stays in the ledger.">${add}<//><${StockTabs} here="/stock/own" />
    ${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} />` : null}
    <div class="place-choice">${locations.length > 1 ? html`<${Select} label="Place" options=${locations.map((location) => ({ value: location.location_id, label: location.closed_at ? `${location.name} (closed)` : location.name }))} value=${shown.location_id} onChange=${(value) => setQuery({ location: value, sku: "" }, { replace: true })} />` : null}</div>
    <div class="stack">${data && !locations.length ? html`<div class="card"><${Empty} icon="stock" title="No place yet">Add your warehouse or prep centre, enter what is there, and restock counts with it.<//></div>` : data ? locations.filter((location) => location === shown).map((location) => html`<${Balances} key=${`${location.location_id}${location.version}`} location=${location} sku=${query.get("location") === location.location_id ? query.get("sku") : ""} />`) : problem ? null : html`<div class="card bone-card"></div>`}</div>
    ${adding ? html`<${NewPlace} connections=${connections} onClose=${() => setAdding(false)} onDone=${() => { setAdding(false); reload(); }} />` : null}`;
}
