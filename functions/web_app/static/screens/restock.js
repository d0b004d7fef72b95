import { html, useState } from "../app/lib.js";
import { get, post } from "../app/api.js";
import { Ago, Bone, BoneRows, Button, ButtonLink, Card, Dialog, Empty, ErrorSummary, Field, Icon, Link, PageHead, ProblemNotice, SearchBox, Select } from "../app/components.js";
import { useForm } from "../app/form.js";
import { count, day, decimals, money, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { may } from "../app/session.js";
import { nameOf, useConnections } from "./marketplaces.js";
import { downloadCsv, Pager, useCursor } from "./paging.js";
import { amazonsWord, orderBy, PlanState, share, standing, STATUS_OPTIONS } from "./restock_words.js";
import { StockTabs } from "./stock_words.js";

/** Draft orders: a line for each quantity, as a buyer or a shipment needs it. */
function exportCsv(page) {
  const rows = page.lines.flatMap((line) => [["send to FBA", line.send], ["buy", line.buy]].filter(([, plan]) => plan?.quantity).map(([plan, part]) => [plan, line.seller_sku, line.asin, line.title, nameOf(line.marketplace_id), part.quantity, part.overridden ? "yes" : "no", part.order_by, line.unit_cost_minor === null ? "" : (line.unit_cost_minor / 10 ** decimals(page.currency)).toFixed(decimals(page.currency)), line.unit_cost_minor === null ? "" : page.currency, line.last_day, ...(plan === "buy" || !line.amazon ? ["", "", ""] : [line.amazon.quantity, line.amazon.ship_on, line.amazon.told_at])]));
  downloadCsv("quayside-draft-orders.csv", ["plan", "seller_sku", "asin", "title", "marketplace", "quantity", "by_own_word", "order_by", "unit_cost", "currency", "history_until", "amazon_would_send", "amazon_ship_by", "amazon_told_at"], rows);
}

function Budget({ asked, currency, onClose }) {
  const [plan, setPlan] = useState(null);
  const form = useForm({ budget: "" }, {
    check: ({ budget }) => ({ budget: /^\d+([.,]\d{1,3})?$/.test(budget.trim()) ? "" : `Enter an amount in ${currency}` }),
    submit: async ({ budget }) => setPlan(await post("restock/budget", { ...asked, budget_minor: Math.round(Number(budget.trim().replace(",", ".")) * 10 ** decimals(currency)) })),
  });
  return html`<${Dialog} title="What a budget buys" onClose=${onClose}><form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ budget: "Budget" }} /><div class="inline-form"><${Field} label=${`Budget, ${currency}`} inputmode="decimal" ...${form.bind("budget")} /><${Button} type="submit" kind="primary" busy=${form.busy}>Work out<//></div></form>
    ${plan ? html`<p role="status">${money(plan.spent_minor, currency)} of ${money(plan.budget_minor, currency)}: what runs out first is bought first.${plan.whole ? "" : " Only the first 2,000 SKUs were looked at."}</p><div class="table-wrap" tabindex="0" role="region" aria-label="What the budget buys"><table><thead><tr><th>SKU</th><th class="number">Wanted</th><th class="number">Bought</th><th class="number">Cost</th></tr></thead><tbody>${plan.lines.map((line) => html`<tr key=${line.seller_sku}><td>${line.seller_sku}</td><td class="number">${count(line.wanted)}</td><td class="number">${count(line.quantity)}</td><td class="number">${money(line.cost_minor, currency)}</td></tr>`)}</tbody></table></div>${plan.without_cost.length ? html`<p class="fine">Left out, for their unit cost is not entered: ${plan.without_cost.join(", ")}.</p>` : null}` : null}<//>`;
}

/** How past suggestions turned out, all SKUs together. */
export function ScoreTable({ scores }) {
  const rows = [["Quayside", scores.ours], ["Last day repeated", scores.naive], ["Last week repeated", scores.seasonal_naive], ["Average of 30 days", scores.average], ["Year before", scores.last_year]].filter(([, score]) => score && score.wape !== null);
  return html`<div class="table-wrap"><table><thead><tr><th>Forecast by</th><th class="number">Error</th><th class="number">Bias</th></tr></thead><tbody>${rows.map(([name, score], index) => html`<tr key=${name}><td>${index ? name : html`<strong>${name}</strong>`}</td><td class="number">${share(score.wape)}</td><td class="number">${share(score.bias)}</td></tr>`)}</tbody></table></div><p class="fine">${plural(scores.suggestions, "suggestion")} whose time is over, ${count(Math.round(scores.asked_units))} units sold. Following them would have lacked ${count(Math.round(scores.short_units))} units and left ${count(Math.round(scores.left_units))}. Error: sum of misses over what was sold (WAPE).</p>`;
}

function Scores({ asked }) {
  const { data, problem } = useResource(`scores:${asked.connection_id}|${asked.marketplace_id}`, (signal) => get("restock/scores", { query: asked, signal }));
  if (problem || !data) return null;
  return html`<${Card} title="How past suggestions turned out" about=${data.whole ? undefined : "of the first 1,000 SKUs"}><div class="card-body">${data.scores.suggestions ? html`<${ScoreTable} scores=${data.scores} />` : html`<p class="fine">Each suggestion is kept and judged once its time is over. None is over yet.</p>`}</div><//>`;
}

export function Screen() {
  const { query } = place.value;
  const { connections, unread } = useConnections();
  const places = (connections ?? []).flatMap((connection) => connection.marketplaces.map((item) => ({ value: `${connection.connection_id}|${item.marketplace_id}`, label: `${nameOf(item.marketplace_id)} · ${connection.name}` })));
  const chosen = query.get("place") || places[0]?.value || "";
  const [connectionId, marketplaceId] = chosen.split("|");
  const asked = { connection_id: connectionId, marketplace_id: marketplaceId };
  const status = query.get("status") ?? "";
  const search = query.get("search") ?? "";
  const filters = `${chosen}|${status}|${search}`;
  const pages = useCursor(filters);
  const { data, problem, reload } = useResource(chosen ? `restock:${filters}:${pages.cursor}` : null, (signal) => get("restock", { query: { ...asked, status, search, cursor: pages.cursor }, signal }), { every: 120_000 });
  const [budgeting, setBudgeting] = useState(false);
  const change = (changes) => setQuery(changes, { replace: true });
  const lines = data?.lines ?? [];
  const told = lines.map((line) => line.amazon?.told_at).filter(Boolean).sort()[0];
  const nothing = connections && !places.length;
  return html`<${PageHead} title="Restock" about=${data ? data.as_of ? html`Worked out <${Ago} at=${data.as_of} />` : "Not worked out yet" : nothing || unread || problem ? "What to send, what to buy." : html`<${Bone} width="18ch" />`}><${ButtonLink} to="/stock/restock/settings">Defaults<//>${may("inventory.manage") ? html`<${Button} disabled=${!data} onClick=${() => setBudgeting(true)}>Budget…<//>` : null}<${Button} disabled=${!lines.length} onClick=${() => exportCsv(data)}><${Icon} name="download" />Draft orders (CSV)<//><//>
    <${StockTabs} here="/stock/restock" />
    ${nothing ? html`<div class="card"><${Empty} icon="connections" title="No Amazon account is connected" action=${html`<${ButtonLink} to="/connect" kind="primary">Connect an Amazon account<//>`}>Connect one, and suggestions follow once orders and stock are read.<//></div>` : html`<div class="stack"><div class="card list"><div class="filters"><${SearchBox} label="Search suggestions" placeholder="SKU, ASIN or title" value=${search} onSearch=${(text) => change({ search: text })} /><${Select} label="Marketplace" value=${chosen} options=${places} onChange=${(value) => change({ place: value })} /><${Select} label="State" value=${status} options=${STATUS_OPTIONS} onChange=${(value) => change({ status: value })} /></div>
    <p class="list-about restock-about" role="status"><span>${data ? `${plural(data.examined, "SKU")} looked at: ${["order_now", "order_soon", "enough", "overstock", "unknown"].filter((key) => data.counts[key]).map((key) => `${count(data.counts[key])} ${{ order_now: "to order now", order_soon: "soon", enough: "with enough", overstock: "with too much", unknown: "unknown" }[key]}`).join(", ") || "none"}. The most urgent first.` : "Suggestions are worked out once a day."}${told ? html`<span class="wide-only"> “Amazon” is what Amazon's own restock report would send, told <${Ago} at=${told} />.</span>` : null}</span></p>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !lines.length ? html`<${Empty} icon="stock" title=${status || search ? "No suggestion matches" : "No suggestions yet"}>${status || search ? "Try another state or search." : "They are worked out once a day, after stock and orders were read from Amazon."}<//>`
      : problem && !data ? null : html`<div class="table-wrap"><table class="rows restock-table"><thead><tr><th>Product</th><th>State</th><th class="number">To send</th><th class="number">To buy</th><th class="wide-only">Order by</th><th class="number wide-only">Lasts, days</th><th class="number wide-only">A day</th></tr></thead><tbody>${data ? lines.map((line) => html`<tr key=${line.seller_sku}><td class="cell-title"><${Link} to="/stock/restock/product" query=${{ ...asked, seller_sku: line.seller_sku }} class="row-link clip" title=${line.title}>${line.title ?? line.seller_sku}<//><small>${[line.seller_sku, line.asin].filter(Boolean).join(" · ")}</small></td><td class="cell-state"><${PlanState} status=${standing(line)} /></td>
        ${line.buy ? html`<td class="number"><strong>${count(line.send.quantity)}</strong><small>${line.send.short_units ? `${count(line.send.short_units)} short at home` : line.send.overridden ? "your word" : "\u00a0"}</small>${line.amazon ? html`<small class="wide-only">${amazonsWord(line.amazon)}</small>` : null}</td><td class="number"><strong>${count(line.buy.quantity)}</strong><small>${line.buy.overridden ? "your word" : "\u00a0"}</small></td><td class="wide-only">${orderBy(line) ? day(orderBy(line)) : "–"}</td><td class="number wide-only">${line.buy.days_of_cover === null ? "over 730" : count(line.buy.days_of_cover)}</td><td class="number wide-only"><span class="age estimated">${(line.daily_thousandths / 1000).toFixed(1)}</span></td>`
          : html`<td colspan="5"><span class="fine">${line.shared_with ? `Counted with ${nameOf(line.shared_with)}, by your choice.` : line.unknown}</span></td>`}</tr>`) : html`<${BoneRows} rows=${8} columns=${7} narrow=${[0, 1, 2, 3]} />`}</tbody></table></div>${data ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="Each opens to its formula with the numbers filled in." />` : null}`}</div>${data ? html`<${Scores} asked=${asked} />` : null}</div>`}
    ${budgeting && data ? html`<${Budget} asked=${asked} currency=${data.currency} onClose=${() => setBudgeting(false)} />` : null}`;
}
