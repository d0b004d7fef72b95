// What the screens share of brands: the seller's own word for which products belong together.
import { get } from "../app/api.js";
import { useResource } from "../app/resource.js";
import { may } from "../app/session.js";

/** The brands of the organisation; undefined while unread. */
export function useBrands() {
  return useResource(may("catalog.read") ? "catalog:brands" : null, (signal) => get("catalog/brands", { signal }));
}

/** Options of a brand chooser; a brand of the address that is gone can still be left. */
export function brandOptions(list, chosen) {
  const names = (list?.brands ?? []).map((brand) => brand.name);
  return [{ value: "", label: "All brands" }, ...(chosen && !names.includes(chosen) ? [chosen, ...names] : names).map((name) => ({ value: name, label: name }))];
}
