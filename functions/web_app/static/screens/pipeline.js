import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { BoneRows, Button, ButtonLink, Empty, Icon, Link, Notice, PageHead, ProblemNotice, Select } from "../app/components.js";
import { InlineFigure } from "../app/figures.js";
import { count, day, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { nameOf, useConnections } from "./marketplaces.js";
import { downloadCsv, Pager, useCursor } from "./paging.js";
import { Late, STAGES, SupplyTabs } from "./shipment_words.js";

const COLUMNS = [["on_order", "On order"], ["in_production", "In production"], ["in_transit", "In transit"], ["at_prep", "At prep"], ["own_stock", "Own stock"], ["inbound", "Inbound"], ["available", "Available"], ["reserved", "Reserved"], ["unfulfillable", "Unfulfillable"]];
const units = (value) => (value ? count(value) : html`<span class="fine">–</span>`);

function writeCsv(lines, marketplaceId) {
  downloadCsv("quayside-pipeline.csv", ["seller_sku", "asin", "title", "marketplace_id", ...COLUMNS.map(([name]) => name), "total", "arrives", "late_days", "shipments"],
    lines.map((line) => [line.seller_sku, line.asin, line.title, marketplaceId, ...COLUMNS.map(([name]) => line.stages[name]), line.total.value, line.arrives, line.late_days, line.moving.map((each) => each.name).join("; ")]));
}

function Moving({ line }) {
  const moving = line.moving.filter((each) => !each.at_amazon);
  if (!moving.length) return html`<span class="fine">–</span>`;
  return html`<ul class="plain-list">${moving.map((each) => html`<li key=${each.shipment_id}><${Link} to=${`/shipments/${encodeURIComponent(each.shipment_id)}`}>${each.name}<//> <small>${[plural(each.units, "unit"), STAGES[each.stage].toLowerCase(), each.arrives ? `arrives ${day(each.arrives)}` : "arrival unknown"].join(", ")}</small> <${Late} days=${each.late_days} /></li>`)}</ul>`;
}

export function Screen() {
  const { query } = place.value;
  const { connections, unread } = useConnections();
  const markets = (connections ?? []).flatMap((connection) => connection.marketplaces.map((item) => ({ value: `${connection.connection_id}|${item.marketplace_id}`, label: `${nameOf(item.marketplace_id)} · ${connection.name}` })));
  const asked = query.get("of") ?? "";
  const chosen = markets.some((item) => item.value === asked) ? asked : markets[0]?.value ?? "";
  const [connectionId, marketplaceId] = chosen.split("|");
  const pages = useCursor(chosen);
  const { data, problem, reload } = useResource(chosen ? `pipeline:${chosen}:${pages.cursor}` : null, (signal) => get("pipeline", { query: { connection_id: connectionId, marketplace_id: marketplaceId, cursor: pages.cursor }, signal }), { every: 60_000 });
  const lines = data?.lines ?? [];
  const none = connections && !markets.length;
  return html`<${PageHead} title="Pipeline" about="Every unit of a product once: from the order to the shelf."><${Button} disabled=${!lines.length} onClick=${() => writeCsv(lines, marketplaceId)}><${Icon} name="download" />CSV<//><//><${SupplyTabs} here="/pipeline" />
    <div class="place-choice">${markets.length > 1 ? html`<${Select} label="Marketplace" options=${markets} value=${chosen} onChange=${(value) => setQuery({ of: value }, { replace: true })} />` : markets.length ? html`<p class="fine">${markets[0].label}</p>` : null}</div>
    ${problem || unread ? html`<div class="gap-below"><${ProblemNotice} problem=${problem ?? { title: "Your accounts could not be read" }} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !data.whole_orders ? html`<div class="gap-below"><${Notice} kind="warn" title="More is on order than can be read at once"><p>Products that are only ordered, and neither at Amazon nor in a shipment, may be missing here. Purchase orders show all of them.</p><//></div>` : null}
    <div class="card">${none ? html`<${Empty} icon="connections" title="No account yet" action=${html`<${ButtonLink} to="/connect" kind="primary">Connect an Amazon account<//>`}>The pipeline begins with an account that sells.<//>` : data && !lines.length ? html`<${Empty} icon="stock" title="Nothing in the pipeline">Products show here once they are ordered, in a shipment, or in stock at Amazon.<//>`
      : html`<div class="table-wrap" key=${data ? "rows" : "wait"} tabindex="0" role="region" aria-label="Pipeline"><table class="rows pipeline-table"><thead><tr><th>Product</th>${COLUMNS.map(([name, label]) => html`<th key=${name} class="number">${label}</th>`)}<th class="number">In all</th><th>Under way</th></tr></thead><tbody>${data ? lines.map((line) => html`<tr key=${line.seller_sku}><td><strong>${line.seller_sku}</strong><small>${line.title ?? "\u00a0"}</small></td>${COLUMNS.map(([name, label]) => html`<td key=${name} class=${`number ${line.stages[name] ? "" : "is-none"}`} data-label=${label}>${units(line.stages[name])}</td>`)}<td class="number" data-label="In all"><${InlineFigure} title=${`In the pipeline: ${line.seller_sku}`} figure=${line.total} /></td><td class="cell-moving"><${Moving} line=${line} /></td></tr>`) : html`<${BoneRows} rows=${8} columns=${12} narrow=${[0, 1]} />`}</tbody></table></div>${data ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="What is ordered and in no shipment yet shows in each marketplace." />` : null}`}</div>`;
}
