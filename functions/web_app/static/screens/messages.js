import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { BoneRows, Empty, Link, PageHead, ProblemNotice, Select } from "../app/components.js";
import { moment, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { countryOf, useMarketplaces } from "./marketplaces.js";
import { fileWords, MessageState, STATE_OPTIONS } from "./message_words.js";
import { Pager, useCursor } from "./paging.js";

export function Screen() {
  const state = place.value.query.get("state") ?? "";
  const pages = useCursor(state);
  useMarketplaces();
  const { data, problem, reload } = useResource(`messages-log:${state}:${pages.cursor}`, (signal) => get("messages", { query: { state, cursor: pages.cursor }, signal }), { every: pages.page === 1 ? 15_000 : 0 });
  const found = data?.messages ?? [];
  const unclear = found.filter((message) => message.can_settle).length;
  return html`<${PageHead} title="Messages" about="What was written to buyers by Amazon's templates, and what became of it." />
    <div class="card list"><div class="filters"><${Select} label="State" value=${state} options=${STATE_OPTIONS} onChange=${(value) => setQuery({ state: value }, { replace: true })} /></div>
    <p class="list-about" role="status"><span key=${data ? "told" : "wait"}>${data ? `${plural(found.length, "message")} on this page, the last written first.${data.searched_back_to ? ` Looked back to ${moment(data.searched_back_to)}; “Next” goes on from there.` : ""}` : "Reading the log."}</span><span class="list-end">${unclear && state !== "unclear" ? html`<button type="button" class="link-button" onClick=${() => setQuery({ state: "unclear" }, { replace: true })}>${`${plural(unclear, "message")} of unknown fate`}</button>` : null}</span></p>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !found.length && !data.next_cursor ? html`<${Empty} icon="mail" title=${state ? "No message in this state" : "Nothing was written yet"}>Open an order to see which messages Amazon allows for it. Messages are off for an account until an owner or admin switches them on under Sync.<//>`
      : problem && !data ? null : html`<div class="table-wrap"><table class="rows orders-table"><thead><tr><th>Message</th><th>State</th><th class="wide-only">Order</th><th class="wide-only">Why</th><th class="wide-only">By</th></tr></thead>
        <tbody>${data ? found.map((message) => html`<tr key=${message.message_id}><td class="cell-title"><${Link} to=${`/orders/${encodeURIComponent(message.order_id)}`} query=${{ connection_id: message.connection_id }} class="row-link">${message.title}<//><small>${countryOf(message.marketplace_id)} · ${moment(message.written_at)}${message.file_bytes ? ` · ${fileWords(message.file_bytes)}` : ""}</small></td><td class="cell-state"><${MessageState} state=${message.state} /></td><td class="wide-only">${message.order_id}</td><td class="wide-only because">${message.because}</td><td class="wide-only">${message.written_by ?? "–"}</td></tr>`) : html`<${BoneRows} rows=${8} columns=${5} narrow=${[0, 1]} />`}</tbody></table></div>
      ${data ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="The words themselves are on the order's page, for 30 days." />` : null}`}</div>`;
}
