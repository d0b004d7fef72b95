import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { Age, Bone, BoneRows, Button, ButtonLink, Card, Empty, Icon, Link, Notice, PageHead, ProblemNotice, Select } from "../app/components.js";
import { figureText, InlineFigure, openCard, TileBone } from "../app/figures.js";
import { count, decimals, moment, money, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { amount, SettlementState } from "./money_words.js";
import { downloadCsv, Pager, useCursor } from "./paging.js";

const plain = (value) => (value.amount_minor / 10 ** decimals(value.currency)).toFixed(decimals(value.currency));

function exportCsv(id, lines) {
  downloadCsv(`quayside-settlement-${id}.csv`, ["line", "kind", "transaction_type", "amount_type", "amount_description", "amount", "currency", "posted_at", "order_id", "seller_sku"],
    lines.map((line) => [line.line, line.kind, line.transaction_type, line.amount_type, line.amount_description, plain(line.amount), line.amount.currency, line.posted_at, line.order_id, line.seller_sku]));
}

function LineRows({ lines }) {
  return lines.map((line) => html`<tr key=${line.line}><td class="cell-title"><strong class="clip">${line.label}</strong><small>Line ${count(line.line)}: ${[line.transaction_type, line.amount_type, line.amount_description].filter(Boolean).join(" / ")}</small></td><td class="wide-only">${line.posted_at ? moment(line.posted_at, "UTC") : "–"}</td>
    <td class="wide-only">${line.order_id ? html`<${Link} to=${`/orders/${encodeURIComponent(line.order_id)}`}>${line.order_id}<//>` : "–"}<small>${line.seller_sku ?? "\u00a0"}</small></td><td class="number cell-total">${amount(line.amount)}</td></tr>`);
}

function Residual({ detail }) {
  const { summary } = detail;
  if (summary.state === "loading") return html`<${Notice} kind="info" title="Its lines are still being read"><p>They are compared with the total once all of them are here.</p><//>`;
  if (summary.state === "reconciled") return html`<${Notice} kind="good" title="Reconciled to the cent"><p>${plural(summary.lines, "line")} of known kinds add up to what was paid out.</p><//>`;
  return html`<${Card} title="What the residual is" about=${summary.state === "explained" ? "Every part of it is a line below." : "A part of it is on no line."}>
    <div class="card-body tight"><ul class="plain-list">${detail.explanation.map((sentence) => html`<li key=${sentence}>${sentence}</li>`)}</ul></div>
    ${detail.named.length ? html`<div class="table-wrap"><table class="rows money-table lines-of"><thead><tr><th>Line</th><th class="wide-only">Posted</th><th class="wide-only">Order, SKU</th><th class="number">Amount</th></tr></thead><tbody><${LineRows} lines=${detail.named} /></tbody></table></div>` : null}
    ${detail.unnamed ? html`<div class="card-foot">and ${plural(detail.unnamed, "more line")}: choose “Not classified” below.</div>` : null}<//>`;
}

function Kinds({ groups }) {
  return html`<${Card} title="Its lines by kind"><div class="table-wrap"><table class="rows kinds-table"><thead><tr><th>Kind</th><th class="number">Lines</th><th class="number">Amount</th></tr></thead>
    ${groups.map((group) => html`<tbody key=${group.group}><tr class="group"><th scope="rowgroup">${group.label}</th><td class="number">${count(group.kinds.reduce((sum, kind) => sum + kind.lines, 0))}</td><td class="number"><${InlineFigure} title=${group.label} figure=${group.amount} /></td></tr>
      ${group.kinds.map((kind) => html`<tr key=${kind.kind}><td>${kind.label}</td><td class="number">${count(kind.lines)}</td><td class="number"><${InlineFigure} title=${kind.label} figure=${kind.amount} /></td></tr>`)}</tbody>`)}</table></div><//>`;
}

function Lines({ path, id, groups, unclassified }) {
  const kind = place.value.query.get("kind") ?? "";
  const pages = useCursor(kind);
  const { data, problem, reload } = useResource(`${path}:lines:${kind}:${pages.cursor}`, (signal) => get(`${path}/lines`, { query: { kind, cursor: pages.cursor }, signal }));
  const options = [{ value: "", label: "All kinds" }, ...groups.flatMap((group) => group.kinds.map((each) => ({ value: each.kind, label: each.label }))), ...(unclassified ? [{ value: "unclassified", label: "Not classified" }] : [])];
  const lines = data?.lines ?? [];
  return html`<div class="card list"><div class="card-head"><h2>Lines of Amazon's file</h2><span class="end"><${Button} kind="small" disabled=${!lines.length} onClick=${() => exportCsv(id, lines)}><${Icon} name="download" />CSV of this page<//></span></div><div class="filters"><${Select} label="Kind" value=${kind} options=${options} onChange=${(value) => setQuery({ kind: value }, { replace: true })} /></div>
    <p class="list-about" role="status"><span>${data ? `${plural(lines.length, "line")} on this page, in the order of Amazon's file. Times are UTC.` : "Reading the lines."}</span></p>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${problem && !data ? null : html`<div class="table-wrap"><table class="rows money-table lines-of"><thead><tr><th>Line</th><th class="wide-only">Posted</th><th class="wide-only">Order, SKU</th><th class="number">Amount</th></tr></thead><tbody>${data ? html`<${LineRows} lines=${lines} />` : html`<${BoneRows} rows=${8} columns=${4} narrow=${[0, 3]} />`}</tbody></table></div>
    ${data ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="Positive is yours, negative is paid by you." />` : null}`}</div>`;
}

/** The same money as Amazon's transactions tell it: kinds that differ, one by one. */
function Beside({ beside }) {
  if (!beside || beside.missing) return html`<${Card} title="Beside the transactions Amazon posted"><p class="card-body fine">${beside?.missing ?? "The comparison could not be read. It is tried again in a minute."}</p><//>`;
  const say = (minor) => money(minor, beside.currency);
  const differing = beside.kinds.filter((each) => each.difference_minor);
  return html`<${Card} title="Beside the transactions Amazon posted" about=${`${plural(beside.kinds.length, "kind")} compared, ${differing.length ? `${count(differing.length)} not the same` : "all the same to the cent"}`} end=${html`<${InlineFigure} title="Difference from transactions" figure=${beside.difference} />`}>
    ${differing.length ? html`<div class="table-wrap"><table class="rows kinds-table"><thead><tr><th>Kind</th><th class="number wide-only">Settled</th><th class="number wide-only">Posted</th><th class="number">Difference</th></tr></thead><tbody>${differing.map((each) => html`<tr key=${each.kind}><td>${each.label}<small class="phone-only">${`${say(each.settled_minor)} settled, ${say(each.posted_minor)} posted`}</small></td><td class="number wide-only">${say(each.settled_minor)}</td><td class="number wide-only">${say(each.posted_minor)}</td><td class="number">${say(each.difference_minor)}</td></tr>`)}</tbody></table></div>` : null}<//>`;
}

export function Screen({ connection_id: connectionId, settlement_id: id }) {
  const path = `finance/settlements/${encodeURIComponent(connectionId)}/${encodeURIComponent(id)}`;
  const compared = `analytics/settlements/${encodeURIComponent(connectionId)}/${encodeURIComponent(id)}`;
  const { data, problem, reload } = useResource(path, async (signal) => {
    const [detail, beside] = await Promise.all([get(path, { signal }), get(compared, { signal }).catch(() => null)]);
    return { ...detail, beside };
  }, { every: 60_000 });
  const crumb = html`<${Link} to="/settlements"><${Icon} name="back" size=${14} />Settlements<//>`;
  if (problem?.status === 404) return html`<${PageHead} crumb=${crumb} title="Settlement not found" /><div class="card" key="missing"><${Empty} icon="orders" title="No such settlement here" action=${html`<${ButtonLink} to="/settlements">All settlements<//>`}>There is no settlement ${id} in this account, or it is older than the history kept (18 months).<//></div>`;
  if (!data) return html`<${PageHead} waiting crumb=${crumb} title=${id} about=${problem ? "This settlement could not be read." : html`<${Bone} width="24ch" />`} />${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : html`<div class="tiles settlement-tiles" key="wait" role="status" aria-label="Loading the settlement"><${TileBone} label="Paid out" /><${TileBone} label="Residual" /></div>`}`;
  const { summary } = data;
  const span = summary.started_at ? `${moment(summary.started_at, "UTC")} to ${moment(summary.ended_at ?? summary.deposited_at, "UTC")} UTC` : "";
  return html`<${PageHead} crumb=${crumb} title=${`Settlement ${id}`} about=${html`<span class="about-line"><${SettlementState} state=${summary.state} /><span>${span}</span></span>`} />
    ${problem ? html`<div class="gap-below"><${ProblemNotice} problem=${{ ...problem, title: "This settlement could not be refreshed" }} retry=${reload} compact /></div>` : null}
    <div class="stack" key="settlement"><div class="tiles settlement-tiles"><${FigureTile} label="Paid out" figure=${data.paid_out} about=${`on ${moment(summary.deposited_at, "UTC")}`} /><${FigureTile} label="Residual" figure=${data.residual} about=${`of ${plural(summary.lines, "line")}`} /></div>
    <${Residual} detail=${data} />${data.groups.length ? html`<${Kinds} groups=${data.groups} />` : null}<${Beside} beside=${data.beside} />
    ${summary.state === "loading" ? null : html`<${Lines} path=${path} id=${id} groups=${data.groups} unclassified=${data.explanation.length > 0} />`}</div>`;
}

/** A tile without a period before it: a settlement is compared with its own lines alone. */
function FigureTile({ label, figure, about }) {
  return html`<button type="button" class="tile card" aria-haspopup="dialog" onClick=${(event) => (openCard.value = { title: label, figure, anchor: event.currentTarget })}><span class="tile-label">${label}<${Icon} name="info" size=${14} /></span><span class="tile-value">${figureText(figure)}</span><span class="delta none">${about}</span><${Age} at=${figure.as_of} state=${figure.state} /></button>`;
}
