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
import { brandOptions, useBrands } from "./brand_words.js";
import { CatalogTabs, ISSUE_OPTIONS, ListingState, packageWords, placeOf, STANDING_OPTIONS, STOCK_OPTIONS } from "./catalog_words.js";
import { countryOf, marketplaceOptions, marketplacesOf, useConnections } from "./marketplaces.js";
import { downloadCsv, Pager, useCursor } from "./paging.js";

const FILTERS = ["marketplace_id", "standing", "issues", "stock", "cost", "search", "brand"];
const NO_BRAND = "-";
const TAGS_AT_ONCE = 100;
const CSV_PAGES = 200;
const LOOKED_THROUGH = 40;

const plainMoney = (amount) => (amount ? (amount.amount_minor / 10 ** decimals(amount.currency)).toFixed(decimals(amount.currency)) : "");

function writeCsv(lines) {
  downloadCsv("quayside-catalog.csv", ["seller_sku", "asin", "title", "marketplace", "status", "errors", "warnings", "price", "currency", "fulfilment", "units", "brand", "amazon_brand", "length_mm", "width_mm", "height_mm", "weight_g", "unit_cost", "cost_currency", "as_of"],
    lines.map((line) => [line.seller_sku, line.asin, line.title, countryOf(line.marketplace_id), line.standing, line.errors, line.warnings, plainMoney(line.price), line.price?.currency, line.by_amazon ? "Amazon" : "merchant", line.units, line.brand, line.amazon_brand, line.package.length_mm, line.package.width_mm, line.package.height_mm, line.package.weight_g, plainMoney(line.unit_cost), line.unit_cost?.currency, line.computed_at]));
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

/** The filters as the API wants them. */
const apiQuery = ({ brand, ...rest }) => ({ ...rest, ...(brand === NO_BRAND ? { brand_tag: "missing" } : { brand }) });

const asQuery = (filters) => new URLSearchParams(Object.entries(filters).filter(([, value]) => value)).toString();

/** The products that are chosen, put under one brand, or each under the one that Amazon's catalog names. */
function BrandDialog({ chosen, brands, onClose, onDone }) {
  const lines = [...chosen.values()];
  const same = (name) => (new Set(lines.map((line) => line[name])).size === 1 ? (lines[0][name] ?? "") : "");
  const named = lines.filter((line) => line.amazon_brand);
  const offered = same("brand") || (lines.some((line) => line.brand) ? "" : same("amazon_brand"));
  async function put(tags) {
    for (let from = 0; from < tags.length; from += TAGS_AT_ONCE) await post("catalog/brands/tags", { tags: tags.slice(from, from + TAGS_AT_ONCE) });
    toast("The brands are changed, past figures too");
    onDone();
  }
  const form = useForm({ brand: offered }, {
    check: () => ({}),
    submit: ({ brand }) => put(lines.map((line) => ({ seller_sku: line.seller_sku, brand: brand.trim() || null }))),
  });
  const [busy, setBusy] = useState(false);
  async function asAmazon() {
    setBusy(true);
    try {
      await put(named.map((line) => ({ seller_sku: line.seller_sku, brand: line.amazon_brand.slice(0, 60) })));
    } catch (problem) {
      toast(`The brands are as they were: ${problem.title}`);
      setBusy(false);
    }
  }
  const hint = offered && !same("brand") ? "So Amazon's catalog names them; it is yours to change." : "Empty takes them out of their brand.";
  return html`<${Dialog} title=${`Brand of ${plural(lines.length, "product")}`} onClose=${onClose}><form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ brand: "Brand" }} />
    <${Field} label="Brand" maxlength="60" list="brand-names" autocomplete="off" hint=${hint} ...${form.bind("brand")} /><datalist id="brand-names">${brands.map((brand) => html`<option key=${brand.name} value=${brand.name}></option>`)}</datalist>
    <p class="fine">In every marketplace, and in the figures of the past as well.</p>
    <div class="form-actions"><${Button} type="submit" kind="primary" busy=${form.busy}>${form.values.brand.trim() ? "Put under this brand" : "Take out of their brand"}<//>${named.length ? html`<${Button} busy=${busy} onClick=${asAmazon}>${`Use Amazon's brand of ${named.length === lines.length ? "each" : count(named.length)}`}<//>` : null}</div></form><//>`;
}

function BrandCell({ line }) {
  if (line.brand) return html`<span class="clip" title=${line.brand}>${line.brand}</span>`;
  return line.amazon_brand ? html`<span class="fine clip" title="Named by Amazon's catalog; figures go by your own brands">${line.amazon_brand}<small>by Amazon</small></span>` : html`<span class="fine">none</span>`;
}

function Row({ line, chosen, onPick }) {
  const found = line.errors + line.warnings;
  return html`<tr><td class="cell-title">${onPick ? html`<label class="pick"><input type="checkbox" aria-label=${`Select ${line.seller_sku}, ${countryOf(line.marketplace_id)}`} checked=${chosen.has(line.seller_sku)} onChange=${() => onPick([line], !chosen.has(line.seller_sku))} /></label>` : null}<${Link} to="/catalog/listing" query=${placeOf(line)} class="row-link clip" title=${line.title}>${line.title ?? line.seller_sku}<//><small>${[line.seller_sku, line.asin, countryOf(line.marketplace_id)].filter(Boolean).join(" · ")}</small></td>
    <td class="cell-state"><${ListingState} standing=${line.standing} />${found ? html`<small>${[line.errors ? plural(line.errors, "error") : "", line.warnings ? plural(line.warnings, "warning") : ""].filter(Boolean).join(", ")}</small>` : null}</td>
    <td class="number"><strong>${line.price ? money(line.price.amount_minor, line.price.currency) : "–"}</strong><small>${line.by_amazon ? "by Amazon" : "by you"}</small></td><td class="number">${line.units === null ? "–" : count(line.units)}<span class="phone-only fine"> units</span></td>
    <td class="wide-only"><${BrandCell} line=${line} /></td><td class="wide-only">${packageWords(line.package)}</td><td class="number wide-only">${line.unit_cost ? money(line.unit_cost.amount_minor, line.unit_cost.currency) : html`<span class="fine">not entered</span>`}</td><td class="wide-only"><span class="fine"><${Ago} at=${line.computed_at} /></span></td></tr>`;
}

export function Screen() {
  const { query } = place.value;
  const asked = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
  const filters = asQuery(asked);
  const filtered = apiQuery(asked);
  const { connections } = useConnections();
  const views = useResource("catalog:views", (signal) => get("catalog/views", { signal }));
  const pages = useCursor(filters);
  const { data, problem, reload } = useResource(`catalog:${filters}:${pages.cursor}`, (signal) => readPage({ ...filtered, cursor: pages.cursor }, signal), { every: pages.page === 1 && !filters ? 60_000 : 0 });
  const [saving, setSaving] = useState(false);
  const brands = useBrands();
  const [chosen, setChosen] = useState(new Map());
  const [tagging, setTagging] = useState(false);
  const manage = may("catalog.manage");
  useEffect(() => setSaving(false), [filters]);
  const change = (changes) => setQuery(changes, { replace: true });
  const lines = data?.lines ?? [];
  const saved = views.data?.views ?? [];
  const shown = saved.find((view) => view.filters === filters);
  const open = (id) => change(Object.fromEntries([...FILTERS.map((name) => [name, ""]), ...new URLSearchParams(saved.find((view) => view.view_id === id)?.filters ?? "")]));
  function pick(picked, on) {
    const after = new Map(chosen);
    for (const line of picked) {
      if (on) after.set(line.seller_sku, line);
      else after.delete(line.seller_sku);
    }
    setChosen(after);
  }
  async function remove() {
    try {
      await post(`catalog/views/${encodeURIComponent(shown.view_id)}/remove`, {});
      views.reload();
    } catch (failure) {
      toast(`The view is still there: ${failure.title}`);
    }
  }
  return html`<${PageHead} title="Catalog" about=${data ? html`Every marketplace${data.as_of ? html`, read <${Ago} at=${data.as_of} />` : ""}` : problem ? "The listings could not be read." : html`<${Bone} width="24ch" />`}><${Export} filters=${filtered} disabled=${!lines.length} /><//>
    <${CatalogTabs} here="/catalog" />
    <div class="card list"><div class="filters"><${SearchBox} label="Search listings" placeholder="SKU, ASIN or title" value=${asked.search} onSearch=${(text) => change({ search: text })} /><${Select} label="Marketplace" value=${asked.marketplace_id} options=${marketplaceOptions(marketplacesOf(connections))} onChange=${(value) => change({ marketplace_id: value })} /><${Select} label="Status" value=${asked.standing} options=${STANDING_OPTIONS} onChange=${(value) => change({ standing: value })} /><${Select} label="Issues" value=${asked.issues} options=${ISSUE_OPTIONS} onChange=${(value) => change({ issues: value })} /><${Select} label="Stock" value=${asked.stock} options=${STOCK_OPTIONS} onChange=${(value) => change({ stock: value })} /><${Select} label="Cost" value=${asked.cost} options=${[{ value: "", label: "Any cost" }, { value: "missing", label: "Cost not entered" }]} onChange=${(value) => change({ cost: value })} /><${Select} label="Brand" value=${asked.brand} options=${[...brandOptions(brands.data, asked.brand === NO_BRAND ? "" : asked.brand), { value: NO_BRAND, label: "Under no brand" }]} onChange=${(value) => change({ brand: value })} /><${Select} label="Saved view" value=${shown?.view_id ?? ""} options=${[{ value: "", label: saved.length ? "Saved views" : "No saved views" }, ...saved.map((view) => ({ value: view.view_id, label: view.name }))]} onChange=${open} /></div>
    <p class="list-about" role="status">${data ? html`<span key="said">${plural(lines.length, "listing")} on this page${filters ? ` of ${plural(data.examined, "listing")} looked at` : ""}.</span>` : html`<span key="wait">By SKU, one marketplace after the other.</span>`}<span class="list-end">${manage && lines.length ? (chosen.size ? html`<${Button} kind="small" onClick=${() => setTagging(true)}>${`Brand of ${count(chosen.size)}…`}<//><button type="button" class="link-button" onClick=${() => setChosen(new Map())}>Select none</button>` : html`<button type="button" class="link-button" onClick=${() => pick(lines, true)}>Select this page</button>`) : null}${filters ? html`${!may("catalog.manage") ? null : shown ? html`<button type="button" class="link-button" onClick=${remove}>Remove this view</button>` : html`<button type="button" class="link-button" onClick=${() => setSaving(true)}>Save this view…</button>`} <button type="button" class="link-button" onClick=${() => change(Object.fromEntries(FILTERS.map((name) => [name, ""])))}>Clear filters</button>` : null}</span></p>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !lines.length ? html`<${Empty} icon="tag" title=${filters ? (data.next_cursor ? "None so far" : "No listing matches") : "No listings yet"} action=${filters ? null : html`<${ButtonLink} to="/connections">See your connections<//>`}>${filters ? (data.next_cursor ? `${plural(data.examined, "listing")} looked at. Go on with the next page, or change the filters.` : "Try other filters.") : "Listings show here once they were read from a connected account: a quarter of an hour after Amazon made its report."}<//>`
      : problem && !data ? null : html`<div class="table-wrap"><table class=${`rows catalog-table ${manage ? "picked" : ""}`}><thead><tr><th>Listing</th><th>Status</th><th class="number">Price</th><th class="number">Units</th><th class="wide-only">Brand</th><th class="wide-only">Package</th><th class="number wide-only">Unit cost</th><th class="wide-only">As of</th></tr></thead><tbody>${data ? lines.map((line) => html`<${Row} key=${`${line.connection_id}${line.marketplace_id}${line.seller_sku}`} line=${line} chosen=${chosen} onPick=${manage ? pick : null} />`) : html`<${BoneRows} rows=${10} columns=${8} narrow=${[0, 1, 2, 3]} />`}</tbody></table></div>`}
      ${data && (lines.length || data.next_cursor) ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="Units: what Amazon can sell, or what you say to have. Package: as in Amazon's catalog." />` : null}</div>
    ${tagging ? html`<${BrandDialog} chosen=${chosen} brands=${brands.data?.brands ?? []} onClose=${() => setTagging(false)} onDone=${() => { setTagging(false); setChosen(new Map()); brands.reload(); reload(); }} />` : null}
    ${saving ? html`<${SaveView} filters=${filters} onClose=${() => setSaving(false)} onDone=${() => { setSaving(false); views.reload(); }} />` : null}`;
}
