// The grid of the catalog: every listing of every account and marketplace, with what is wrong, what it costs and what is there.
import { html, useEffect, useState } from "../app/lib.js";
import { get, post } from "../app/api.js";
import { Ago, Bone, BoneRows, Button, ButtonLink, Dialog, Empty, ErrorSummary, Field, Icon, Link, PageHead, ProblemNotice, SearchBox, Select } from "../app/components.js";
import { useForm } from "../app/form.js";
import { count, decimals, money, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { CatalogTabs, ISSUE_OPTIONS, ListingState, packageWords, placeOf, STANDING_OPTIONS, STOCK_OPTIONS } from "./catalog_words.js";
import { countryOf, marketplaceOptions, marketplacesOf, useConnections } from "./marketplaces.js";
import { downloadCsv, Pager, useCursor } from "./paging.js";

const FILTERS = ["marketplace_id", "standing", "issues", "stock", "cost", "search"];
const CSV_PAGES = 200;
const LOOKED_THROUGH = 40;

const plainMoney = (amount) => (amount ? (amount.amount_minor / 10 ** decimals(amount.currency)).toFixed(decimals(amount.currency)) : "");

function writeCsv(lines) {
  downloadCsv("quayside-catalog.csv", ["seller_sku", "asin", "title", "marketplace", "status", "errors", "warnings", "price", "currency", "fulfilment", "units", "length_mm", "width_mm", "height_mm", "weight_g", "unit_cost", "cost_currency", "as_of"],
    lines.map((line) => [line.seller_sku, line.asin, line.title, countryOf(line.marketplace_id), line.standing, line.errors, line.warnings, plainMoney(line.price), line.price?.currency, line.by_amazon ? "Amazon" : "merchant", line.units, line.package.length_mm, line.package.width_mm, line.package.height_mm, line.package.weight_g, plainMoney(line.unit_cost), line.unit_cost?.currency, line.computed_at]));
}

/** Everything the filters leave, page after page, as far as a file goes. */
async function readAll(filters) {
  const all = [];
  let cursor = "";
  for (let page = 0; page < CSV_PAGES; page += 1) {
    const part = await get("catalog", { query: { ...filters, cursor, limit: 100 } });
    all.push(...part.lines);
    cursor = part.next_cursor;
    if (!cursor) return { all, whole: true };
  }
  return { all, whole: false };
}

/** One page of what the filters leave. The API looks at some hundred listings a call, so rare ones take several. */
async function readPage(query, signal) {
  let lines = [];
  let examined = 0;
  let cursor = query.cursor;
  for (let call = 0; call < LOOKED_THROUGH; call += 1) {
    const part = await get("catalog", { query: { ...query, cursor, limit: 50 - lines.length }, signal });
    lines = [...lines, ...part.lines];
    examined += part.examined;
    cursor = part.next_cursor;
    if (!cursor || lines.length >= 50) return { ...part, lines, examined };
  }
  return { lines, examined, next_cursor: cursor, as_of: null };
}

function Export({ filters, disabled }) {
  const [busy, setBusy] = useState(false);
  async function run() {
    setBusy(true);
    try {
      const { all, whole } = await readAll(filters);
      writeCsv(all);
      toast(whole ? `${plural(all.length, "line")} in the file` : `The first ${count(all.length)} lines are in the file; narrow the filters for the rest`);
    } catch (problem) {
      toast(`The file could not be made: ${problem.title}`);
    } finally {
      setBusy(false);
    }
  }
  return html`<${Button} busy=${busy} disabled=${disabled} onClick=${run}><${Icon} name="download" />CSV<//>`;
}

/** Name the present filters, for everybody of the organisation. */
function SaveView({ filters, onDone, onClose }) {
  const form = useForm({ name: "" }, {
    check: ({ name }) => ({ name: name.trim() ? "" : "Enter a name" }),
    submit: async ({ name }) => {
      await post("catalog/views", { name: name.trim(), filters });
      toast(`Saved as “${name.trim()}”`);
      onDone();
    },
  });
  return html`<${Dialog} title="Save this view" onClose=${onClose}><form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ name: "Name" }} /><${Field} label="Name" maxlength="60" hint="Everybody of your organisation sees it. A view of the same name is replaced." ...${form.bind("name")} /><div class="form-foot"><${Button} type="submit" kind="primary" busy=${form.busy}>Save<//></div></form><//>`;
}

const asQuery = (filters) => new URLSearchParams(Object.entries(filters).filter(([, value]) => value)).toString();

function Row({ line }) {
  const found = line.errors + line.warnings;
  return html`<tr><td class="cell-title"><${Link} to="/catalog/listing" query=${placeOf(line)} class="row-link clip" title=${line.title}>${line.title ?? line.seller_sku}<//><small>${[line.seller_sku, line.asin, countryOf(line.marketplace_id)].filter(Boolean).join(" · ")}</small></td>
    <td class="cell-state"><${ListingState} standing=${line.standing} />${found ? html`<small>${[line.errors ? plural(line.errors, "error") : "", line.warnings ? plural(line.warnings, "warning") : ""].filter(Boolean).join(", ")}</small>` : null}</td>
    <td class="number"><strong>${line.price ? money(line.price.amount_minor, line.price.currency) : "–"}</strong><small>${line.by_amazon ? "by Amazon" : "by you"}</small></td><td class="number">${line.units === null ? "–" : count(line.units)}<span class="phone-only fine"> units</span></td>
    <td class="wide-only">${packageWords(line.package)}</td><td class="number wide-only">${line.unit_cost ? money(line.unit_cost.amount_minor, line.unit_cost.currency) : html`<span class="fine">not entered</span>`}</td><td class="wide-only"><span class="fine"><${Ago} at=${line.computed_at} /></span></td></tr>`;
}

export function Screen() {
  const { query } = place.value;
  const chosen = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
  const filters = asQuery(chosen);
  const { connections } = useConnections();
  const views = useResource("catalog:views", (signal) => get("catalog/views", { signal }));
  const pages = useCursor(filters);
  const { data, problem, reload } = useResource(`catalog:${filters}:${pages.cursor}`, (signal) => readPage({ ...chosen, cursor: pages.cursor }, signal), { every: pages.page === 1 && !filters ? 60_000 : 0 });
  const [saving, setSaving] = useState(false);
  useEffect(() => setSaving(false), [filters]);
  const change = (changes) => setQuery(changes, { replace: true });
  const lines = data?.lines ?? [];
  const saved = views.data?.views ?? [];
  const shown = saved.find((view) => view.filters === filters);
  const open = (id) => change(Object.fromEntries([...FILTERS.map((name) => [name, ""]), ...new URLSearchParams(saved.find((view) => view.view_id === id)?.filters ?? "")]));
  async function remove() {
    try {
      await post(`catalog/views/${encodeURIComponent(shown.view_id)}/remove`, {});
      views.reload();
    } catch (failure) {
      toast(`The view is still there: ${failure.title}`);
    }
  }
  return html`<${PageHead} title="Catalog" about=${data ? html`Every marketplace${data.as_of ? html`, read <${Ago} at=${data.as_of} />` : ""}` : problem ? "The listings could not be read." : html`<${Bone} width="24ch" />`}><${Export} filters=${chosen} disabled=${!lines.length} /><//>
    <${CatalogTabs} here="/catalog" />
    <div class="card list"><div class="filters"><${SearchBox} label="Search listings" placeholder="SKU, ASIN or title" value=${chosen.search} onSearch=${(text) => change({ search: text })} /><${Select} label="Marketplace" value=${chosen.marketplace_id} options=${marketplaceOptions(marketplacesOf(connections))} onChange=${(value) => change({ marketplace_id: value })} /><${Select} label="Status" value=${chosen.standing} options=${STANDING_OPTIONS} onChange=${(value) => change({ standing: value })} /><${Select} label="Issues" value=${chosen.issues} options=${ISSUE_OPTIONS} onChange=${(value) => change({ issues: value })} /><${Select} label="Stock" value=${chosen.stock} options=${STOCK_OPTIONS} onChange=${(value) => change({ stock: value })} /><${Select} label="Cost" value=${chosen.cost} options=${[{ value: "", label: "Any cost" }, { value: "missing", label: "Cost not entered" }]} onChange=${(value) => change({ cost: value })} /><${Select} label="Saved view" value=${shown?.view_id ?? ""} options=${[{ value: "", label: saved.length ? "Saved views" : "No saved views" }, ...saved.map((view) => ({ value: view.view_id, label: view.name }))]} onChange=${open} /></div>
    <p class="list-about" role="status">${data ? html`<span key="said">${plural(lines.length, "listing")} on this page${filters ? ` of ${plural(data.examined, "listing")} looked at` : ""}.</span>` : html`<span key="wait">By SKU, one marketplace after the other.</span>`}<span class="list-end">${filters ? html`${!may("catalog.manage") ? null : shown ? html`<button type="button" class="link-button" onClick=${remove}>Remove this view</button>` : html`<button type="button" class="link-button" onClick=${() => setSaving(true)}>Save this view…</button>`} <button type="button" class="link-button" onClick=${() => change(Object.fromEntries(FILTERS.map((name) => [name, ""])))}>Clear filters</button>` : null}</span></p>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !lines.length ? html`<${Empty} icon="tag" title=${filters ? (data.next_cursor ? "None so far" : "No listing matches") : "No listings yet"} action=${filters ? null : html`<${ButtonLink} to="/connections">See your connections<//>`}>${filters ? (data.next_cursor ? `${plural(data.examined, "listing")} looked at. Go on with the next page, or change the filters.` : "Try other filters.") : "Listings show here once they were read from a connected account: a quarter of an hour after Amazon made its report."}<//>`
      : problem && !data ? null : html`<div class="table-wrap"><table class="rows catalog-table"><thead><tr><th>Listing</th><th>Status</th><th class="number">Price</th><th class="number">Units</th><th class="wide-only">Package</th><th class="number wide-only">Unit cost</th><th class="wide-only">As of</th></tr></thead><tbody>${data ? lines.map((line) => html`<${Row} key=${`${line.connection_id}${line.marketplace_id}${line.seller_sku}`} line=${line} />`) : html`<${BoneRows} rows=${10} columns=${7} narrow=${[0, 1, 2, 3]} />`}</tbody></table></div>`}
      ${data && (lines.length || data.next_cursor) ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="Units: what Amazon can sell, or what you say to have. Package: as in Amazon's catalog." />` : null}</div>
    ${saving ? html`<${SaveView} filters=${filters} onClose=${() => setSaving(false)} onDone=${() => { setSaving(false); views.reload(); }} />` : null}`;
}
