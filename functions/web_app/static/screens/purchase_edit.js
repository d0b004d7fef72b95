import { html, useEffect, useState } from "../app/lib.js";
import { get, post, put } from "../app/api.js";
import { Bone, Button, ButtonLink, Card, Empty, ErrorSummary, Field, Icon, Link, Notice, PageHead, ProblemNotice, Select } from "../app/components.js";
import { useForm } from "../app/form.js";
import { plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { go, place } from "../app/router.js";
import { toast } from "../app/shell.js";
import { textOf } from "./file_import.js";
import { amount } from "./money_words.js";
import { Area } from "./purchase_words.js";

const INCOTERMS = ["EXW", "FCA", "FAS", "FOB", "CFR", "CIF", "CPT", "CIP", "DAP", "DPU", "DDP"].map((value) => ({ value, label: value }));
const EMPTY = { seller_sku: "", title: "", units: "", unit_price: "", carton: null, line_id: null };
const PARTS = [["seller_sku", "SKU", {}], ["title", "Description", {}], ["units", "Units", { inputmode: "numeric" }], ["unit_price", "Unit price", { inputmode: "decimal" }]];
const asked = (line) => ({ seller_sku: line.seller_sku.trim(), title: line.title.trim(), units: Number(line.units), unit_price: line.unit_price.trim().replace(",", "."), carton: line.carton, line_id: line.line_id });
const known = (line) => ({ seller_sku: line.seller_sku, title: line.title, units: String(line.units), unit_price: line.unit_price, carton: line.carton, line_id: line.line_id });
const labelOf = (name) => {
  const found = /^lines\[(\d+)\]\.(.+)$/.exec(name);
  return found ? `Line ${Number(found[1]) + 1}, ${PARTS.find(([part]) => part === found[2])?.[1] ?? found[2]}` : { lines: "Lines", currency: "Currency", landed_currency: "Costs kept in", expected_on: "Expected" }[name] ?? name;
};

function Lines({ lines, onChange, problems }) {
  const set = (place, part, value) => onChange(lines.map((line, at) => (at === place ? { ...line, [part]: value } : line)));
  return html`<${Card} title="Lines"><div class="card-body tight stack-s">${lines.map((line, at) => html`<fieldset class="purchase-line" key=${at}><legend>Line ${at + 1}</legend>${PARTS.map(([part, label, rest]) => html`<${Field} key=${part} label=${label} name=${`lines[${at}].${part}`} value=${line[part]} problem=${problems.find((each) => each.name === `lines[${at}].${part}`)?.text} onInput=${(value) => set(at, part, value)} ...${rest} />`)}
      <${Button} kind="small" onClick=${() => onChange(lines.filter((_, other) => other !== at))} aria-label=${`Drop line ${at + 1}`} disabled=${lines.length === 1}>Drop<//></fieldset>`)}
    <div class="form-actions"><${Button} onClick=${() => onChange([...lines, { ...EMPTY }])}>Add a line<//></div></div><//>`;
}

/** Lines of a file are shown row by row; those that can be ordered come into the form, nothing is stored yet. */
function FromFile({ currency, onLines }) {
  const [preview, setPreview] = useState(null);
  const [problem, setProblem] = useState(null);
  async function choose(event) {
    const [file] = event.currentTarget.files;
    if (!file) return;
    setProblem(null);
    setPreview(null);
    try {
      const csv = await textOf(file);
      if (csv.length > 60_000) throw Object.assign(new Error(), { title: "The file is too large", detail: "An order has at most 80 lines; this file has 60,000 characters or more.", action: "Send it in parts." });
      const found = await post("purchase-orders/file/preview", { csv, currency: currency || "USD" });
      setPreview(found);
      onLines(found.rows.filter((row) => row.line_to_order).map((row) => known({ ...row.line_to_order, units: row.line_to_order.units })));
    } catch (error) {
      setProblem(error);
    }
  }
  const refused = preview?.rows.filter((row) => row.state === "refused") ?? [];
  return html`<${Card} title="Lines from a file"><div class="card-body tight stack-s"><${ErrorSummary} problem=${problem} />
    <p class="fine">CSV with seller_sku, units, unit_price; title and the five carton columns may follow. An order's own CSV has the same columns.</p>
    <div class="field"><label for="lines-file">File</label><input id="lines-file" class="input" type="file" accept=".csv,text/csv,text/plain" onChange=${choose} /></div>
    ${preview ? html`<p role="status">${plural(preview.new, "line")} taken into the form, ${preview.refused} refused. Nothing is stored yet.</p>${refused.length ? html`<ul class="plain-list">${refused.map((row) => html`<li key=${row.line}>Line ${row.line}, ${row.seller_sku || "no SKU"}: ${row.problem}</li>`)}</ul>` : null}` : null}</div><//>`;
}

/** Somebody else changed first: both versions, and the choice. */
function Both({ current, onTakeMine, onTakeTheirs }) {
  return html`<${Notice} kind="warn" live title="Somebody else changed this order since you opened it" actions=${html`<${Button} kind="primary" onClick=${onTakeMine}>Keep mine, on top of theirs<//><${Button} onClick=${onTakeTheirs}>Take theirs<//>`}><p>What you typed is still below. Theirs, version ${current.version}: ${current.lines.map((line) => `${line.seller_sku} ${line.units} at ${line.unit_price}`).join(", ")}; together ${amount(current.total)}.</p><//>`;
}

function Form({ order, suppliers, suggested }) {
  const [lines, setLines] = useState(order ? order.lines.map(known) : [suggested]);
  const [step, setStep] = useState(order?.step);
  const { query } = place.value;
  const first = query.get("supplier_id") || suppliers[0]?.supplier_id || "";
  const form = useForm({ supplier_id: order?.supplier_id ?? first, currency: order?.currency ?? suppliers.find((each) => each.supplier_id === first)?.currency ?? "", landed_currency: order?.landed_currency ?? "", incoterm: order?.incoterm ?? "", expected_on: order?.expected_on ?? "", ship_to: order?.ship_to ?? "", note: order?.note ?? "" }, {
    submit: async (values) => {
      const whole = lines.every((line) => /^\s*\d+\s*$/.test(line.units));
      if (!whole) throw Object.assign(new Error("Every line needs a whole number of units."), {});
      const currency = values.currency.trim().toUpperCase();
      const body = { lines: lines.map(asked), currency, landed_currency: values.landed_currency.trim().toUpperCase() || currency, incoterm: values.incoterm || null, ship_to: values.ship_to, expected_on: values.expected_on || null, note: values.note };
      const done = order ? await put(`purchase-orders/${order.order_id}`, { ...body, terms: order.terms, step }) : await post("purchase-orders", { ...body, supplier_id: values.supplier_id, origin: query.get("origin") || null });
      toast(order ? `${done.number} is now version ${done.version}` : `${done.number} is drafted`);
      go(`/purchases/${done.order_id}`);
    },
  });
  const current = form.problem?.versions?.current;
  const labels = Object.fromEntries(form.fields.map((field) => [field.name, labelOf(field.name)]));
  const options = suppliers.map((each) => ({ value: each.supplier_id, label: `${each.name} (${each.currency})` }));
  const choose = (value) => { form.set("supplier_id", value); form.set("currency", suppliers.find((each) => each.supplier_id === value)?.currency ?? ""); };
  return html`<form class="order-grid" onSubmit=${form.onSubmit} novalidate><div class="stack">${current ? html`<${Both} current=${current} onTakeMine=${() => { setStep(current.step); form.setProblem(null); }} onTakeTheirs=${() => { setLines(current.lines.map(known)); setStep(current.step); form.setProblem(null); }} />` : html`<${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${labels} />`}
      <${Lines} lines=${lines} onChange=${setLines} problems=${form.fields} /></div>
    <div class="stack"><${Card} title="Agreed"><div class="card-body tight stack-s">${order ? html`<p>From <strong>${order.supplier_name}</strong></p>` : html`<${Select} label="Supplier" hideLabel=${false} options=${options} value=${form.values.supplier_id} onChange=${choose} />`}
        <${Field} label="Currency" hint="Of the prices." ...${form.bind("currency")} /><${Field} label="Costs kept in" hint="The currency of the cost lots; empty for the same. Another one needs a rate under Costs." ...${form.bind("landed_currency")} />
        <${Field} label="Expected" type="date" ...${form.bind("expected_on")} /><${Select} label="Incoterm" hideLabel=${false} options=${[{ value: "", label: "As agreed with the supplier" }, ...INCOTERMS]} value=${form.values.incoterm} onChange=${(value) => form.set("incoterm", value)} />
        <${Area} label="Ship to" ...${form.bind("ship_to")} /><${Area} label="Note for the supplier" ...${form.bind("note")} />
        <div class="form-actions"><${Button} kind="primary" type="submit" busy=${form.busy}>${order ? "Save as a new version" : "Make a draft"}<//><${ButtonLink} to=${order ? `/purchases/${order.order_id}` : "/purchases"} kind="quiet">Cancel<//></div></div><//>
      <${FromFile} currency=${form.values.currency.trim().toUpperCase()} onLines=${(found) => found.length && setLines(found)} /></div></form>`;
}

/** A new order: empty, or what a restock suggestion asks for. */
export function Screen() {
  const { query } = place.value;
  const { data, problem, reload } = useResource("suppliers:all", (signal) => get("suppliers", { query: { limit: 100 }, signal }));
  const suppliers = (data?.suppliers ?? []).filter((each) => !each.archived);
  const suggested = { ...EMPTY, seller_sku: query.get("sku") ?? "", title: query.get("title") ?? "", units: query.get("units") ?? "" };
  return html`<${PageHead} crumb=${html`<${Link} to="/purchases"><${Icon} name="back" size=${14} />Purchasing<//>`} title="New order" about="A draft: nothing is ordered before it is approved and sent." />
    ${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : null}
    ${data && !suppliers.length ? html`<div class="card"><${Empty} icon="person" title="No supplier yet" action=${html`<${ButtonLink} to="/purchases/suppliers" kind="primary">Enter a supplier<//>`}>An order goes to a supplier, whose currency and terms it takes over.<//></div>` : data ? html`<${Form} suppliers=${suppliers} suggested=${suggested} />` : problem ? null : html`<div class="order-grid" role="status" aria-label="Reading the suppliers"><div class="card bone-card"></div><div class="card bone-card"></div></div>`}`;
}

/** An order that is there already: what is saved is its next version. */
export function Amend({ order_id: orderId }) {
  const { data: order, problem, reload } = useResource(`purchase:${orderId}`, (signal) => get(`purchase-orders/${encodeURIComponent(orderId)}`, { signal }));
  const [opened, setOpened] = useState(null);
  // The form keeps to what it was opened with: what others change meanwhile is told when it is saved.
  useEffect(() => { if (order && !opened) setOpened(order); }, [order]);
  return html`<${PageHead} crumb=${html`<${Link} to=${`/purchases/${orderId}`}><${Icon} name="back" size=${14} />Order<//>`} title=${opened ? `Amend ${opened.number}` : html`<${Bone} width="14ch" />`} about="What is saved is a new version; the others stay to be looked at." />
    ${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : null}
    ${opened ? html`<${Form} order=${opened} suppliers=${[]} />` : problem ? null : html`<div class="order-grid" role="status" aria-label="Reading the order"><div class="card bone-card"></div><div class="card bone-card"></div></div>`}`;
}
