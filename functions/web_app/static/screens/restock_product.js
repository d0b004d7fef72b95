import { html, useState } from "../app/lib.js";
import { get, post } from "../app/api.js";
import { Age, Ago, Bone, Button, ButtonLink, Card, Empty, ErrorSummary, Field, Icon, Link, Notice, PageHead, ProblemNotice } from "../app/components.js";
import { Tile } from "../app/figures.js";
import { useForm } from "../app/form.js";
import { count, day, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place } from "../app/router.js";
import { may } from "../app/session.js";
import { nameOf } from "./marketplaces.js";
import { ScoreTable } from "./restock.js";
import { RestockSettings } from "./restock_settings.js";
import { PlanState, share, standing } from "./restock_words.js";

const TITLES = { send: "Send to Amazon", buy: "Buy" };
const METHODS = { windows: "Weighted windows", smoothing: "Smoothing with weekdays", intermittent: "Intermittent (TSB)", average: "Average of the three" };

function PlanCard({ kind, view }) {
  const { plan } = view;
  return html`<${Card} title=${TITLES[kind]} end=${html`<${PlanState} status=${plan.status} />`}><div class="card-body"><div class="tiles restock-tiles"><${Tile} hero label=${kind === "send" ? "Units to send" : "Units to buy"} figure=${view.quantity} /><${Tile} label="Reorder point" figure=${view.reorder_point} /><${Tile} label="Safety stock" figure=${view.safety_stock} /><${Tile} label="Lasts, days" figure=${view.days_of_cover} /></div>
    <dl class="facts"><dt>Order by</dt><dd>${plan.order_by ? day(plan.order_by, { year: true }) : "not within two years"}</dd><dt>Runs out</dt><dd>${plan.run_out_on ? day(plan.run_out_on, { year: true }) : "not within two years"}</dd><dt>Lead time</dt><dd>${plan.lead_time.legs.map((leg) => `${leg.name} ${leg.days} d`).join(", ")} = ${plan.lead_time.days} days</dd>${plan.short_units ? html`<dt>Missing at home</dt><dd>${count(plan.short_units)} units</dd>` : null}${plan.overstock_units ? html`<dt>Over 150 % of the target</dt><dd>${count(plan.overstock_units)} units</dd>` : null}</dl></div><//>`;
}

function Trials({ demand }) {
  return html`<${Card} title="Demand" about=${METHODS[demand.method] + (demand.is_fixed ? ", fixed by you" : ", the best on this SKU's own past")}><div class="card-body"><div class="table-wrap"><table><thead><tr><th>Method</th><th class="number">Error</th><th class="number">Bias</th></tr></thead><tbody>${demand.trials.map((trial) => html`<tr key=${trial.method}><td>${trial.method === demand.method ? html`<strong>${METHODS[trial.method]}</strong>` : METHODS[trial.method]}</td><td class="number">${share(trial.wape)}</td><td class="number">${share(trial.bias)}</td></tr>`)}</tbody></table></div>
    <dl class="facts"><dt>Days that count</dt><dd>${count(demand.counted_days)}, with ${count(demand.counted_units)} units</dd><dt>Out of stock</dt><dd>${count(demand.stockout_days)} days left out</dd><dt>Outliers capped</dt><dd>${count(demand.capped_days)} days</dd><dt>Season</dt><dd>${demand.season.length ? "from your own past years" : "not seen yet: under 12 months"}</dd></dl></div><//>`;
}

/** Amazon's own recommendation, unchanged, with its age and where it comes from. */
function AmazonsAdvice({ advice, send }) {
  const words = (text) => text.replaceAll("_", " ");
  return html`<${Card} title="Amazon's own recommendation" about=${advice ? html`told <${Ago} at=${advice.told_at} />` : undefined}><div class="card-body">${advice ? html`<dl class="facts"><dt>Amazon would send</dt><dd>${advice.quantity === null ? "no quantity given" : `${count(advice.quantity)} units`}${send ? `, Quayside ${count(send.line.quantity)}` : ""}</dd><dt>Ship by</dt><dd>${advice.ship_on ? day(advice.ship_on, { year: true }) : "no day given"}</dd><dt>Lasts by Amazon's reckoning</dt><dd>${advice.days_of_supply === null ? "not said" : `${count(advice.days_of_supply)} days`}</dd>${advice.alert ? html`<dt>Alert</dt><dd>${words(advice.alert)}</dd>` : null}${advice.action ? html`<dt>Action</dt><dd>${words(advice.action)}</dd>` : null}</dl><p class="fine">${advice.source}.</p>` : html`<p class="fine">Amazon's restock report names no recommendation for this SKU here, or has not been read yet.</p>`}</div><//>`;
}

function WhatIf({ asked, plan }) {
  const [found, setFound] = useState(null);
  const number = (text) => /^[+-]?\d+([.,]\d+)?$/.test(text.trim());
  const form = useForm({ extra_lead_days: "0", service_level_percent: String(Math.round(plan.service_level * 1000) / 10), growth_percent: "0" }, {
    check: (values) => Object.fromEntries(Object.entries(values).map(([name, text]) => [name, number(text) ? "" : "Enter a number"])),
    submit: async (values) => setFound(await post("restock/what-if", { ...asked, extra_lead_days: Number(values.extra_lead_days), service_level_percent: Number(values.service_level_percent.replace(",", ".")), growth_percent: Math.round(Number(values.growth_percent)) })),
  });
  const labels = { extra_lead_days: "Longer lead time", service_level_percent: "Service level", growth_percent: "Growth" };
  return html`<${Card} title="What if" about="nothing of it is kept"><div class="card-body"><form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${labels} />
    <${Field} label="Lead time longer by, days" inputmode="numeric" ...${form.bind("extra_lead_days")} /><${Field} label="Service level, percent" hint="50 to 99.9" inputmode="decimal" ...${form.bind("service_level_percent")} /><${Field} label="Growth, percent" inputmode="numeric" ...${form.bind("growth_percent")} /><${Button} type="submit" busy=${form.busy}>Work out<//></form>
    ${found ? html`<dl class="facts" role="status"><dt>To buy</dt><dd>${count(found.changed.buy.quantity)} instead of ${count(found.present.buy.quantity)}</dd><dt>To send</dt><dd>${count(found.changed.send.quantity)} instead of ${count(found.present.send.quantity)}</dd><dt>Safety stock</dt><dd>${count(found.changed.buy.safety_stock)} instead of ${count(found.present.buy.safety_stock)}</dd><dt>Order by</dt><dd>${found.changed.buy.order_by ? day(found.changed.buy.order_by, { year: true }) : "not within two years"}</dd></dl>` : null}</div><//>`;
}

export function Screen() {
  const { query } = place.value;
  const asked = { connection_id: query.get("connection_id") ?? "", marketplace_id: query.get("marketplace_id") ?? "", seller_sku: query.get("seller_sku") ?? "" };
  const { data, problem, reload } = useResource(`suggestion:${Object.values(asked).join("|")}`, (signal) => get("restock/suggestion", { query: asked, signal }));
  const crumb = html`<${Link} to="/stock/restock" query=${{ place: asked.marketplace_id ? `${asked.connection_id}|${asked.marketplace_id}` : "" }}><${Icon} name="back" size=${14} />Restock<//>`;
  if (problem && !data) {
    if (problem.status === 404 || problem.status === 400) return html`<${PageHead} crumb=${crumb} title="No suggestion" /><div class="card" key="missing"><${Empty} icon="stock" title="Nothing was worked out for this SKU there yet" action=${html`<${ButtonLink} to="/stock/restock">All suggestions<//>`}>Suggestions are worked out once a day, after stock was read from Amazon.<//></div>`;
    return html`<${PageHead} crumb=${crumb} title=${asked.seller_sku} /><${ProblemNotice} problem=${problem} retry=${reload} />`;
  }
  if (!data) return html`<${PageHead} waiting crumb=${crumb} title=${asked.seller_sku} about=${html`<${Bone} width="24ch" />`} /><div class="card bone-card" key="wait" role="status" aria-label="Loading the suggestion"></div>`;
  const { line, position } = data;
  const held = [["Can be sold", position.fulfillable], ["Inbound, shipped or being received", position.inbound], ["Moving between centres", position.transfer], ["Being processed", position.processing], ["Own stock", position.own_stock], ["On order", position.open_orders.reduce((sum, order) => sum + order.units, 0)]];
  return html`<${PageHead} crumb=${crumb} title=${line.title ?? line.seller_sku} about=${html`${[line.seller_sku, line.asin, nameOf(line.marketplace_id)].filter(Boolean).join(" · ")} · <${Age} at=${line.computed_at} state="estimated" />`}><${PlanState} status=${standing(line)} /><${ButtonLink} to="/stock/product" query=${asked}>Stock<//>${data.buy?.quantity.value && may("procurement.manage") ? html`<${ButtonLink} kind="primary" to="/purchases/new" query=${{ sku: line.seller_sku, title: line.title ?? "", units: data.buy.quantity.value, origin: `restock/${line.seller_sku}/${line.marketplace_id}/${line.last_day}` }}>Draft an order<//>` : null}<//>
    ${data.buy ? null : html`<${Notice} title="Demand is unknown"><p>${line.unknown} A guess would be worse than no answer.</p><//>`}
    <div class="order-grid"><div class="stack">${data.buy ? html`<${PlanCard} kind="buy" view=${data.buy} /><${PlanCard} kind="send" view=${data.send} />` : null}${data.demand ? html`<${Trials} demand=${data.demand} />` : null}<${Card} title="How past suggestions turned out"><div class="card-body">${data.scores ? html`<${ScoreTable} scores=${data.scores} />` : html`<p class="fine">Each suggestion is kept and judged once its time is over. None is over yet.</p>`}</div><//></div>
      <div class="stack"><${Card} title="There and on its way"><div class="card-body"><dl class="facts">${held.map(([label, units]) => html`<dt key=${label}>${label}</dt><dd class="number">${count(units)}</dd>`)}</dl>${data.low_inventory ? html`<p class="fine">${data.low_inventory.is_below ? `Below Amazon's line of 28 days by ${count(data.low_inventory.missing_units)} units` : "Above Amazon's line of 28 days"}, ${data.low_inventory_of ? `for all ${plural(data.low_inventory_of.skus, "SKU")} of the parent ${data.low_inventory_of.asin} together, as Amazon counts it${data.low_inventory_of.unknown_skus ? `; demand of ${count(data.low_inventory_of.unknown_skus)} of them is unknown and counts as none` : ""}.` : "on this SKU's own stock; Amazon counts all variations of a parent together, and this one's parent is not known."}</p>` : null}</div><//>
        <${AmazonsAdvice} advice=${line.amazon} send=${data.send} />
        ${data.buy && may("inventory.manage") ? html`<${WhatIf} asked=${asked} plan=${data.buy.plan} />` : null}<${RestockSettings} asked=${asked} /></div></div>`;
}
