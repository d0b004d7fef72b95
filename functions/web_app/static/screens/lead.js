import { html, useEffect, useRef, useState } from "../app/lib.js";
import { get, post, put } from "../app/api.js";
import { Ago, Bone, Button, ButtonLink, Card, Dialog, Empty, ErrorSummary, Field, Icon, Link, Notice, PageHead, ProblemNotice, Select, State } from "../app/components.js";
import { InlineFigure } from "../app/figures.js";
import { useForm } from "../app/form.js";
import { count, day, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { go } from "../app/router.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { fileRow, ImportFile } from "./file_import.js";
import { detail, nameOf, useConnections } from "./marketplaces.js";
import { downloadCsv } from "./paging.js";
import { amountOf, AskAmazon, EVENTS, feeWord, INCOTERMS, isNumber, isReading, isWhole, leadCall, LeadForm, leadPath, point, Stage, stageWord } from "./sourcing_words.js";

const QUOTE_LABELS = { supplier_name: "Supplier", currency: "Currency", breaks: "Prices by quantity", minimum_units: "Least order, units", carton_units: "Units in a carton", lead_time_days: "Lead time, days", incoterm: "Incoterm", valid_until: "Valid until", freight_unit: "Freight of a unit", duty_percent: "Duty, percent", other_unit: "Other costs of a unit", tooling: "Tooling, once", note: "Note" };
const DUTY_BASES = [{ value: "goods", label: "the goods" }, { value: "goods_and_freight", label: "goods and freight" }];
const NEW_QUOTE = { supplier_name: "", currency: "", breaks: "", minimum_units: "1", carton_units: "1", lead_time_days: "30", incoterm: "FOB", valid_until: "", freight_unit: "0", duty_percent: "0", duty_base: "goods", other_unit: "0", tooling: "0", note: "" };

const typedBreaks = (breaks) => breaks.map((each) => `${each.from_units}: ${each.unit_price}`).join("\n");
/** "500: 1.85" a line. A line that can't be read is null, and said. */
const readBreaks = (text) => text.split("\n").filter((line) => line.trim()).map((line) => {
  const found = /^\s*(\d+)\s*[:;\s]\s*(\d+(?:[.,]\d+)?)\s*$/.exec(line);
  return found ? { from_units: Number(found[1]), unit_price: point(found[2]) } : null;
});

function QuoteForm({ lead, quote, onClose, onDone }) {
  const typed = quote ? { ...quote.quote, breaks: typedBreaks(quote.quote.breaks), minimum_units: String(quote.quote.minimum_units), carton_units: String(quote.quote.carton_units), lead_time_days: String(quote.quote.lead_time_days), valid_until: quote.quote.valid_until ?? "" } : NEW_QUOTE;
  const form = useForm(typed, {
    check: (values) => ({
      supplier_name: values.supplier_name.trim() ? "" : "Enter who offers it", currency: /^[a-z]{3}$/i.test(values.currency.trim()) ? "" : "Enter three letters, such as USD",
      breaks: readBreaks(values.breaks).length && readBreaks(values.breaks).every(Boolean) ? "" : "Enter a line for each price, such as 500: 1.85",
      ...Object.fromEntries(["minimum_units", "carton_units", "lead_time_days"].map((name) => [name, isWhole(values[name]) ? "" : "Enter a whole number"])),
      ...Object.fromEntries(["freight_unit", "duty_percent", "other_unit", "tooling"].map((name) => [name, isNumber(values[name]) ? "" : "Enter a number, 0 or more"])),
    }),
    submit: async (values) => {
      const numbers = Object.fromEntries(["minimum_units", "carton_units", "lead_time_days"].map((name) => [name, Number(values[name])]));
      const amounts = Object.fromEntries(["freight_unit", "duty_percent", "other_unit", "tooling"].map((name) => [name, point(values[name])]));
      const body = { ...values, ...numbers, ...amounts, breaks: readBreaks(values.breaks), valid_until: values.valid_until || null };
      onDone(quote ? await put(leadCall(lead.lead_id, `/quotes/${quote.quote_id}`), { version: quote.version, quote: body }) : await post(leadCall(lead.lead_id, "/quotes"), body));
      toast("The quote is kept");
    },
  });
  const wrong = form.fields.find((field) => field.name === "breaks")?.text;
  const field = (name, rest = {}) => html`<${Field} label=${QUOTE_LABELS[name]} ...${form.bind(name)} ...${rest} />`;
  return html`<${Dialog} title=${quote ? "Change the quote" : "Enter a quote"} onClose=${onClose} class="wide"><form class="stack-s" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${QUOTE_LABELS} />
    <div class="field-pair">${field("supplier_name")}${field("currency", { hint: "Three letters, such as USD" })}</div>
    <div class="field"><label for="breaks">${QUOTE_LABELS.breaks}</label><span class="hint" id="breaks-hint">A line each: from how many units, and the price of one, such as 500: 1.85</span>${wrong ? html`<span class="problem" id="breaks-problem"><${Icon} name="error" size=${18} />${wrong}</span>` : null}<textarea id="breaks" class="input" rows="4" aria-describedby=${wrong ? "breaks-hint breaks-problem" : "breaks-hint"} aria-invalid=${wrong ? "true" : undefined} value=${form.values.breaks} onInput=${(event) => form.set("breaks", event.currentTarget.value)}></textarea></div>
    <div class="field-pair">${field("minimum_units", { inputmode: "numeric" })}${field("carton_units", { inputmode: "numeric" })}</div>
    <div class="field-pair">${field("lead_time_days", { inputmode: "numeric" })}<${Select} label="Incoterm" hideLabel=${false} value=${form.values.incoterm} options=${INCOTERMS.map((value) => ({ value, label: value }))} onChange=${(value) => form.set("incoterm", value)} /></div>
    <div class="field-pair">${field("freight_unit", { inputmode: "decimal" })}${field("other_unit", { inputmode: "decimal", hint: "Inspection, preparation" })}</div>
    <div class="field-pair">${field("duty_percent", { inputmode: "decimal" })}<${Select} label="Duty is counted on" hideLabel=${false} value=${form.values.duty_base} options=${DUTY_BASES} onChange=${(value) => form.set("duty_base", value)} /></div>
    <div class="field-pair">${field("tooling", { inputmode: "decimal", hint: "Shared by the units of the order" })}${field("valid_until", { type: "date", hint: "Empty when none is named" })}</div>
    ${field("note", { maxlength: "500" })}
    <div class="form-actions"><${Button} type="submit" kind="primary" busy=${form.busy}>Save the quote<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></form><//>`;
}

/** The quotes of a lead, compared for as many units as are needed; the last answer stays until the next one is there. */
function useComparison(lead) {
  const currencies = lead ? [...new Set([...lead.targets.map((target) => target.price.currency), ...lead.quotes.map((quote) => quote.quote.currency)])] : [];
  const [units, setUnits] = useState("500");
  const [currency, setCurrency] = useState("");
  const chosen = currencies.includes(currency) ? currency : (currencies[0] ?? "");
  const asked = lead?.quotes.length > 0 && isWhole(units) && Number(units) > 0;
  const { data, problem, reload } = useResource(asked ? `compare:${lead.lead_id}:${units}:${chosen}:${lead.quotes.map((quote) => quote.quote_id + quote.version).join()}` : null, (signal) => get(leadCall(lead.lead_id, "/comparison"), { query: { units, currency: chosen }, signal }));
  const last = useRef(null);
  if (data) last.current = data;
  const shown = lead?.quotes.length ? (data ?? last.current) : null;
  return { currencies, units, setUnits, chosen, setCurrency, data: shown, problem, reload, isThere: Boolean(lead) && (!lead.quotes.length || Boolean(shown) || Boolean(problem)) };
}

const QUOTE_COLUMNS = ["supplier_name", "currency", "from_units", "unit_price", "minimum_units", "carton_units", "lead_time_days", "incoterm", "valid_until", "freight_unit", "duty_percent", "other_unit", "tooling", "duty_base", "note", "quote_id"];

/** A row for each price, in the columns that a file of quotes is read by. */
function exportQuotes(lead) {
  const rows = lead.quotes.flatMap(({ quote_id, quote }) => quote.breaks.map((part) => ({ ...quote, ...part, quote_id })));
  downloadCsv(`quayside-quotes-${lead.name.replace(/[^\w-]+/g, "-").slice(0, 40)}.csv`, QUOTE_COLUMNS, rows.map((row) => QUOTE_COLUMNS.map((name) => row[name])));
}

/** Quotes side by side on the landed cost of a unit. */
function Quotes({ lead, comparison, manage, onEdit, onLead }) {
  const { currencies, units, setUnits, chosen, setCurrency, data, problem, reload } = comparison;
  async function remove(quote) {
    try {
      onLead(await post(leadCall(lead.lead_id, `/quotes/${quote.quote_id}/remove`)));
    } catch (error) {
      toast([error.detail, error.action].filter(Boolean).join(" "));
    }
  }
  return html`<${Card} title="Quotes" about="compared on the landed cost of a unit" end=${html`${lead.quotes.length ? html`<${Button} kind="small" onClick=${() => exportQuotes(lead)}>CSV<//>` : null}${manage ? html`<${Button} kind="small" onClick=${() => onEdit("file")}>From a file…<//><${Button} kind="small" onClick=${() => onEdit("new")}>Enter a quote<//>` : null}`}>
    ${lead.quotes.length ? html`<div class="card-body tight quote-controls"><div class="field"><label for="compare-units">For so many units</label><input id="compare-units" class="input" inputmode="numeric" value=${units} onInput=${(event) => setUnits(event.currentTarget.value)} /></div><${Select} label="In" hideLabel=${false} value=${chosen} options=${currencies.map((value) => ({ value, label: value }))} onChange=${setCurrency} /></div>
      ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
      <div class="table-wrap"><table class="rows quote-table"><thead><tr><th>Supplier</th><th class="number wide-only">Unit price</th><th class="number wide-only">To buy</th><th class="number">Unit, landed</th><th class="number wide-only">Lead time</th>${manage ? html`<th><span class="visually-hidden">Actions</span></th>` : null}</tr></thead><tbody>${(data?.quotes ?? lead.quotes.map((quote) => ({ ...quote.quote, quote_id: quote.quote_id, cautions: [] }))).map((row) => { const quote = lead.quotes.find((each) => each.quote_id === row.quote_id); return html`<tr key=${row.quote_id}><td><strong>${row.supplier_name}</strong> ${row.is_best ? html`<${State} kind="good">Lowest<//>` : null}<small>${[row.incoterm, row.valid_until ? `valid until ${day(row.valid_until, { year: true })}` : "no end named"].join(" · ")}</small>${row.cautions.map((text) => html`<small key=${text} class="said">${text}</small>`)}</td>
        <td class="number wide-only">${row.landed ? `${row.landed.unit_price} ${row.landed.currency}` : html`<${Bone} width="6ch" />`}</td><td class="number wide-only">${row.landed ? count(row.landed.units) : "–"}</td>
        <td class="number">${row.landed ? html`${row.landed.unit_there ? amountOf(row.landed.unit_there) : "no rate"}<small>${row.landed.currency === chosen ? `${amountOf(row.landed.total)} in all` : `${amountOf(row.landed.unit)} a unit`}</small>${row.landed.rate ? html`<small>${row.landed.rate}</small>` : null}${row.landed.problem ? html`<small class="said">${row.landed.problem}</small>` : null}` : html`<${Bone} width="6ch" />`}</td><td class="number wide-only">${plural(row.lead_time_days, "day")}</td>
        ${manage && quote ? html`<td class="number row-actions"><${Button} kind="small" aria-label=${`Change the quote of ${row.supplier_name}`} onClick=${() => onEdit(quote)}>Change<//><${Button} kind="small" aria-label=${`Remove the quote of ${row.supplier_name}`} onClick=${() => remove(quote)}>Remove<//></td>` : null}</tr>`; })}</tbody></table></div>`
      : html`<${Empty} icon="file" title="No quote yet">Enter what suppliers offer: prices by quantity, least order, cartons, freight and duty. They are compared on what a unit costs you landed.<//>`}<//>`;
}

/** What Amazon tells of the products it is compared with: by its API alone, each with its age. */
function Research({ lead, editable, onLead }) {
  const { readings, products, fees } = lead.research;
  const failed = readings.filter((reading) => reading.state === "failed");
  const size = (facts) => facts.package && facts.package.every(Boolean) ? `${facts.package.slice(0, 3).join(" × ")}, ${facts.package[3]}` : "";
  return html`<${Card} title="What Amazon tells" about="read by its API, for your account" end=${editable && lead.asins.length ? html`<${AskAmazon} lead=${lead} onLead=${onLead} />` : null}>
    ${failed.map((reading) => html`<div class="inset" key=${reading.connection_id}><${Notice} kind="warn" title="Amazon could not be asked"><p>${reading.problem}</p><//></div>`)}
    ${products.length || fees.length ? html`<ul class="datasets">${products.map((item) => html`<li key=${item.asin + item.marketplace_id}><div><strong>${item.facts.found ? (item.facts.title ?? item.asin) : `${item.asin} is not known there`}</strong><small>${[item.asin, nameOf(item.marketplace_id), item.facts.brand, item.facts.category].filter(Boolean).join(" · ")}</small>${size(item.facts) ? html`<small>Packed ${size(item.facts)}</small>` : null}</div><div class="dataset-end"><span>${item.facts.rank ? `No. ${count(item.facts.rank)}` : ""}<small>${item.facts.rank_in ?? ""}</small><small><${Ago} at=${item.as_of} /></small></span></div></li>`)}
      ${fees.map((item) => html`<li key=${"f" + item.marketplace_id + item.price.amount_minor}><div><strong>${`Amazon's fees at ${amountOf(item.price)}`}</strong><small>${item.problem || item.fees.map((fee) => `${feeWord(fee.name)} ${amountOf(fee.amount)}`).join(", ")}</small><small>estimated for ${item.asin} in ${nameOf(item.marketplace_id)}</small></div><div class="dataset-end"><span>${item.problem ? "no estimate" : amountOf({ amount_minor: item.fees.reduce((sum, fee) => sum + fee.amount.amount_minor, 0), currency: item.price.currency })}<small><${Ago} at=${item.as_of} /></small></span></div></li>`)}</ul>`
      : html`<div class="card-body tight"><p class="fine">${lead.asins.length ? "Nothing was read yet. Amazon's catalogue tells title, category, rank and size; its fees are estimated at your target price." : "Change the lead and enter an ASIN to compare with: Amazon estimates fees of products it knows."}</p></div>`}<//>`;
}

function Reject({ lead, onClose, onDone }) {
  const form = useForm({ reason: "" }, {
    check: ({ reason }) => ({ reason: reason.trim() ? "" : "Say why, so that nobody looks into it again for nothing" }),
    submit: async ({ reason }) => onDone(await post(leadCall(lead.lead_id, "/move"), { version: lead.version, event: "reject", reason })),
  });
  return html`<${Dialog} title="Reject the lead" onClose=${onClose}><form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ reason: "Why" }} /><${Field} label="Why" maxlength="300" ...${form.bind("reason")} />
    <div class="form-actions"><${Button} type="submit" kind="danger" busy=${form.busy}>Reject<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></form><//>`;
}

/** The lead becomes a product: its SKU, and the quote that its first order is drafted by. */
function Approve({ lead, onClose, onDone }) {
  const begun = lead.approval;
  const form = useForm({ seller_sku: begun?.seller_sku ?? "", quote_id: begun?.quote_id ?? lead.quotes[0]?.quote_id ?? "", units: String(begun?.units ?? 500) }, {
    check: ({ seller_sku, units }) => ({ seller_sku: seller_sku.trim() ? "" : "Enter the SKU it is sold under", units: isWhole(units) ? "" : "Enter a whole number" }),
    submit: async (values) => {
      onDone(await post(leadCall(lead.lead_id, "/approve"), { ...values, version: lead.version, units: Number(values.units) }));
      toast("Approved: its first order is drafted");
    },
  });
  const paid = lead.quotes.find((quote) => quote.quote_id === form.values.quote_id)?.quote.currency;
  const sold = [...new Set(lead.targets.map((target) => target.price.currency))];
  const kept = sold.length === 1 && paid && paid !== sold[0] ? ` The order is in ${paid} and its costs are kept in ${sold[0]}, by the rate that you state under Costs.` : "";
  return html`<${Dialog} title="Approve the lead" onClose=${onClose}><form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ seller_sku: "SKU", quote_id: "By the quote of", units: "Units" }} />
    ${begun ? html`<p>An approval was begun and not finished. Approve again to finish it; nothing is ordered twice.</p>` : html`<p>The lead becomes a product, and a first purchase order is drafted. Nothing is sent to the supplier yet.${kept}</p>`}
    <${Field} label="SKU" hint="As it is, or will be, listed at Amazon" maxlength="40" ...${form.bind("seller_sku")} />
    <${Select} id="quote_id" label="By the quote of" hideLabel=${false} value=${form.values.quote_id} options=${lead.quotes.map((quote) => ({ value: quote.quote_id, label: quote.quote.supplier_name }))} onChange=${(value) => form.set("quote_id", value)} />
    <${Field} label="Units" hint="The least order and full cartons are kept to" inputmode="numeric" ...${form.bind("units")} />
    <div class="form-actions"><${Button} type="submit" kind="primary" busy=${form.busy}>Approve<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></form><//>`;
}

/** What it became: the product, its first order, and what was promised on that day. */
function Approved({ approval, quotes, realised }) {
  const earned = (id) => realised?.scenarios.find((each) => each.promised.scenario_id === id);
  const quote = quotes.find((each) => each.quote_id === approval.quote_id);
  return html`<${Card} title="The product" about=${html`approved <${Ago} at=${approval.approved_at} />`}><div class="card-body"><dl class="facts"><dt>SKU</dt><dd>${approval.seller_sku}</dd><dt>First order</dt><dd>${approval.order_id ? html`<${Link} to=${`/purchases/${encodeURIComponent(approval.order_id)}`}>${plural(approval.units, "unit")}<//>` : `${plural(approval.units, "unit")}, not drafted yet,`}${quote ? ` from ${quote.quote.supplier_name}` : ""}</dd></dl></div>
    ${approval.promised.length ? html`<ul class="datasets">${approval.promised.map((each) => html`<li key=${each.scenario_id}><div><strong>${each.name}</strong><small>promised in ${nameOf(each.marketplace_id)} at ${amountOf({ amount_minor: each.price_minor, currency: each.currency })}</small></div><div class="dataset-end"><span>${each.profit_minor === null ? "not known then" : amountOf({ amount_minor: each.profit_minor, currency: each.currency })}<small>${each.margin_percent === null ? "" : `margin ${each.margin_percent} %`}</small></span></div><${Earned} found=${earned(each.scenario_id)} days=${realised?.days} /></li>`)}</ul>` : null}<//>`;
}

/** What a unit earned, beside the promise. */
function Earned({ found, days }) {
  if (!found) return null;
  if (found.problem) return html`<small>${`Realised: ${found.problem}`}</small>`;
  return html`<small>Realised in ${days} days: <${InlineFigure} title="Realised profit of a unit" figure=${found.profit} /> a unit, margin <${InlineFigure} title="Margin" figure=${found.margin} /></small>`;
}

function Scenarios({ lead }) {
  return html`<${Card} title="What a unit would earn" end=${html`<${Link} to=${leadPath(lead.lead_id, "/calculator")}>Calculator<//>`}>${lead.scenarios.length ? html`<ul class="datasets">${lead.scenarios.map((item) => html`<li key=${item.scenario_id}><div><strong>${item.scenario.name}</strong><small>${nameOf(item.scenario.marketplace_id)}, ${item.scenario.price} ${item.currency}</small></div><div class="dataset-end"><span>${item.profit.value === null ? "not known yet" : amountOf({ amount_minor: item.profit.value, currency: item.currency })}<small>${item.margin.value === null ? "" : `margin ${item.margin.value} %`}</small></span></div></li>`)}</ul>`
    : html`<div class="card-body tight"><p class="fine">No scenario yet. The calculator sets price, fees, landed cost, returns and advertising side by side.</p></div>`}<//>`;
}

export function Screen({ lead_id: leadId }) {
  const { connections } = useConnections();
  const [waits, setWaits] = useState(false);
  const { data: lead, problem, reload, put: show } = useResource(`lead:${leadId}`, (signal) => get(leadCall(leadId), { signal }), { every: waits ? 2000 : 0 });
  useEffect(() => setWaits(isReading(lead)), [lead]);
  const comparison = useComparison(lead);
  const sells = lead?.stage === "approved";
  const realised = useResource(sells ? `realised:${leadId}` : null, (signal) => get(leadCall(leadId, "/realised"), { signal }));
  const [open, setOpen] = useState(null);
  const [refused, setRefused] = useState(null);
  const crumb = html`<${Link} to="/sourcing"><${Icon} name="back" size=${14} />Sourcing<//>`;
  if (problem && !lead) return problem.status === 404 ? html`<${PageHead} title="Lead not found" crumb=${crumb} /><div class="card"><${Empty} icon="search" title="No such lead">It may have been removed.<//></div>` : html`<${PageHead} title="Lead" crumb=${crumb} /><${ProblemNotice} problem=${problem} retry=${reload} />`;
  if (!comparison.isThere || (sells && !realised.data && !realised.problem)) return html`<${PageHead} title=${html`<${Bone} width="12ch" />`} about=${html`<${Bone} width="20ch" />`} waiting crumb=${crumb} /><div class="order-grid" key="wait" role="status" aria-label="Loading the lead"><div class="card bone-card"></div><div class="card bone-card"></div></div>`;
  const manage = may("sourcing.manage");
  const done = (found) => { setOpen(null); setRefused(null); show(found); };
  async function move(event) {
    setRefused(null);
    if (event === "reject" || event === "approve") return setOpen(event);
    try {
      done(await post(leadCall(leadId, "/move"), { version: lead.version, event }));
      return undefined;
    } catch (error) {
      setRefused(error);
      return error.status === 409 ? reload() : undefined;
    }
  }
  async function remove() {
    try {
      await post(leadCall(leadId, "/remove"));
      toast("The lead is removed");
      go("/sourcing");
    } catch (error) {
      setRefused(error);
    }
  }
  const editable = manage && !lead.approval;
  const size = lead.package;
  return html`<${PageHead} title=${lead.name} crumb=${crumb} about=${html`<${Stage} stage=${lead.stage} /> since <${Ago} at=${lead.moves[0]?.at ?? lead.created_at} />`}><${ButtonLink} to=${leadPath(leadId, "/calculator")}>Calculator<//>${manage ? lead.events.map((event) => html`<${Button} key=${event} kind=${event === "reject" ? "quiet" : event === "approve" ? "primary" : ""} onClick=${() => move(event)}>${EVENTS[event]}<//>`) : null}<//>
    ${refused ? html`<div class="inset"><${ProblemNotice} problem=${refused} compact /></div>` : null}${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact />` : null}
    <div class="order-grid"><div class="stack"><${Quotes} lead=${lead} comparison=${comparison} manage=${editable} onEdit=${(quote) => setOpen(quote)} onLead=${show} /><${Research} lead=${lead} editable=${editable} onLead=${show} /></div>
      <div class="stack">${lead.approval ? html`<${Approved} approval=${lead.approval} quotes=${lead.quotes} realised=${realised.data} />` : null}<${Scenarios} lead=${lead} />
        <${Card} title="The lead" end=${editable ? html`<${Button} kind="small" onClick=${() => setOpen("edit")}>Change<//>` : null}><div class="card-body"><dl class="facts">${lead.targets.map((target) => html`<dt key=${"t" + target.connection_id + target.marketplace_id}>${nameOf(target.marketplace_id)}</dt><dd>${amountOf(target.price)}${detail(target.marketplace_id).currency ? "" : ` ${target.price.currency}`}</dd>`)}<dt>Compared with</dt><dd>${lead.asins.join(", ") || "no product yet"}</dd><dt>One packed unit</dt><dd>${size ? `${size.length_mm / 10} × ${size.width_mm / 10} × ${size.height_mm / 10} cm, ${size.weight_grams / 1000} kg` : "not known yet"}</dd>${lead.note ? html`<dt>Note</dt><dd>${lead.note}</dd>` : null}${lead.reason ? html`<dt>Rejected because</dt><dd>${lead.reason}</dd>` : null}</dl></div><//>
        <${Card} title="What happened"><ol class="feed">${lead.moves.map((item) => html`<li key=${item.at + item.event}><div>${stageWord(item.stage)}${item.reason ? html`<small>${item.reason}</small>` : null}</div><${Ago} at=${item.at} /></li>`)}<li><div>Entered as an idea</div><${Ago} at=${lead.created_at} /></li></ol>${editable ? html`<div class="card-foot"><${Button} kind="small" onClick=${remove}>Remove the lead<//></div>` : null}<//></div></div>
    ${open === "edit" ? html`<${LeadForm} title="Change the lead" lead=${lead} connections=${connections} onClose=${() => setOpen(null)} submit=${async (draft) => done(await put(leadCall(leadId), { version: lead.version, lead: draft }))} />` : null}
    ${open === "file" ? html`<${ImportFile} title="Quotes from a file" about="A CSV file with supplier_name, currency, from_units and unit_price, in a row for each price; minimum_units, carton_units, lead_time_days, incoterm, valid_until, freight_unit, duty_percent, duty_base, other_unit, tooling and note may follow and count in a supplier's first row. Rows of one supplier are one quote." id="quotes-file" path=${leadCall(leadId, "/quotes/file")} what="quote" row=${fileRow} onClose=${() => setOpen(null)} onDone=${done} />` : null}
    ${open === "approve" ? html`<${Approve} lead=${lead} onClose=${() => setOpen(null)} onDone=${done} />` : null}
    ${open === "reject" ? html`<${Reject} lead=${lead} onClose=${() => setOpen(null)} onDone=${done} />` : null}
    ${open === "new" || open?.quote_id ? html`<${QuoteForm} lead=${lead} quote=${open === "new" ? null : open} onClose=${() => setOpen(null)} onDone=${done} />` : null}`;
}
