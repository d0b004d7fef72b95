import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { Ago, Bone, BoneRows, Button, ButtonLink, Empty, Icon, Link, PageHead, ProblemNotice, Select } from "../app/components.js";
import { decimals, moment, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { useConnections } from "./marketplaces.js";
import { amount, MoneyViews, SettlementState } from "./money_words.js";
import { downloadCsv, Pager, useCursor } from "./paging.js";

const plain = (value) => (value ? (value.amount_minor / 10 ** decimals(value.currency)).toFixed(decimals(value.currency)) : "");

function exportCsv(settlements) {
  downloadCsv("quayside-settlements.csv", ["settlement_id", "connection_id", "started_at", "ended_at", "deposited_at", "currency", "paid_out", "lines", "residual", "state"],
    settlements.map((each) => [each.settlement_id, each.connection_id, each.started_at, each.ended_at, each.deposited_at, each.currency, plain(each.total), each.lines, plain(each.residual), each.state]));
}

export function Screen() {
  const connectionId = place.value.query.get("connection_id") ?? "";
  const { connections } = useConnections();
  const pages = useCursor(connectionId);
  const { data, problem, reload } = useResource(`settlements:${connectionId}:${pages.cursor}`, (signal) => get("finance/settlements", { query: { connection_id: connectionId, cursor: pages.cursor }, signal }), { every: pages.page === 1 ? 60_000 : 0 });
  const settlements = data?.settlements ?? [];
  const open = settlements.filter((each) => each.state === "explained" || each.state === "unexplained").length;
  const nameOf = (id) => connections?.find((each) => each.connection_id === id)?.name ?? id;
  const options = [{ value: "", label: "All accounts" }, ...(connections ?? []).map((each) => ({ value: each.connection_id, label: each.name }))];
  return html`<${PageHead} title="Settlements" about=${data ? html`What Amazon paid out, line by line${data.as_of ? html`, up to date <${Ago} at=${data.as_of} />` : ""}` : problem ? "The settlements could not be read." : html`<${Bone} width="28ch" />`}><${Button} disabled=${!settlements.length} onClick=${() => exportCsv(settlements)}><${Icon} name="download" />CSV of this page<//><//>
    <${MoneyViews} />
    <div class="card list"><div class="filters"><${Select} label="Account" value=${connectionId} options=${options} onChange=${(value) => setQuery({ connection_id: value }, { replace: true })} /></div>
    <p class="list-about" role="status">${data ? html`<span key="said">${settlements.length ? `${plural(settlements.length, "settlement")} on this page, ${open ? `${open} with something to look at` : "all reconciled to the cent or still being read"}.` : ""}</span>` : html`<span key="wait">A settlement is of one currency and of the whole account.</span>`}</p>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !settlements.length ? html`<${Empty} icon="orders" title="No settlements yet" action=${html`<${ButtonLink} to="/connections">See your connections<//>`}>Amazon settles every two weeks. Its statements show here once they are read from a connected account.<//>`
      : problem && !data ? null : html`<div class="table-wrap"><table class="rows money-table"><thead><tr><th>Settlement</th><th class="wide-only">Paid out on</th><th>State</th><th class="number wide-only">Lines</th><th class="number">Paid out</th><th class="number wide-only">Residual</th></tr></thead>
        <tbody>${data ? settlements.map((each) => html`<tr key=${each.connection_id + each.settlement_id}><td class="cell-title"><${Link} to=${`/settlements/${encodeURIComponent(each.connection_id)}/${encodeURIComponent(each.settlement_id)}`} class="row-link clip">${each.started_at ? `${moment(each.started_at, "UTC")} to ${moment(each.ended_at ?? each.deposited_at, "UTC")}` : each.settlement_id}<//><small>${nameOf(each.connection_id)} · ${each.settlement_id}</small></td>
          <td class="wide-only">${moment(each.deposited_at, "UTC")}</td><td class="cell-state"><${SettlementState} state=${each.state} /></td><td class="number wide-only">${each.lines}</td><td class="number cell-total">${amount(each.total)}</td><td class="number wide-only">${amount(each.residual)}</td></tr>`) : html`<${BoneRows} rows=${8} columns=${6} narrow=${[0, 2, 4]} />`}</tbody></table></div>
      ${data ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="Times are UTC. Account by account, the latest payout first." />` : null}`}</div>`;
}
