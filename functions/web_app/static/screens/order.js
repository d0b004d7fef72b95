import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { Age, Ago, Bone, ButtonLink, Card, Copy, Empty, Icon, Link, Notice, PageHead, ProblemNotice, State } from "../app/components.js";
import { moment, money, zoneName } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place } from "../app/router.js";
import { detail, nameOf, zoneOf } from "./marketplaces.js";
import { may } from "../app/session.js";
import { RequestState, ruleWords, VERDICTS } from "./review_words.js";
import { fulfilledBy, OrderState, sourceWords } from "./order_words.js";
import { Messages } from "./order_messages.js";
import { Recipient } from "./recipient.js";

const amount = (value) => (value ? money(value.amount_minor, value.currency) : html`<span class="fine">–</span>`);

function Window({ from, until, zone }) {
  if (!from && !until) return html`<span class="fine">Amazon gives none</span>`;
  return html`${from && until ? `${moment(from, zone)} to ${moment(until, zone)}` : moment(until ?? from, zone)}`;
}

function Lines({ order }) {
  const waiting = order.total_state === "waiting";
  return html`<${Card} title="What was ordered" class="lines"><div class="table-wrap"><table class="lines-table"><thead><tr><th>Product</th><th class="number">Ordered</th><th class="number">Shipped</th><th class="number">Items</th><th class="number wide-only">Discount</th><th class="number wide-only">Shipping</th><th class="number wide-only">Tax</th></tr></thead>
    <tbody>${order.lines.map((line) => html`<tr key=${line.order_item_id}><td><strong>${line.title ?? line.seller_sku}</strong><small>${[line.title ? line.seller_sku : null, line.asin].filter(Boolean).join(" · ")}${line.cancelled ? " · cancelled" : ""}</small></td><td class="number">${line.quantity_ordered}</td><td class="number">${line.quantity_shipped}</td><td class="number">${amount(line.item)}</td><td class="number wide-only">${amount(line.discount)}</td><td class="number wide-only">${amount(line.shipping)}</td><td class="number wide-only">${amount(line.tax)}</td></tr>`)}</tbody></table></div>
    <div class="sum">${waiting ? html`<${Notice} kind="warn" title="The price is still to come"><p>Amazon gives no prices for a pending order. Quayside asks for them as soon as the payment is through, usually within half an hour.</p><//>`
      : !order.totals ? html`<p class="fine">${order.total_state === "posted" ? "Amazon gives no money for this order." : ""}</p>` : html`<dl>${[["Items", order.totals?.item], ["Discount", order.totals?.discount], ["Shipping", order.totals?.shipping], ["Tax", order.totals?.tax], ["Other", order.totals?.other]].filter(([label, value]) => value && (value.amount_minor || label === "Items")).map(([label, value]) => html`<dt key=${label}>${label}</dt><dd>${amount(value)}</dd>`)}<dt class="grand">Total</dt><dd class="grand">${amount(order.totals?.total ?? order.total)}</dd></dl>`}</div><//>`;
}

/** Whether the buyer is asked for a review, and every rule that says so. */
function Review({ order }) {
  const { data, problem, reload } = useResource(`review:${order.connection_id ?? ""}:${order.order_id}`, (signal) => get(`orders/${encodeURIComponent(order.order_id)}/review`, { query: { connection_id: order.connection_id }, signal }), { every: 30_000 });
  const decision = data?.decision;
  return html`<${Card} title="Review request" class="review-request" end=${decision ? html`<${RequestState} state=${decision.state} />` : null}><div class="card-body tight stack-s">${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact />` : null}
    ${data ? html`<p>${decision ? decision.because : "It was not decided yet."}</p><p class="fine">Now: ${data.now} <${Link} to="/reviews">All review requests<//></p>
      <details><summary>Every rule</summary><ul class="rules">${data.rules.map((rule) => html`<li key=${rule.rule}><${State} kind=${VERDICTS[rule.verdict][0]}>${ruleWords(rule.rule)}<//><span>${rule.because}</span></li>`)}</ul></details>
      ${data.course.length ? html`<details><summary>What happened</summary><ol class="rules">${data.course.map((step) => html`<li key=${step.at + step.what}><time datetime=${step.at}>${moment(step.at, zoneOf(order.marketplace_id))}</time><span>${step.what}</span></li>`)}</ol></details>` : null}` : problem ? null : html`<p><${Bone} width="22ch" /></p>`}</div><//>`;
}

export function Screen({ order_id: orderId }) {
  const connectionId = place.value.query.get("connection_id") ?? "";
  const { data: order, problem, reload } = useResource(`order:${connectionId}:${orderId}`, (signal) => get(`orders/${encodeURIComponent(orderId)}`, { query: { connection_id: connectionId }, signal }), { every: 15_000 });
  const crumb = html`<${Link} to="/orders"><${Icon} name="back" size=${14} />Orders<//>`;
  if (problem?.status === 404) return html`<${PageHead} crumb=${crumb} title="Order not found" /><div class="card" key="missing"><${Empty} icon="orders" title="No such order here" action=${html`<${ButtonLink} to="/orders">All orders<//>`}>There is no order ${orderId} in your connected accounts, or it is older than the history kept (18 months).<//></div>`;
  if (!order) return html`<${PageHead} waiting crumb=${crumb} title=${orderId} about=${problem ? "This order could not be read." : html`<${Bone} width="24ch" />`} />${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : html`<div class="order-grid" key="wait" role="status" aria-label="Loading the order"><div class="card bone-card"></div><div class="stack"><div class="card bone-card low"></div><div class="card bone-card low"></div></div></div>`}`;
  const zone = zoneOf(order.marketplace_id);
  const host = detail(order.marketplace_id).seller_central_host;
  const { history } = order;
  return html`<${PageHead} crumb=${crumb} title=${html`${order.order_id}`} about=${html`<span class="about-line"><${OrderState} status=${order.status} /><span>Placed ${moment(order.purchased_at, zone)}${zone ? ` ${zoneName(zone, order.purchased_at)}` : ""} on ${nameOf(order.marketplace_id)}</span></span>`}><${Copy} text=${order.order_id} label="Copy number" />${host ? html`<a class="button" href=${`https://${host}/orders-v3/order/${encodeURIComponent(order.order_id)}`} target="_blank" rel="noopener noreferrer">Open at Amazon<${Icon} name="external" /></a>` : null}<//>
    ${problem ? html`<div class="gap-below"><${ProblemNotice} problem=${{ ...problem, title: "This order could not be refreshed" }} retry=${reload} compact /></div>` : null}
    <div class="order-grid" key="order"><div class="stack"><${Lines} order=${order} />${may("reviews.read") ? html`<${Review} order=${order} />` : null}</div><div class="stack">
      <${Card} title="Delivery"><div class="card-body tight"><dl class="facts"><dt>Shipped by</dt><dd>${fulfilledBy(order.fulfilled_by)}</dd><dt>Ships</dt><dd><${Window} from=${order.windows.ship_after} until=${order.windows.ship_by} zone=${zone} /></dd><dt>Arrives</dt><dd><${Window} from=${order.windows.deliver_after} until=${order.windows.deliver_by} zone=${zone} /></dd></dl></div><//>
      <${Card} title="Where this comes from"><div class="card-body tight"><dl class="facts"><dt>Source</dt><dd>${sourceWords(history.source)}</dd><dt>Amazon changed it</dt><dd><${Ago} at=${history.source_updated_at} /></dd><dt>Quayside received it</dt><dd><${Ago} at=${history.received_at} /></dd><dt>Prices read</dt><dd>${history.priced_at ? html`<${Age} at=${history.priced_at} state="posted" />` : html`<span class="age estimated">not yet</span>`}</dd></dl></div><//>
      ${order.fulfilled_by === "MERCHANT" ? html`<${Recipient} key=${order.order_id} orderId=${order.order_id} connectionId=${order.connection_id} />` : html`<p class="fine">Quayside does not read the buyer's name or address.</p>`}</div>${may("messages.read") ? html`<${Messages} key=${`${order.connection_id}:${order.order_id}`} order=${order} />` : null}</div>`;
}
