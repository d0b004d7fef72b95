import { html, useState } from "../app/lib.js";
import { get } from "../app/api.js";
import { Ago, BoneRows, Button, ButtonLink, Empty, Link, PageHead, ProblemNotice, Segmented, Select } from "../app/components.js";
import { count, day, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { may } from "../app/session.js";
import { ExportPages, fileRow, ImportFile } from "./file_import.js";
import { amount } from "./money_words.js";
import { Pager, useCursor } from "./paging.js";
import { PurchaseState, PurchaseViews, STATE_OPTIONS } from "./purchase_words.js";

const GROUPS = [{ value: "open", label: "Open" }, { value: "done", label: "Closed and cancelled" }];
const DONE = ["closed", "cancelled"];

const TEMPLATE = {
  name: "quayside-purchase-orders-template.csv",
  header: ["order", "supplier", "seller_sku", "title", "units", "unit_price", "carton_units", "carton_length_mm", "carton_width_mm", "carton_height_mm", "carton_weight_grams", "currency", "landed_currency", "expected_on", "incoterm", "ship_to", "note"],
  rows: [["Spring", "Hangzhou Lamp Works", "LAMP-01", "Desk lamp, brass", 600, "8.45", 12, 600, 400, 350, 14200, "USD", "USD", "2027-02-09", "FOB", "", ""], ["Spring", "Hangzhou Lamp Works", "LAMP-02", "Desk lamp, black", 400, "8.125", "", "", "", "", "", "", "", "", "", "", ""]],
};

export function Screen() {
  const { query } = place.value;
  const group = query.get("group") === "done" ? "done" : "open";
  const state = query.get("state") ?? "";
  const key = `${group}|${state}`;
  const pages = useCursor(key);
  const [file, setFile] = useState(false);
  const { data, problem, reload } = useResource(`purchases:${key}:${pages.cursor}`, (signal) => get("purchase-orders", { query: { done: group === "done" ? "true" : "", state, cursor: pages.cursor }, signal }), { every: pages.page === 1 ? 30_000 : 0 });
  const orders = data?.orders ?? [];
  const options = STATE_OPTIONS.filter(({ value }) => !value || DONE.includes(value) === (group === "done"));
  return html`<${PageHead} title="Purchasing" about="What you ordered from whom, what arrived, and what is still to be paid."><${ExportPages} name="quayside-purchase-orders.csv" path="purchase-order-details" query=${{ done: group === "done" ? "true" : "", state }} what="order" />${may("procurement.manage") ? html`<${Button} onClick=${() => setFile(true)}>From a file<//><${ButtonLink} to="/purchases/new" kind="primary">New order<//>` : null}<//>
    <${PurchaseViews} />
    <div class="card list"><div class="filters"><${Segmented} label="Which orders" options=${GROUPS} value=${group} onChange=${(value) => setQuery({ group: value === "open" ? null : value, state: null })} /><${Select} label="State" options=${options} value=${state} onChange=${(value) => setQuery({ state: value || null })} /></div>
      <p class="list-about" role="status"><span>${data ? `${plural(orders.length, "order")} on this page, the newest first` : "Reading the orders."}</span></p>
      ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
      ${data && !orders.length ? html`<${Empty} icon="file" title=${data.next_cursor ? "None on this page" : "No orders here"} action=${may("procurement.manage") ? html`<${ButtonLink} to="/purchases/new" kind="primary">New order<//>` : null}>${data.next_cursor ? "Next goes on looking." : "An order begins as a draft, from here, from a restock suggestion or from an approved lead."}<//>`
        : problem && !data ? null : html`<div class="table-wrap" key=${data ? "rows" : "wait"}><table class="rows"><thead><tr><th>Order</th><th class="wide-only">Supplier</th><th>State</th><th class="wide-only">Expected</th><th class="number wide-only">Arrived</th><th class="number">Total</th><th class="number wide-only">Still to pay</th></tr></thead>
          <tbody>${data ? orders.map((order) => html`<tr key=${order.order_id}><td><${Link} class="purchase-number" to=${`/purchases/${order.order_id}`}><strong>${order.number}</strong><//><small>${order.skus.join(", ")}${order.lines > order.skus.length ? ` and ${count(order.lines - order.skus.length)} more` : ""}</small></td><td class="wide-only">${order.supplier_name}<small>changed <${Ago} at=${order.changed_at} /></small></td><td><${PurchaseState} state=${order.state} /></td><td class="wide-only">${order.expected_on ? day(order.expected_on, { year: true }) : "–"}</td><td class="number wide-only">${count(order.good)} of ${count(order.ordered)}</td><td class="number">${amount(order.total)}</td><td class="number wide-only">${amount(order.still_to_pay)}${order.next_due_on ? html`<small>next ${day(order.next_due_on)}</small>` : null}</td></tr>`) : html`<${BoneRows} rows=${6} columns=${7} narrow=${[0, 2, 5]} />`}</tbody></table></div>
          <${Pager} key=${data ? "pages" : "before"} pages=${pages} next=${data?.next_cursor} about="Newest first" />`}</div>
    ${file ? html`<${ImportFile} title="Orders from a file" about="A CSV file with order, supplier, seller_sku, units and unit_price, in a row for each line; rows of one order are one draft. Title, the carton, currency, landed_currency, expected_on, incoterm, ship_to and note may follow; what is left out is the supplier's. At most 50 orders in 400 rows at once." id="orders-file" path="purchase-orders/drafts" what="order" template=${TEMPLATE} row=${fileRow} onClose=${() => setFile(false)} onDone=${() => { setFile(false); reload(); }} />` : null}`;
}
