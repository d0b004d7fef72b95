import { html, useState } from "../app/lib.js";
import { get, post, put } from "../app/api.js";
import { Bone, BoneRows, Button, ButtonLink, Card, Dialog, Empty, ErrorSummary, Field, Icon, Link, PageHead, ProblemNotice, SearchBox, Select } from "../app/components.js";
import { Tile, TileBone } from "../app/figures.js";
import { useForm } from "../app/form.js";
import { plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { go, place, setQuery } from "../app/router.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { ExportPages, fileRow, ImportFile } from "./file_import.js";
import { Pager, useCursor } from "./paging.js";
import { Area, PurchaseViews, termsWords } from "./purchase_words.js";

const TEMPLATE = {
  name: "quayside-suppliers-template.csv",
  header: ["name", "currency", "address", "incoterm", "minimum_order_units", "lead_time_days", "deposit_percent", "deposit_days", "balance_due", "balance_days", "note", "contact", "email", "phone", "role"],
  rows: [["Hangzhou Lamp Works", "USD", "18 Lake Road, Hangzhou", "FOB", 200, 45, 30, 0, "received", 30, "", "Li Wei", "li.wei@example.com", "", "Sales"]],
};
const LABELS = { name: "Name", currency: "Currency", "terms.deposit_percent": "Deposit", "terms.balance_days": "Balance", lead_time_days: "Lead time", minimum_order_units: "Minimum order", address: "Address", "contacts[0].name": "Contact", "contacts[0].email": "E-mail" };
const BALANCE = [{ value: "sent", label: "after the order is sent" }, { value: "confirmed", label: "after it is confirmed" }, { value: "received", label: "after goods arrive" }];
const wholeOr = (text) => (/^\s*\d*\s*$/.test(text) ? "" : "has to be a whole number, or empty");
const number = (text) => (String(text).trim() ? Number(text) : null);

/** Enter a supplier, or change one: the version that was seen goes back with it. */
function Edit({ supplier, onClose, onDone }) {
  const [contact] = supplier?.contacts ?? [];
  const terms = supplier?.terms ?? { deposit_percent: 0, deposit_days: 0, balance_due: "received", balance_days: 30 };
  const form = useForm({ name: supplier?.name ?? "", currency: supplier?.currency ?? "", address: supplier?.address ?? "", contact: contact?.name ?? "", email: contact?.email ?? "", deposit: String(terms.deposit_percent), balance_due: terms.balance_due, balance_days: String(terms.balance_days), lead_time_days: String(supplier?.lead_time_days ?? ""), minimum_order_units: String(supplier?.minimum_order_units ?? ""), note: supplier?.note ?? "" }, {
    check: (values) => ({ name: values.name.trim() ? "" : "is needed", currency: /^[A-Za-z]{3}$/.test(values.currency.trim()) ? "" : "has three letters, such as USD", deposit: wholeOr(values.deposit), balance_days: wholeOr(values.balance_days), lead_time_days: wholeOr(values.lead_time_days), minimum_order_units: wholeOr(values.minimum_order_units) }),
    submit: async (values) => {
      const others = (supplier?.contacts ?? []).slice(1);
      const contacts = values.contact.trim() ? [{ ...(contact ?? {}), name: values.contact.trim(), email: values.email.trim() }, ...others] : others;
      const body = { name: values.name, currency: values.currency.trim().toUpperCase(), address: values.address, contacts, incoterm: supplier?.incoterm ?? null, note: values.note, archived: supplier?.archived ?? false, lead_time_days: number(values.lead_time_days), minimum_order_units: number(values.minimum_order_units), terms: { ...terms, deposit_percent: number(values.deposit) ?? 0, balance_due: values.balance_due, balance_days: number(values.balance_days) ?? 0 }, version: supplier?.version ?? 0 };
      onDone(supplier ? await put(`suppliers/${supplier.supplier_id}`, body) : await post("suppliers", body));
    },
  });
  return html`<${Dialog} title=${supplier ? "Change the supplier" : "Enter a supplier"} onClose=${onClose}><form class="stack-s" onSubmit=${form.onSubmit} novalidate><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ ...LABELS, deposit: "Deposit", balance_days: "Balance" }} />
    <${Field} label="Name" ...${form.bind("name")} /><${Field} label="Currency" hint="Of its prices: three letters, such as USD." ...${form.bind("currency")} /><${Area} label="Address" hint="As it is printed on orders." ...${form.bind("address")} />
    <${Field} label="Contact" ...${form.bind("contact")} /><${Field} label="E-mail" type="email" ...${form.bind("email")} />
    <${Field} label="Deposit, %" hint="Due when an order is sent; 0 for none." inputmode="numeric" ...${form.bind("deposit")} /><${Field} label="The rest, days" inputmode="numeric" ...${form.bind("balance_days")} /><${Select} label="counted" hideLabel=${false} options=${BALANCE} value=${form.values.balance_due} onChange=${(value) => form.set("balance_due", value)} />
    <${Field} label="Lead time, days" hint="As agreed. What is measured stands beside it." inputmode="numeric" ...${form.bind("lead_time_days")} /><${Field} label="Minimum order, units" inputmode="numeric" ...${form.bind("minimum_order_units")} /><${Field} label="Note" ...${form.bind("note")} />
    <div class="form-actions"><${Button} kind="primary" type="submit" busy=${form.busy}>Save<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></form><//>`;
}

export function Screen() {
  const search = place.value.query.get("search") ?? "";
  const pages = useCursor(search);
  const { data, problem, reload } = useResource(`suppliers:${search}:${pages.cursor}`, (signal) => get("suppliers", { query: { search, cursor: pages.cursor }, signal }));
  const [open, setOpen] = useState("");
  const suppliers = data?.suppliers ?? [];
  return html`<${PageHead} title="Purchasing" about="Who makes and delivers what you sell."><${ExportPages} name="quayside-suppliers.csv" path="supplier-details" what="supplier" />${may("procurement.manage") ? html`<${Button} onClick=${() => setOpen("file")}>From a file<//><${Button} kind="primary" onClick=${() => setOpen("new")}>Enter a supplier<//>` : null}<//><${PurchaseViews} />
    <div class="card list"><div class="filters"><${SearchBox} label="Search suppliers" placeholder="What the name begins with" value=${search} onSearch=${(text) => setQuery({ search: text }, { replace: true })} /></div>
      <p class="list-about" role="status"><span>${data ? `${plural(suppliers.length, "supplier")} on this page` : "Reading the suppliers."}</span></p>
      ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
      ${data && !suppliers.length ? html`<${Empty} icon="person" title=${search ? "No supplier matches" : "No suppliers yet"}>${search ? "The search looks for what a name begins with." : "Enter whom you buy from: orders take over currency and terms."}<//>`
        : problem && !data ? null : html`<div class="table-wrap" key=${data ? "rows" : "wait"}><table class="rows"><thead><tr><th>Supplier</th><th>Currency</th><th class="number">Lead time, agreed</th></tr></thead><tbody>${data ? suppliers.map((each) => html`<tr key=${each.supplier_id}><td><${Link} to=${`/purchases/suppliers/${each.supplier_id}`}><strong>${each.name}</strong><//>${each.archived ? html`<small>archived</small>` : null}</td><td>${each.currency}</td><td class="number">${each.lead_time_days === null ? "–" : plural(each.lead_time_days, "day")}</td></tr>`) : html`<${BoneRows} rows=${5} columns=${3} narrow=${[0, 1, 2]} />`}</tbody></table></div>
          <${Pager} key=${data ? "pages" : "before"} pages=${pages} next=${data?.next_cursor} about="By name" />`}</div>
    ${open === "file" ? html`<${ImportFile} title="Suppliers from a file" about="A CSV file with name and currency; address, incoterm, minimum_order_units, lead_time_days, deposit_percent, deposit_days, balance_due, balance_days, note, contact, email, phone and role may follow. Rows of one name are one supplier, with a person in each. At most 200 rows at once." id="suppliers-file" path="suppliers/file" what="supplier" template=${TEMPLATE} row=${fileRow} onClose=${() => setOpen("")} onDone=${() => { setOpen(""); reload(); }} />` : null}
    ${open === "new" ? html`<${Edit} onClose=${() => setOpen("")} onDone=${(made) => { toast(`${made.name} is entered`); go(`/purchases/suppliers/${made.supplier_id}`); }} />` : null}`;
}

const TILES = [["Median lead time, days", "lead_time_median"], ["9 of 10 orders within, days", "lead_time_p90"], ["On time", "on_time"], ["In full", "in_full"], ["Damaged", "defects"]];

export function Supplier({ supplier_id: supplierId }) {
  const base = `suppliers/${encodeURIComponent(supplierId)}`;
  const { data: supplier, problem, reload } = useResource(`supplier:${supplierId}`, (signal) => get(base, { signal }));
  const card = useResource(`scorecard:${supplierId}`, (signal) => get(`${base}/scorecard`, { signal }));
  const [open, setOpen] = useState(false);
  const crumb = html`<${Link} to="/purchases/suppliers"><${Icon} name="back" size=${14} />Suppliers<//>`;
  if (problem?.status === 404) return html`<${PageHead} crumb=${crumb} title="Supplier not found" /><div class="card"><${Empty} icon="person" title="No such supplier here" action=${html`<${ButtonLink} to="/purchases/suppliers">All suppliers<//>`}>It may belong to another organisation.<//></div>`;
  // Both answers show at once: what comes late would move what came before it.
  if (!problem && !(supplier && (card.data || card.problem))) return html`<${PageHead} waiting crumb=${crumb} title=${html`<${Bone} width="12ch" />`} about=${html`<${Bone} width="34ch" />`} /><div class="tiles" key="wait" role="status" aria-label="Loading the supplier">${TILES.map(([label, name]) => html`<${TileBone} key=${name} label=${label} />`)}</div>`;
  return html`<${PageHead} crumb=${crumb} title=${supplier?.name ?? html`<${Bone} width="12ch" />`} about=${supplier ? `Prices in ${supplier.currency}. ${termsWords(supplier.terms)}.` : problem ? "This supplier could not be read." : html`<${Bone} width="34ch" />`}>${may("procurement.manage") ? html`<${Button} onClick=${() => supplier && setOpen(true)}>Change…<//><${ButtonLink} to="/purchases/new" query=${{ supplier_id: supplierId }} kind="primary">New order<//>` : null}<//>
    ${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : null}
    ${card.problem ? html`<${ProblemNotice} problem=${card.problem} retry=${card.reload} compact />` : null}
    <div class="tiles" key="card">${TILES.map(([label, name]) => (card.data ? html`<${Tile} key=${name} label=${label} figure=${card.data[name]} />` : html`<${TileBone} key=${name} label=${label} />`))}</div>
    ${supplier ? html`<div class="order-grid gap-above"><${Card} title="Agreed"><div class="card-body tight"><dl class="facts"><dt>Lead time</dt><dd>${supplier.lead_time_days === null ? "not entered" : plural(supplier.lead_time_days, "day")}</dd><dt>Minimum order</dt><dd>${supplier.minimum_order_units === null ? "none" : plural(supplier.minimum_order_units, "unit")}</dd><dt>Payment</dt><dd>${termsWords(supplier.terms)}</dd>${supplier.note ? html`<dt>Note</dt><dd>${supplier.note}</dd>` : null}</dl></div><//>
      <${Card} title="Contact"><div class="card-body tight">${supplier.address ? html`<p>${supplier.address}</p>` : null}${supplier.contacts.length ? html`<ul class="plain-list">${supplier.contacts.map((each) => html`<li key=${each.name}><strong>${each.name}</strong> ${[each.role, each.email, each.phone].filter(Boolean).join(" · ")}</li>`)}</ul>` : html`<p class="fine">Nobody is entered.</p>`}</div><//></div>` : null}
    ${open ? html`<${Edit} supplier=${supplier} onClose=${() => setOpen(false)} onDone=${() => { toast("Saved"); setOpen(false); reload(); }} />` : null}`;
}
