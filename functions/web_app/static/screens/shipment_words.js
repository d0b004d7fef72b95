// What the screens of the supply chain share: legs, states and places in words, and the way from one page to the other.
import { html } from "../app/lib.js";
import { Link, State } from "../app/components.js";
import { day, plural } from "../app/format.js";

export const KINDS = { production: "Production", air: "Air freight", sea: "Sea freight", road: "Road freight", rail: "Rail freight", customs: "Customs", prep: "Prep", check_in: "Check-in at Amazon" };
export const KIND_OPTIONS = Object.entries(KINDS).map(([value, label]) => ({ value, label }));
export const STAGES = { on_order: "On order", in_production: "In production", in_transit: "In transit", at_prep: "At prep", inbound: "Check-in at Amazon" };
const STATES = { planned: ["off", "Planned"], under_way: ["busy", "Under way"], arrived: ["good", "Arrived"], closed: ["good", "Closed"], cancelled: ["off", "Cancelled"] };
export const EVENTS = { close: "Close", cancel: "Cancel the shipment", reopen: "Reopen" };

/** The state of a shipment; lateness stands beside it in words of its own. */
export function ShipmentState({ shipment }) {
  const [kind, words] = STATES[shipment.state];
  return html`<${State} kind=${kind === "busy" ? "" : kind}>${words}<//>`;
}

/** By how many days something is late; nothing when it is not. */
export function Late({ days }) {
  return days ? html`<${State} kind="bad">${plural(days, "day")} late<//>` : null;
}

/** When it arrives: the day by the median, and the one that holds in 9 of 10 cases. */
export function arrivalWords(shipment) {
  if (shipment.state === "closed") return shipment.ended_on ? `Closed ${day(shipment.ended_on)}` : "Closed";
  if (shipment.state === "cancelled") return "Cancelled";
  if (!shipment.arrives) return "Arrival unknown";
  if (shipment.state === "arrived") return `Arrived ${day(shipment.arrives)}`;
  const later = shipment.arrives_p90 && shipment.arrives_p90 !== shipment.arrives ? `, by ${day(shipment.arrives_p90)} in 9 of 10 cases` : "";
  return `Arrives ${day(shipment.arrives)}${later}`;
}

/** From where to where; nothing when neither is known. */
export const laneWords = (leg) => [leg.origin, leg.destination].filter(Boolean).join(" to ");

const TABS = [["/shipments", "Shipments"], ["/pipeline", "Pipeline"]];

/** The pages of the supply chain, side by side. */
export function SupplyTabs({ here }) {
  return html`<nav class="page-tabs" aria-label="Supply chain">${TABS.map(([path, label]) => html`<${Link} key=${path} to=${path} aria-current=${path === here ? "page" : undefined}>${label}<//>`)}</nav>`;
}
