import { html, useState } from "../app/lib.js";
import { get } from "../app/api.js";
import { Button, ButtonLink, Card, Empty, Icon, Link, PageHead, ProblemNotice, SearchBox, Segmented, State } from "../app/components.js";
import { InlineFigure } from "../app/figures.js";
import { count, day, dayOf, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { may } from "../app/session.js";
import { ExportPages, fileRow, ImportFile } from "./file_import.js";
import { countryOf } from "./marketplaces.js";
import { downloadCsv, Pager, useCursor } from "./paging.js";
import { arrivalWords, KINDS, laneWords, Late, ShipmentState, STAGES, SupplyTabs } from "./shipment_words.js";
import { Timeline } from "./shipment_timeline.js";

const VIEWS = [{ value: "", label: "Board" }, { value: "timeline", label: "Timeline" }, { value: "ended", label: "Finished" }, { value: "lead-times", label: "Lead times" }];
const PAGES_AT_ONCE = 40;
const COLUMNS = [...Object.entries(STAGES), ["arrived", "Arrived"]];
const columnOf = (shipment) => (shipment.state === "arrived" ? "arrived" : shipment.stage);
const ordersOf = (shipment) => (shipment.more_orders ? [...shipment.orders, `${count(shipment.more_orders)} more`] : shipment.orders);
const TEMPLATE = {
  name: "quayside-shipments-template.csv",
  header: ["name", "marketplace", "destination", "order", "sku", "units", "leg", "by", "from", "to", "carrier", "tracking", "planned_departure", "planned_arrival", "departed", "arrived"],
  rows: [["Autumn sea freight", "US", "amazon", "PO-000001", "LAMP-01", 600, 1, "sea", "Ningbo", "Long Beach", "Ocean Line", "OL-4711", "2027-01-10", "2027-02-05", "", ""], ["Autumn sea freight", "US", "amazon", "PO-000001", "LAMP-02", 400, 2, "road", "Long Beach", "Ontario", "", "", "2027-02-07", "2027-02-09", "", ""]],
};

/** The next page that has something on it: what a filter leaves out is passed over, a page at a time. */
async function nextFound(query, signal) {
  let part = await get("shipments", { query, signal });
  let examined = part.examined;
  for (let pages = 1; !part.shipments.length && part.next_cursor && pages < PAGES_AT_ONCE; pages += 1) {
    part = await get("shipments", { query: { ...query, cursor: part.next_cursor }, signal });
    examined += part.examined;
  }
  return { ...part, examined };
}

function Ticket({ shipment }) {
  const leg = shipment.current === null ? null : shipment.legs[shipment.current];
  return html`<li class="ticket"><${Link} to=${`/shipments/${encodeURIComponent(shipment.shipment_id)}`} class="row-link">${shipment.name}<//><span class="ticket-line">${plural(shipment.units, "unit")} of ${shipment.skus === 1 ? shipment.first_sku : plural(shipment.skus, "SKU")} · ${countryOf(shipment.marketplace_id)}</span>
    ${leg ? html`<span class="ticket-line">${leg.actual_start ? "In" : "Next"}: ${KINDS[leg.kind]}${laneWords(shipment) ? `, ${laneWords(shipment)}` : ""}</span>` : null}<span class="ticket-line">${arrivalWords(shipment)}</span>${shipment.orders.length ? html`<span class="ticket-line fine">${ordersOf(shipment).join(", ")}</span>` : null}<${Late} days=${shipment.late_days} /></li>`;
}

function Board({ shipments }) {
  return html`<div class="lanes" tabindex="0" role="region" aria-label="Shipments by where they are">${COLUMNS.map(([stage, label]) => {
    const here = shipments.filter((shipment) => columnOf(shipment) === stage);
    return html`<section key=${stage} class=${`lane ${here.length ? "" : "is-empty"}`} aria-label=${label}><h2>${label}<span class="lane-count">${here.length}</span></h2><ul>${here.map((shipment) => html`<${Ticket} key=${shipment.shipment_id} shipment=${shipment} />`)}</ul></section>`;
  })}</div>`;
}

function Over({ shipments }) {
  return html`<div class="table-wrap"><table class="rows own-table"><thead><tr><th>Shipment</th><th>State</th><th class="number wide-only">Units</th><th class="wide-only">Over since</th></tr></thead><tbody>${shipments.map((shipment) => html`<tr key=${shipment.shipment_id}><td><${Link} to=${`/shipments/${encodeURIComponent(shipment.shipment_id)}`} class="row-link">${shipment.name}<//><small>${[...ordersOf(shipment), shipment.first_sku].join(" · ")}</small></td><td><${ShipmentState} shipment=${shipment} /></td><td class="number wide-only">${count(shipment.units)}</td><td class="wide-only">${shipment.ended_on ? day(shipment.ended_on, { year: true }) : "–"}</td></tr>`)}</tbody></table></div>`;
}

function LeadTimes() {
  const { data, problem, reload } = useResource("lead-times", (signal) => get("lead-times", { signal }));
  const rows = data?.rows ?? [];
  return html`<${Card} title="Lead times" about="Measured from the actual days of your legs" end=${html`<${Button} kind="small" disabled=${!rows.length} onClick=${() => downloadCsv("quayside-lead-times.csv", ["leg", "supplier_id", "origin", "destination", "median_days", "p90_days", "legs", "newest"], rows.map((row) => [row.kind, row.supplier_id, row.origin, row.destination, row.median.value, row.p90.value, row.median.method.inputs[0].value, row.newest]))}>CSV<//>`}>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !rows.length ? html`<${Empty} icon="clock" title="Nothing measured yet">As soon as a leg has its first and its last day, how long it took is counted here.<//>` : html`<div class="table-wrap"><table class="rows own-table"><thead><tr><th>Leg</th><th class="number">Median</th><th class="number">9 of 10 within</th><th class="wide-only">Counts</th></tr></thead><tbody>${rows.map((row) => html`<tr key=${`${row.kind}${row.supplier_id}${row.origin}${row.destination}`}><td>${KINDS[row.kind]}<small>${laneWords(row) || "no places given"}</small></td><td class="number"><${InlineFigure} title=${`${KINDS[row.kind]}: median`} figure=${row.median} /> days</td><td class="number"><${InlineFigure} title=${`${KINDS[row.kind]}: 90th percentile`} figure=${row.p90} /> days</td><td class="wide-only">${row.median.method.inputs[0].value >= data.enough ? html`<${State} kind="good">from ${plural(row.median.method.inputs[0].value, "leg")}<//>` : html`<${State} kind="off">${row.median.method.inputs[0].value} of ${data.enough} legs<//>`}</td></tr>`)}</tbody></table></div>`}
    <div class="card-foot"><span>From ${data?.enough ?? 3} legs on, arrivals and restock reckon with what was measured instead of what was planned.</span></div><//>`;
}

export function Screen() {
  const { query } = place.value;
  const view = query.get("view") ?? "";
  const search = query.get("search") ?? "";
  const late = query.get("late") ?? "";
  const filters = { search, late: late ? "true" : "", ended: view === "ended" ? "true" : "" };
  const key = JSON.stringify(filters);
  const pages = useCursor(key);
  const listed = view !== "lead-times";
  const { data, problem, reload } = useResource(listed ? `shipments:${key}:${pages.cursor}` : null, (signal) => nextFound({ ...filters, cursor: pages.cursor, limit: view === "ended" ? 20 : 50 }, signal), { every: 60_000 });
  const shipments = data?.shipments ?? [];
  const filtered = Boolean(search || late);
  const [file, setFile] = useState(false);
  const add = may("supply_chain.manage") ? html`<${ButtonLink} to="/shipments/new" kind="primary"><${Icon} name="stock" />New shipment<//>` : null;
  return html`<${PageHead} title="Shipments" about="From the factory to Amazon, leg by leg, with the days that are known and those that are expected.">${listed ? html`<${ExportPages} name="quayside-shipments.csv" path="shipment-details" query=${filters} what="shipment" />` : null}${add ? html`<${Button} onClick=${() => setFile(true)}>From a file<//>` : null}${add}<//><${SupplyTabs} here="/shipments" />
    <div class="ship-bar"><${Segmented} label="View" options=${VIEWS} value=${view} onChange=${(value) => setQuery({ view: value }, { replace: true })} />${listed ? html`<${SearchBox} label="Search shipments" placeholder="Name, SKU, order, tracking" value=${search} onSearch=${(value) => setQuery({ search: value }, { replace: true })} /><label class="check"><input type="checkbox" checked=${Boolean(late)} onChange=${(event) => setQuery({ late: event.currentTarget.checked ? "1" : "" }, { replace: true })} />Late only</label>` : null}</div>
    ${problem ? html`<div class="gap-below"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${!listed ? html`<${LeadTimes} />` : !data ? problem ? null : html`<div class="card bone-card" role="status" aria-label="Loading shipments"></div>`
      : !shipments.length ? html`<div class="card"><${Empty} icon="stock" title=${filtered ? "Nothing found here" : view === "ended" ? "Nothing is over yet" : "No shipment yet"} action=${filtered ? html`<${Button} onClick=${() => setQuery({ search: "", late: "" })}>Show all<//>` : view === "ended" ? null : add}>${filtered ? "The search looks for part of a name, SKU, order number, tracking number or Amazon's shipment id." : view === "ended" ? "Shipments that are closed or cancelled stay here." : "Enter a shipment with its legs, and Quayside tells when it arrives and what is late."}<//>${data.next_cursor ? html`<${Pager} pages=${pages} next=${data.next_cursor} about=${`${plural(data.examined, "shipment")} looked at`} />` : null}</div>`
        : html`<div class=${view === "" ? "" : "card"}>${view === "timeline" ? html`<${Timeline} shipments=${shipments} today=${dayOf(new Date())} />` : view === "ended" ? html`<${Over} shipments=${shipments} />` : html`<${Board} shipments=${shipments} />`}${data.next_cursor || pages.page > 1 ? html`<${Pager} pages=${pages} next=${data.next_cursor} about=${`${plural(shipments.length, "shipment")} on this page`} />` : null}</div>`}
    ${file ? html`<${ImportFile} title="Shipments from a file" about="A CSV file with name, sku and units in a row for each line of a shipment; rows of one name are one shipment. Its order, and how it travels: by (such as sea, road or check_in), from, to, carrier, tracking, planned_departure, planned_arrival, departed and arrived. The same leg in several rows is one; several legs are numbered under leg. At most 40 shipments in 400 rows at once." id="shipments-file" path="shipments/file" what="shipment" template=${TEMPLATE} row=${fileRow} onClose=${() => setFile(false)} onDone=${() => { setFile(false); reload(); }} />` : null}`;
}
