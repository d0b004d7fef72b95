// The seller's brands: how many products are under each, in and out as a file.
import { html, useState } from "../app/lib.js";
import { get } from "../app/api.js";
import { Ago, Bone, BoneRows, Button, ButtonLink, Empty, Icon, Link, PageHead, ProblemNotice } from "../app/components.js";
import { count, plural } from "../app/format.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { useBrands } from "./brand_words.js";
import { CatalogTabs } from "./catalog_words.js";
import { ImportFile } from "./file_import.js";
import { downloadCsv } from "./paging.js";

const fileRow = (row) => ({ line: count(row.line), name: row.seller_sku, says: row.problem ?? row.brand ?? "out of its brand" });

async function exportTags() {
  const tags = [];
  let cursor = "";
  do {
    const part = await get("catalog/brands/tags", { query: { cursor, limit: 500 } });
    tags.push(...part.tags);
    cursor = part.next_cursor;
  } while (cursor);
  downloadCsv("quayside-brands.csv", ["seller_sku", "brand"], tags.map((tag) => [tag.seller_sku, tag.brand]));
}

export function Screen() {
  const { data, problem, reload } = useBrands();
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const brands = data?.brands ?? [];
  const manage = may("catalog.manage");
  async function download() {
    setBusy(true);
    try {
      await exportTags();
    } catch (failure) {
      toast(`The file could not be made: ${failure.title}`);
    } finally {
      setBusy(false);
    }
  }
  return html`<${PageHead} title="Brands" about=${data ? html`${plural(data.products, "product")} under your brands${data.changed_at ? html`, changed <${Ago} at=${data.changed_at} />` : ""}` : problem ? "The brands could not be read." : html`<${Bone} width="24ch" />`}><${Button} disabled=${!brands.length} busy=${busy} onClick=${download}><${Icon} name="download" />CSV<//>${manage ? html`<${Button} onClick=${() => setOpen(true)}>From a file…<//>` : null}<//>
    <${CatalogTabs} here="/catalog/brands" />
    <div class="card list"><p class="list-about" role="status"><span>A product is under one brand of yours, in every marketplace. Give it another, and its past goes along.</span></p>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !brands.length ? html`<${Empty} icon="tag" title="No brands yet" action=${html`<${ButtonLink} to="/catalog" kind="primary">Choose products<//>`}>Select products under Listings and put them under a brand, or hand in a file with the columns seller_sku and brand.<//>`
      : problem && !data ? null : html`<div class="table-wrap"><table class="rows"><thead><tr><th>Brand</th><th class="number">Products</th><th class="number">See</th></tr></thead><tbody>${data ? brands.map((brand) => html`<tr key=${brand.name}><td>${brand.name}</td><td class="number">${count(brand.products)}</td><td class="number"><${Link} to="/catalog" query=${{ brand: brand.name }} aria-label=${`Listings of ${brand.name}`}>Listings<//> · <${Link} to="/profit" query=${{ brand: brand.name }} aria-label=${`Profit of ${brand.name}`}>Profit<//></td></tr>`) : html`<${BoneRows} rows=${6} columns=${3} narrow=${[0, 1, 2]} />`}</tbody></table></div>`}</div>
    ${open ? html`<${ImportFile} title="Brands from a file" about="A CSV file with the columns seller_sku and brand; an empty brand takes a product out of its brand. At most 500 rows at once." id="brands-file" path="catalog/brands/file" what="tag" row=${fileRow} onClose=${() => setOpen(false)} onDone=${() => { setOpen(false); reload(); }} />` : null}`;
}
