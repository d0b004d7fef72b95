import { html, useEffect, useState } from "../app/lib.js";
import { get, post, put } from "../app/api.js";
import { Age, Bone, Button, Card, Dialog, Empty, ErrorSummary, Field, Icon, Link, PageHead, ProblemNotice, Segmented, Select } from "../app/components.js";
import { InlineFigure } from "../app/figures.js";
import { useForm } from "../app/form.js";
import { plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { nameOf, useConnections } from "./marketplaces.js";
import { downloadCsv } from "./paging.js";
import { amountOf, AskAmazon, feeWord, isNumber, isReading, isWhole, leadCall, leadPath, placeOptions, point, Stage, typedAmount } from "./sourcing_words.js";

const LABELS = { name: "Name", marketplace_id: "Where", price: "Price, tax included", units: "Units of one purchase", quote_id: "Landed cost", landed_unit: "Landed cost of a unit", fees: "Amazon's fees of a unit", tax_percent: "Tax in the price, percent", returns_percent: "Returns, percent of revenue", ads_percent: "Advertising, percent of revenue", other_unit: "Other costs of a unit" };
const CHANNELS = [{ value: "amazon", label: "Amazon ships" }, { value: "merchant", label: "You ship" }];
const minus = (value) => amountOf({ ...value, amount_minor: value.amount_minor ? -value.amount_minor : 0 });

function typedScenario(scenario, lead, options) {
  if (scenario) return { ...scenario, place: `${scenario.connection_id}|${scenario.marketplace_id}`, units: String(scenario.units), quote_id: scenario.quote_id ?? "", landed_unit: scenario.landed_unit ?? "", fees: scenario.fees ?? "", channel: scenario.by_amazon ? "amazon" : "merchant" };
  const target = lead.targets[0];
  return { name: "", place: target ? `${target.connection_id}|${target.marketplace_id}` : (options[0]?.value ?? ""), price: target ? typedAmount(target.price) : "", channel: "amazon", units: "500", quote_id: lead.quotes[0]?.quote_id ?? "", landed_unit: "", fees: "", tax_percent: "0", returns_percent: "3", ads_percent: "10", other_unit: "0" };
}

function ScenarioForm({ lead, scenario, connections, onClose, onDone }) {
  const options = placeOptions(connections);
  const form = useForm(typedScenario(scenario?.scenario, lead, options), {
    check: (values) => ({
      name: values.name.trim() ? "" : "Enter a name", price: isNumber(values.price) ? "" : "Enter an amount, such as 24.99", units: isWhole(values.units) ? "" : "Enter a whole number",
      landed_unit: values.quote_id || !String(values.landed_unit).trim() || isNumber(values.landed_unit) ? "" : "Enter an amount, or nothing", fees: !String(values.fees).trim() || isNumber(values.fees) ? "" : "Enter an amount, or nothing",
      ...Object.fromEntries(["tax_percent", "returns_percent", "ads_percent", "other_unit"].map((name) => [name, isNumber(values[name]) ? "" : "Enter a number, 0 or more"])),
    }),
    submit: async ({ place, channel, ...values }) => {
      const [connection_id, marketplace_id] = place.split("|");
      const optional = (text) => (String(text).trim() ? point(text) : null);
      const body = { name: values.name, connection_id, marketplace_id, price: point(values.price), by_amazon: channel === "amazon", units: Number(values.units), quote_id: values.quote_id || null, landed_unit: values.quote_id ? null : optional(values.landed_unit), fees: optional(values.fees), ...Object.fromEntries(["tax_percent", "returns_percent", "ads_percent", "other_unit"].map((name) => [name, point(values[name])])) };
      onDone(scenario ? await put(leadCall(lead.lead_id, `/scenarios/${scenario.scenario_id}`), { version: scenario.version, scenario: body }) : await post(leadCall(lead.lead_id, "/scenarios"), body));
      toast("The scenario is kept");
    },
  });
  const field = (name, rest = {}) => html`<${Field} label=${LABELS[name]} inputmode="decimal" ...${form.bind(name)} ...${rest} />`;
  const quotes = [{ value: "", label: "Entered by you" }, ...lead.quotes.map((quote) => ({ value: quote.quote_id, label: `Quote of ${quote.quote.supplier_name}` }))];
  return html`<${Dialog} title=${scenario ? "Change the scenario" : "New scenario"} onClose=${onClose} class="wide"><form class="stack-s" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${LABELS} />
    <div class="field-pair">${field("name", { inputmode: "text" })}<${Select} id="marketplace_id" label=${LABELS.marketplace_id} hideLabel=${false} value=${form.values.place} options=${options} onChange=${(value) => form.set("place", value)} /></div>
    <div class="field-pair">${field("price")}${field("tax_percent", { hint: "Value added tax; 0 where prices are without" })}</div>
    <div class="field-pair"><${Select} id="quote_id" label=${LABELS.quote_id} hideLabel=${false} value=${form.values.quote_id} options=${quotes} onChange=${(value) => form.set("quote_id", value)} />${form.values.quote_id ? field("units", { inputmode: "numeric", hint: "Decides the price by quantity" }) : field("landed_unit")}</div>
    <div class="field"><span class="label">Who ships</span><${Segmented} label="Who ships" value=${form.values.channel} options=${CHANNELS} onChange=${(value) => form.set("channel", value)} /></div>
    ${field("fees", { hint: "Empty takes Amazon's own estimate" })}
    <div class="field-pair">${field("returns_percent")}${field("ads_percent")}</div>${field("other_unit")}
    <div class="form-actions"><${Button} type="submit" kind="primary" busy=${form.busy}>Save the scenario<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></form><//>`;
}

const ROWS = [
  ["Price", (item) => `${item.scenario.price} ${item.currency}`],
  ["Revenue", (item) => html`<${InlineFigure} title="Revenue of a unit" figure=${item.revenue} />`],
  ["Amazon's fees", (item) => html`<${InlineFigure} title="Amazon's fees of a unit" figure=${item.fees} />${item.fee_lines.map((line) => html`<small key=${line.name}>${feeWord(line.name)} ${amountOf(line.amount)}</small>`)}`],
  ["Landed cost", (item) => html`<${InlineFigure} title="Landed cost of a unit" figure=${item.landed} />${item.landed_by ? html`<small>${plural(item.landed_by.units, "unit")} at ${item.landed_by.unit_price} ${item.landed_by.currency}</small>${item.landed_by.rate ? html`<small>${item.landed_by.rate}</small>` : null}` : null}`],
  ["Returns", (item) => html`${minus(item.returns)}<small>${item.scenario.returns_percent} % of revenue</small>`],
  ["Advertising", (item) => html`${minus(item.ads)}<small>${item.scenario.ads_percent} % of revenue</small>`],
  ["Other costs", (item) => minus(item.other)],
  ["Profit of a unit", (item) => html`<strong><${InlineFigure} title="Profit of a unit" figure=${item.profit} /></strong>${item.missing.map((text) => html`<small key=${text} class="said">${text}</small>`)}`],
  ["Margin", (item) => html`<${InlineFigure} title="Margin" figure=${item.margin} />`],
  ["Return on investment", (item) => html`<${InlineFigure} title="Return on investment" figure=${item.roi} />`],
  ["Break-even price", (item) => html`<${InlineFigure} title="Break-even price" figure=${item.break_even_price} />`],
  ["Break-even ACoS", (item) => html`<${InlineFigure} title="Break-even ACoS" figure=${item.break_even_acos} />`],
];

const CSV = ["scenario", "marketplace", "currency", "price", "revenue_minor", "fees_minor", "landed_minor", "returns_minor", "ads_minor", "other_minor", "profit_minor", "margin_percent", "roi_percent", "break_even_price_minor", "break_even_acos_percent", "as_of"];
const exported = (item) => [item.scenario.name, nameOf(item.scenario.marketplace_id), item.currency, item.scenario.price, item.revenue.value, item.fees.value, item.landed.value, item.returns.amount_minor, item.ads.amount_minor, item.other.amount_minor, item.profit.value, item.margin.value, item.roi.value, item.break_even_price.value, item.break_even_acos.value, item.profit.as_of];

export function Screen({ lead_id: leadId }) {
  const { connections } = useConnections();
  const [waits, setWaits] = useState(false);
  const { data: lead, problem, reload, put: show } = useResource(`lead:${leadId}`, (signal) => get(leadCall(leadId), { signal }), { every: waits ? 2000 : 0 });
  useEffect(() => setWaits(isReading(lead)), [lead]);
  const [open, setOpen] = useState(null);
  const crumb = html`<${Link} to=${leadPath(leadId)}><${Icon} name="back" size=${14} />${lead?.name ?? "Lead"}<//>`;
  if (problem && !lead) return html`<${PageHead} title="Calculator" crumb=${crumb} /><${ProblemNotice} problem=${problem} retry=${reload} />`;
  if (!lead) return html`<${PageHead} title="Calculator" about=${html`<${Bone} width="24ch" />`} crumb=${crumb} /><div class="card bone-card" role="status" aria-label="Loading the calculator"></div>`;
  const editable = may("sourcing.manage") && !lead.approval;
  const add = editable ? html`<${Button} kind="primary" disabled=${!connections} onClick=${() => setOpen("new")}>New scenario<//>` : null;
  async function remove(item) {
    try {
      show(await post(leadCall(leadId, `/scenarios/${item.scenario_id}/remove`)));
    } catch (error) {
      toast([error.detail, error.action].filter(Boolean).join(" "));
    }
  }
  const items = lead.scenarios;
  return html`<${PageHead} title="Calculator" crumb=${crumb} about=${html`What one unit would earn, scenario by scenario · <${Stage} stage=${lead.stage} />`}><${Button} disabled=${!items.length} onClick=${() => downloadCsv("quayside-scenarios.csv", CSV, items.map(exported))}><${Icon} name="download" />CSV<//>${editable ? html`<${AskAmazon} lead=${lead} onLead=${show} />` : null}${add}<//>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact /></div>` : null}
    ${items.length ? html`<${Card} label="Scenarios"><div class="table-wrap" tabindex="0" role="region" aria-label="Scenarios side by side"><table class="scenario-table"><thead><tr><th>Of one unit</th>${items.map((item) => html`<th key=${item.scenario_id} scope="col" class="number">${item.scenario.name}<small>${nameOf(item.scenario.marketplace_id)}, ${item.scenario.by_amazon ? "Amazon ships" : "you ship"}</small></th>`)}</tr></thead>
      <tbody>${ROWS.map(([label, cell]) => html`<tr key=${label} class=${label === "Profit of a unit" ? "grand" : ""}><th scope="row">${label}</th>${items.map((item) => html`<td key=${item.scenario_id} class="number">${cell(item)}</td>`)}</tr>`)}
      <tr><th scope="row">Estimated</th>${items.map((item) => html`<td key=${item.scenario_id} class="number"><${Age} at=${item.profit.as_of} state="estimated" /></td>`)}</tr>
      ${editable ? html`<tr><th scope="row"><span class="visually-hidden">Actions</span></th>${items.map((item) => html`<td key=${item.scenario_id} class="number row-actions"><${Button} kind="small" aria-label=${`Change ${item.scenario.name}`} onClick=${() => setOpen(item)}>Change<//><${Button} kind="small" aria-label=${`Remove ${item.scenario.name}`} onClick=${() => remove(item)}>Remove<//></td>`)}</tr>` : null}</tbody></table></div><//>`
      : html`<div class="card"><${Empty} icon="chart" title="No scenario yet" action=${add}>A scenario is one way to sell it: where, for how much, bought by which quote. Each figure opens its card.<//></div>`}
    ${open ? html`<${ScenarioForm} lead=${lead} scenario=${open === "new" ? null : open} connections=${connections} onClose=${() => setOpen(null)} onDone=${(found) => { setOpen(null); show(found); }} />` : null}`;
}
