import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { Ago, Bone, BoneRows, Button, ButtonLink, Empty, Icon, Link, Notice, PageHead, ProblemNotice, Select } from "../app/components.js";
import { Delta } from "../app/figures.js";
import { count, dayRange, money, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { brandOptions, useBrands } from "./brand_words.js";
import { countryOf, useMarketplaces } from "./marketplaces.js";
import { plain, productPath } from "./money_parts.js";
import { downloadCsv, Pager, useCursor } from "./paging.js";
import { beforeWords, PeriodChoice, usePeriod } from "./periods.js";

function exportCsv(data) {
  downloadCsv(`quayside-products-${data.period.from}-${data.period.to}.csv`, ["seller_sku", "brand", "marketplace", "units", "orders", "sales", "units_period_before", "sales_period_before", "currency"], data.products.map((item) => [item.seller_sku, item.brand, countryOf(item.marketplace_id), item.units, item.orders, plain(item.sales_minor, item.currency), item.previous_units, plain(item.previous_sales_minor, item.currency), item.currency]));
}

export function Screen() {
  const { query } = place.value;
  const marketplaces = useMarketplaces();
  const marketplaceId = query.get("marketplace_id") || marketplaces?.[0]?.marketplace_id || "";
  const brand = query.get("brand") ?? "";
  const brands = useBrands();
  const asked = usePeriod();
  const filters = `${asked.key}|${marketplaceId}|${brand}`;
  const pages = useCursor(filters);
  const { data, problem, reload } = useResource(marketplaceId ? `products:${filters}:${pages.cursor}` : null, (signal) => get("analytics/products", { query: { ...asked.params, marketplace_id: marketplaceId, brand, cursor: pages.cursor }, signal }));
  const products = data?.products ?? [];
  const none = marketplaces && !marketplaces.length;
  return html`<${PageHead} title="Products" about=${data ? html`${dayRange(data.period.from, data.period.to)} · ${data.as_of ? html`up to date <${Ago} at=${data.as_of} />` : "first reading under way"}` : none ? "Nothing is connected yet." : html`<${Bone}>30 Sept to 29 Oct 2026 · up to date 59 minutes ago<//>`}>
      <${Select} label="Marketplace" value=${marketplaceId} onChange=${(value) => setQuery({ marketplace_id: value }, { replace: true })} options=${(marketplaces ?? []).map((item) => ({ value: item.marketplace_id, label: item.name ?? item.country_code }))} /><${Select} label="Brand" value=${brand} onChange=${(value) => setQuery({ brand: value }, { replace: true })} options=${brandOptions(brands.data, brand)} /><${PeriodChoice} /><${Button} disabled=${!products.length} onClick=${() => exportCsv(data)}><${Icon} name="download" />CSV of this page<//><//>
    <div class="card list">${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
      ${data?.notes.length && products.length ? html`<div class="inset" key="notes">${data.notes.map((note) => html`<${Notice} key=${note} title="Not everything is here"><p>${note}</p><//>`)}</div>` : null}
      ${none ? html`<${Empty} icon="connections" title="Connect your Amazon account to see your products" action=${html`<${ButtonLink} to="/connect" kind="primary">Connect an Amazon account<//>`}>Products show here once their first orders were read.<//>`
        : data && !products.length ? html`<${Empty} icon="stock" title=${data.next_cursor ? "None so far" : brand ? "No product of this brand sold here" : "No product sold here"}>Nothing was ordered in this period, the period before, or their months.<//>`
        : html`<div class="table-wrap" key=${data ? "rows" : "wait"}><table class="rows"><thead><tr><th>SKU</th><th class="number">Sales</th><th class="number">Units</th><th class="number wide-only">Orders</th><th class="number">Sales vs before</th></tr></thead><tbody>${data ? products.map((item) => html`<tr key=${`${item.seller_sku}${item.currency}`}><td><${Link} to=${productPath(item.marketplace_id, item.seller_sku)} query=${{ ...asked.link, currency: item.currency }} class="row-link">${item.seller_sku || "No SKU"}<//>${item.brand ? html`<small>${item.brand}</small>` : null}</td><td class="number">${money(item.sales_minor, item.currency)}</td><td class="number">${count(item.units)}</td><td class="number wide-only">${count(item.orders)}</td><td class="number"><${Delta} value=${item.sales_minor} previous=${item.previous_sales_minor} against=${beforeWords(data.period.key)} /></td></tr>`) : html`<${BoneRows} rows=${8} columns=${5} narrow=${[3]} />`}</tbody></table></div>`}
      ${data && (data.next_cursor || pages.page > 1) ? html`<${Pager} pages=${pages} next=${data.next_cursor} about=${plural(products.length, "product")} />` : null}</div>`;
}
