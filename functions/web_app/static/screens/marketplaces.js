import { configuration } from "../app/session.js";
import { useResource } from "../app/resource.js";
import { get } from "../app/api.js";

/** This seller's connections; undefined while unread. */
export function useConnections(options) {
  const { data, problem } = useResource("connections", (signal) => get("connections", { signal }), options);
  return { connections: data?.connections, unread: Boolean(problem) && !data };
}

/** The marketplaces of this seller's connections, each with what the configuration knows of it; undefined while unread. */
export function useMarketplaces() {
  return marketplacesOf(useConnections().connections);
}

/** The marketplaces of some connections. */
export function marketplacesOf(connections) {
  if (!connections) return undefined;
  const found = new Map();
  for (const connection of connections) for (const marketplace of connection.marketplaces) found.set(marketplace.marketplace_id, { ...detail(marketplace.marketplace_id), ...marketplace });
  return [...found.values()];
}

/** What the configuration knows of a marketplace: name, country, currency, time zone. */
export function detail(marketplaceId) {
  return configuration.value?.marketplaces.find((item) => item.marketplace_id === marketplaceId) ?? { marketplace_id: marketplaceId };
}

export const zoneOf = (marketplaceId) => detail(marketplaceId).time_zone;
export const countryOf = (marketplaceId) => detail(marketplaceId).country_code ?? marketplaceId;
export const nameOf = (marketplaceId) => detail(marketplaceId).name ?? marketplaceId;

/** Options of a marketplace chooser. */
export const marketplaceOptions = (marketplaces) => [{ value: "", label: "All marketplaces" }, ...(marketplaces ?? []).map((item) => ({ value: item.marketplace_id, label: item.name ?? item.country_code }))];
