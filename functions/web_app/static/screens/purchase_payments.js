import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { BoneRows, Empty, Link, PageHead, ProblemNotice, State } from "../app/components.js";
import { day, decimals, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { amount } from "./money_words.js";
import { downloadCsv, Pager, useCursor } from "./paging.js";
import { PurchaseViews, WAITS } from "./purchase_words.js";

const KINDS = { deposit: "Deposit", balance: "Balance" };

function exportCsv(due) {
  downloadCsv("quayside-payments.csv", ["number", "supplier", "part", "due_on", "amount", "currency"],
    due.map((each) => [each.number, each.supplier_name, each.kind, each.due_on, (each.amount.amount_minor / 10 ** decimals(each.amount.currency)).toFixed(decimals(each.amount.currency)), each.amount.currency]));
}

export function Screen() {
  const pages = useCursor("");
  const { data, problem, reload } = useResource(`purchase-payments:${pages.cursor}`, (signal) => get("procurement/payments", { query: { cursor: pages.cursor }, signal }));
  const due = data?.due ?? [];
  return html`<${PageHead} title="Purchasing" about="What is to be paid to suppliers, the earliest first." /><${PurchaseViews} />
    <div class="card list"><p class="list-about" role="status"><span>${data ? `${plural(due.length, "payment")} on this page, ${due.filter((each) => each.overdue).length} overdue` : "Reading the payments."}</span><span class="list-end">${due.length ? html`<button type="button" class="link-button" onClick=${() => exportCsv(due)}>CSV of this page</button>` : null}</span></p>
      ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
      ${data && !due.length ? html`<${Empty} icon="money" title="Nothing is to be paid">Parts of an order's price stand here once it is sent, until they are paid.<//>`
        : problem && !data ? null : html`<div class="table-wrap" key=${data ? "rows" : "wait"}><table class="rows"><thead><tr><th>Due</th><th>Order</th><th class="wide-only">Supplier</th><th class="wide-only">Part</th><th class="number">Amount</th></tr></thead>
          <tbody>${data ? due.map((each) => html`<tr key=${each.order_id + each.kind}><td>${each.due_on ? html`<strong>${day(each.due_on, { year: true })}</strong>${each.overdue ? html`<small><${State} kind="bad">Overdue<//></small>` : null}` : html`<span class="fine">${WAITS[each.waits_for]}</span>`}</td><td><${Link} to=${`/purchases/${each.order_id}`}>${each.number}<//></td><td class="wide-only">${each.supplier_name}</td><td class="wide-only">${KINDS[each.kind]}</td><td class="number">${amount(each.amount)}</td></tr>`) : html`<${BoneRows} rows=${5} columns=${5} narrow=${[0, 1, 4]} />`}</tbody></table></div>
          <${Pager} key=${data ? "pages" : "before"} pages=${pages} next=${data?.next_cursor} about="The earliest first" />`}</div>`;
}
