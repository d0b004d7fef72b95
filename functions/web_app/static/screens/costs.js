import { html, useState } from "../app/lib.js";
import { get, post, put } from "../app/api.js";
import { BoneRows, Button, Card, Dialog, Empty, ErrorSummary, Field, PageHead, ProblemNotice, SearchBox, Select } from "../app/components.js";
import { useForm } from "../app/form.js";
import { count, day, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { ImportFile } from "./file_import.js";
import { marketplaceOptions, nameOf, useMarketplaces } from "./marketplaces.js";
import { amount, MoneyViews } from "./money_words.js";
import { downloadCsv, Pager, useCursor } from "./paging.js";

const COLUMNS = ["seller_sku", "from_day", "units", "unit_cost", "currency", "manufacturing_unit_cost", "note"];
const METHODS = [
  { value: "fifo", label: "First in, first out", about: "The oldest units are sold first, lot by lot." },
  { value: "weighted_average", label: "Weighted average", about: "Every unit costs what all units bought so far cost on average." },
  { value: "period", label: "Price of the period", about: "Every unit costs what the last lot so far says." },
];
const LABELS = { seller_sku: "SKU", from_day: "For sale from", units: "Units", unit_cost: "Landed cost of a unit", currency: "Currency", manufacturing_unit_cost: "Manufacturing cost of a unit", note: "Note" };
const OTHER_LABELS = { name: "What for", amount: "Amount", currency: "Currency", from_day: "First day", to_day: "Last day", seller_sku: "SKU" };
const RATE_LABELS = { day: "Day", base: "One unit of", quote: "is so much in", rate: "Rate", source: "Source" };

/** What was typed, without what was left empty. */
const filled = (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value).trim()]).filter(([, value]) => value));

function exportLots(lots) {
  downloadCsv("quayside-costs.csv", COLUMNS, lots.map((lot) => COLUMNS.map((name) => lot[name])));
}

function AddLot({ onClose, onDone }) {
  const form = useForm({ seller_sku: "", from_day: "", units: "", unit_cost: "", currency: "", manufacturing_unit_cost: "", note: "" }, {
    check: ({ units }) => ({ units: /^\s*\d*\s*$/.test(units) ? "" : "has to be a whole number from 1 to 10,000,000, or empty" }),
    submit: async (values) => {
      const { units, ...rest } = filled(values);
      await post("costs/lots", { ...rest, ...(units ? { units: Number(units) } : {}) });
      toast("The lot is entered");
      onDone();
    },
  });
  return html`<${Dialog} title="Enter a lot" onClose=${onClose}><form class="stack-s" onSubmit=${form.onSubmit} novalidate><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${LABELS} />
    <${Field} label=${LABELS.seller_sku} ...${form.bind("seller_sku")} code /><${Field} label=${LABELS.from_day} type="date" ...${form.bind("from_day")} />
    <${Field} label=${LABELS.units} hint="Leave it empty for a price that holds from that day on." inputmode="numeric" ...${form.bind("units")} />
    <${Field} label=${LABELS.unit_cost} hint="Goods, freight, duty and all else it takes to have one, such as 4.25." inputmode="decimal" ...${form.bind("unit_cost")} /><${Field} label=${LABELS.currency} hint="Three letters, such as EUR." ...${form.bind("currency")} />
    <${Field} label=${LABELS.manufacturing_unit_cost} hint="Optional. Amazon reimburses lost goods at this." inputmode="decimal" ...${form.bind("manufacturing_unit_cost")} /><${Field} label=${LABELS.note} hint="Optional." ...${form.bind("note")} />
    <div class="form-actions"><${Button} kind="primary" type="submit" busy=${form.busy}>Enter the lot<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></form><//>`;
}

const lotRow = (row) => ({ line: count(row.line), name: row.seller_sku, says: row.problem ?? `${row.lot.units === null ? "price" : plural(row.lot.units, "unit")} at ${row.lot.unit_cost} ${row.lot.currency} from ${day(row.lot.from_day, { year: true })}` });

function LotsFile(props) {
  return html`<${ImportFile} title="Costs from a file" about=${`A CSV file with the columns ${COLUMNS.join(", ")}; the last two and units may be left out. At most 500 rows at once.`} id="costs-file" path="costs/file" what="lot" row=${lotRow} ...${props} />`;
}

function Remove({ label, path, body, onDone }) {
  const [busy, setBusy] = useState(false);
  async function remove() {
    setBusy(true);
    try {
      await post(path, body);
      toast("Removed");
      onDone();
    } catch (error) {
      toast([error.title, error.detail].filter(Boolean).join(". "));
    } finally {
      setBusy(false);
    }
  }
  return html`<${Button} kind="small" busy=${busy} onClick=${remove} aria-label=${label}>Remove<//>`;
}

function OtherCosts({ data, problem, reload }) {
  const [open, setOpen] = useState(false);
  const costs = data?.costs ?? [];
  const manage = may("costs.manage");
  return html`<${Card} title="Other costs" about="Spread evenly over their days" end=${manage ? html`<${Button} kind="small" onClick=${() => setOpen(true)}>Enter a cost<//>` : null}>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !costs.length ? html`<div class="card-body tight"><p class="fine">None yet. An agency, software, photographs: what is no product's purchase price.</p></div>` : html`<ul class="datasets cost-list">${costs.map((cost) => html`<li key=${cost.cost_id}><div><strong>${cost.name}</strong><small>${day(cost.from_day, { year: true })} to ${day(cost.to_day, { year: true })}${cost.marketplace_id ? ` · ${nameOf(cost.marketplace_id)}` : ""}${cost.seller_sku ? ` · ${cost.seller_sku}` : ""}</small></div><div class="dataset-end"><span>${amount(cost.amount)}</span>${manage ? html`<${Remove} label=${`Remove ${cost.name}`} path=${`costs/other/${encodeURIComponent(cost.cost_id)}/remove`} body=${{ from_day: cost.from_day }} onDone=${reload} />` : null}</div></li>`)}</ul>`}
    ${open ? html`<${AddOtherCost} onClose=${() => setOpen(false)} onDone=${() => { setOpen(false); reload(); }} />` : null}<//>`;
}

function AddOtherCost({ onClose, onDone }) {
  const marketplaces = useMarketplaces();
  const form = useForm({ name: "", amount: "", currency: "", from_day: "", to_day: "", marketplace_id: "", seller_sku: "" }, {
    submit: async (values) => {
      await post("costs/other", filled(values));
      toast("The cost is entered");
      onDone();
    },
  });
  return html`<${Dialog} title="Enter another cost" onClose=${onClose}><form class="stack-s" onSubmit=${form.onSubmit} novalidate><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${OTHER_LABELS} />
    <${Field} label=${OTHER_LABELS.name} ...${form.bind("name")} /><${Field} label=${OTHER_LABELS.amount} hint="For all its days together, such as 350.00." inputmode="decimal" ...${form.bind("amount")} /><${Field} label=${OTHER_LABELS.currency} hint="Three letters, such as EUR." ...${form.bind("currency")} />
    <${Field} label=${OTHER_LABELS.from_day} type="date" ...${form.bind("from_day")} /><${Field} label=${OTHER_LABELS.to_day} type="date" ...${form.bind("to_day")} />
    <${Select} label="Marketplace" hideLabel=${false} value=${form.values.marketplace_id} options=${marketplaceOptions(marketplaces)} onChange=${(value) => form.set("marketplace_id", value)} /><${Field} label=${OTHER_LABELS.seller_sku} hint="Optional: when it is one product's." ...${form.bind("seller_sku")} />
    <div class="form-actions"><${Button} kind="primary" type="submit" busy=${form.busy}>Enter the cost<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></form><//>`;
}

function Rates({ data, problem, reload }) {
  const [open, setOpen] = useState(false);
  const rates = data?.rates ?? [];
  return html`<${Card} title="Rates of exchange" about="Nothing is converted without one" end=${may("costs.manage") ? html`<${Button} kind="small" onClick=${() => setOpen(true)}>State a rate<//>` : null}>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !rates.length ? html`<div class="card-body tight"><p class="fine">None yet. Without a rate every currency stands for itself.</p></div>` : html`<ul class="datasets cost-list">${rates.map((rate) => html`<li key=${rate.base + rate.quote + rate.day}><div><strong>1 ${rate.base} = ${rate.rate} ${rate.quote}</strong><small>${day(rate.day, { year: true })} · ${rate.source}</small></div></li>`)}</ul>`}
    ${open ? html`<${SetRate} onClose=${() => setOpen(false)} onDone=${() => { setOpen(false); reload(); }} />` : null}<//>`;
}

function SetRate({ onClose, onDone }) {
  const form = useForm({ day: "", base: "", quote: "", rate: "", source: "" }, {
    submit: async (values) => {
      await put("costs/rates", filled(values));
      toast("The rate is stated");
      onDone();
    },
  });
  return html`<${Dialog} title="State a rate of exchange" onClose=${onClose}><form class="stack-s" onSubmit=${form.onSubmit} novalidate><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${RATE_LABELS} />
    <${Field} label=${RATE_LABELS.day} type="date" hint="It holds until the next rate, for a week at most." ...${form.bind("day")} /><${Field} label=${RATE_LABELS.base} hint="Three letters, such as EUR." ...${form.bind("base")} /><${Field} label=${RATE_LABELS.quote} hint="Three letters, such as USD." ...${form.bind("quote")} />
    <${Field} label=${RATE_LABELS.rate} hint="Such as 1.0842." inputmode="decimal" ...${form.bind("rate")} /><${Field} label=${RATE_LABELS.source} hint="Who says so, such as “European Central Bank”." ...${form.bind("source")} />
    <div class="form-actions"><${Button} kind="primary" type="submit" busy=${form.busy}>State the rate<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></form><//>`;
}

export function Screen() {
  const search = place.value.query.get("search") ?? "";
  const pages = useCursor(search);
  const { data, problem, reload } = useResource(`costs:${search}:${pages.cursor}`, (signal) => get("costs", { query: { search, cursor: pages.cursor }, signal }));
  const other = useResource("costs:other", (signal) => get("costs/other", { signal }));
  const rates = useResource("costs:rates", (signal) => get("costs/rates", { signal }));
  // They show together with the lots, so that none pushes another away.
  const ready = [{ data, problem }, other, rates].every((each) => each.data || each.problem);
  const [open, setOpen] = useState("");
  const lots = data?.lots ?? [];
  const manage = may("costs.manage");
  const done = () => { setOpen(""); reload(); };
  async function choose(method) {
    try {
      await put("costs/method", { method });
      toast("All figures follow");
      reload();
    } catch (error) {
      toast([error.title, error.detail].filter(Boolean).join(". "));
    }
  }
  const method = METHODS.find((each) => each.value === data?.method);
  return html`<${PageHead} title="Costs" about="What your goods and the rest cost you. Only you know, so only you can say.">${manage ? html`<${Button} onClick=${() => setOpen("file")}>From a file…<//><${Button} kind="primary" onClick=${() => setOpen("lot")}>Enter a lot<//>` : null}<//>
    <${MoneyViews} />
    <div class="order-grid"><div class="card list"><div class="filters cost-filters"><${SearchBox} label="Search costs" placeholder="What the SKU begins with" value=${search} onSearch=${(text) => setQuery({ search: text }, { replace: true })} />
      ${manage ? html`<${Select} label="How costs are used up" value=${data?.method ?? ""} options=${data ? METHODS : [{ value: "", label: "Reading" }]} onChange=${choose} />` : html`<span class="fine">${method?.label ?? ""}</span>`}</div>
    <p class="list-about" role="status"><span>${method ? method.about : "Reading the costs."}</span><span class="list-end">${lots.length ? html`<button type="button" class="link-button" onClick=${() => exportLots(lots)}>CSV of this page</button>` : null}</span></p>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !lots.length ? html`<${Empty} icon="stock" title=${search ? "No lot matches" : "No costs yet"} action=${!search && manage ? html`<${Button} kind="primary" onClick=${() => setOpen("file")}>Costs from a file…<//>` : null}>${search ? "The search looks for what a SKU begins with." : "Enter what you bought, when and for how much: profit is shown for what has a cost, and what has none is said."}<//>`
      : problem && !data ? null : html`<div class="table-wrap"><table class="rows money-table cost-table"><thead><tr><th>SKU</th><th class="wide-only">For sale from</th><th class="number wide-only">Units</th><th class="number">Unit, landed</th><th class="number wide-only">All units</th><th class="wide-only"><span class="visually-hidden">Actions</span></th></tr></thead>
        <tbody>${data ? lots.map((lot) => html`<tr key=${lot.seller_sku + lot.lot_id}><td class="cell-title"><strong class="clip">${lot.seller_sku}</strong><small>${[lot.note, lot.manufacturing_unit_cost ? `made for ${lot.manufacturing_unit_cost} ${lot.currency}` : null].filter(Boolean).join(" · ") || "\u00a0"}</small></td><td class="wide-only">${day(lot.from_day, { year: true })}</td><td class="number wide-only">${lot.units === null ? "any" : count(lot.units)}</td><td class="number cell-total">${lot.unit_cost} ${lot.currency}</td><td class="number wide-only">${amount(lot.landed)}</td>
          <td class="wide-only number">${lot.origin ? html`<span class="fine" title="It follows the purchase order">${lot.origin}</span>` : manage ? html`<${Remove} label=${`Remove the lot of ${lot.seller_sku} from ${lot.from_day}`} path=${`costs/lots/${encodeURIComponent(lot.lot_id)}/remove`} body=${{ seller_sku: lot.seller_sku, from_day: lot.from_day }} onDone=${reload} />` : null}</td></tr>`) : html`<${BoneRows} rows=${8} columns=${6} narrow=${[0, 3]} />`}</tbody></table></div>
      ${data ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="In the order of their SKUs." />` : null}`}</div>
    ${ready ? html`<div class="stack" key="beside"><${OtherCosts} ...${other} /><${Rates} ...${rates} /></div>` : html`<div class="stack" key="wait"><div class="card bone-card low"></div><div class="card bone-card low"></div></div>`}</div>
    ${open === "lot" ? html`<${AddLot} onClose=${() => setOpen("")} onDone=${done} />` : null}${open === "file" ? html`<${LotsFile} onClose=${() => setOpen("")} onDone=${done} />` : null}`;
}
