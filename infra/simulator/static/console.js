// Watches the simulator through /control/state and steers it through the control API. No libraries, no build step.
const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");
const OPERATIONS = [
  "searchOrders", "getOrder", "getInventorySummaries", "getMarketplaceParticipations", "createSubscription", "getSubscription",
  "getSubscriptions", "deleteSubscriptionById", "createDestination", "getDestinations",
  "getListingsItem", "searchListingsItems", "searchCatalogItems", "listTransactions", "getMyFeesEstimates", "listInboundPlans",
  "getShipments", "getShipmentItems", "createFeed", "getFeed", "lwa",
  "createReport", "getReport", "getReports", "getReportDocument", "document.download",
  "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL", "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
  "GET_MERCHANT_LISTINGS_ALL_DATA", "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA", "GET_SALES_AND_TRAFFIC_REPORT",
  "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2", "GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT",
];
let paused = false;

function make(tag, text, attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (text !== null && text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function say(words, bad = false) {
  $("said").textContent = words;
  $("said").className = bad ? "bad" : "good";
}

async function call(method, path, body) {
  const answer = await fetch(`/control${path}`, {
    method, headers: body ? { "Content-Type": "application/json" } : {}, body: body ? JSON.stringify(body) : undefined,
  });
  const document_ = await answer.json();
  if (!answer.ok) throw new Error(document_.error ?? `the simulator answered ${answer.status}`);
  return document_;
}

async function act(words, method, path, body) {
  try {
    const done = await call(method, path, body);
    say(typeof words === "function" ? words(done) : words);
    await refresh();
  } catch (error) {
    say(error.message, true);
  }
}

function button(label, action, name) {
  const element = make("button", label, { type: "button", class: "quiet", "aria-label": name ?? label });
  element.addEventListener("click", action);
  return element;
}

function sellerCard(seller) {
  const facts = [
    ["Selling partner", seller.selling_partner_id],
    ["Sells in", seller.marketplaces.map((each) => each.country_code).join(", ")],
    ["Orders", number.format(seller.orders)],
    ["Orders a minute (last hour)", seller.orders_per_minute.toFixed(2)],
    ["Units lost to empty shelves", number.format(seller.lost_units)],
    ["Consent", seller.grants ? `given (${seller.grants})` : "none"],
    ["Demand", `${seller.demand} ×`],
  ];
  if (seller.replay_left) facts.push(["Imported orders ahead", number.format(seller.replay_left)]);
  const list = make("dl");
  for (const [term, value] of facts) list.append(make("dt", term), make("dd", value));
  const path = `/sellers/${encodeURIComponent(seller.selling_partner_id)}`;
  const actions = make("div", null, { class: "controls" },
    button("New order now", () => act((order) => `Order ${order.order_id} placed`, "POST", `${path}/orders`, {}), `New order now for ${seller.name}`),
    button("Demand × 2", () => act("Demand doubled", "PUT", path, { demand: seller.demand * 2 }), `Double demand of ${seller.name}`),
    button("Demand ÷ 2", () => act("Demand halved", "PUT", path, { demand: seller.demand / 2 }), `Halve demand of ${seller.name}`),
  );
  if (seller.grants) {
    actions.append(button("Withdraw consent", () => act("Consent withdrawn", "POST", `${path}/revoke`), `Withdraw consent of ${seller.name}`));
  }
  return make("article", null, { class: "seller" }, make("h3", seller.name), make("small", seller.profile), list, actions);
}

function row(...cells) {
  const element = make("tr");
  for (const cell of cells) element.append(cell instanceof Node ? cell : make("td", cell));
  return element;
}

function fill(select, entries) {
  if (select.options.length === entries.length) return;
  const chosen = select.value;
  select.replaceChildren(...entries.map(([value, label]) => make("option", label, { value })));
  if (entries.some(([value]) => value === chosen)) select.value = chosen;
}

function show(state) {
  paused = state.clock.paused;
  $("now").textContent = `${state.now.slice(0, 10)} ${state.now.slice(11, 19)} UTC`;
  $("speed").textContent = paused ? "paused" : state.clock.speed === 0 ? "by hand" : `${number.format(state.clock.speed)} ×`;
  $("pause").textContent = paused ? "Resume" : "Pause";
  if (document.activeElement !== $("speeds")) $("speeds").value = String(state.clock.speed);
  // Rebuilding while a button inside has the focus would take the keyboard user's place away.
  if (!$("sellers").contains(document.activeElement)) $("sellers").replaceChildren(...state.sellers.map(sellerCard));
  if (!state.sellers.length) $("sellers").replaceChildren(make("p", "No sellers yet. Create one below.", { class: "small" }));
  fill($("profiles"), Object.entries(state.profiles));
  fill($("kinds"), [...Object.entries(state.fault_kinds)]);
  fill($("fault-sellers"), [["", "every seller"], ...state.sellers.map((each) => [each.selling_partner_id, each.name])]);
  fill($("operations"), [["", "every operation"], ...OPERATIONS.map((each) => [each, each])]);
  showDeliveries(state.deliveries, state.sellers);
  $("calls").replaceChildren(...Object.entries(state.calls).map(([name, found]) => {
    const errors = Object.entries(found.by_status).filter(([status]) => status >= "400" && status !== "429").reduce((sum, [, count]) => sum + count, 0);
    return row(name, make("td", number.format(found.calls), { class: "number" }),
      make("td", number.format(found.throttled), { class: found.throttled ? "number bad" : "number" }), make("td", number.format(errors), { class: "number" }));
  }));
  $("faults").replaceChildren(...state.faults.map((fault) => {
    const where = [fault.seller ?? "every seller", fault.operation ?? "every operation", `${fault.probability * 100} % of calls`, `happened ${fault.happened} times`];
    const item = make("li", `${state.fault_kinds[fault.kind]}: ${where.join(", ")} `);
    item.append(button("End", () => act("Trouble ended", "DELETE", `/faults/${fault.fault_id}`), `End ${fault.kind}`));
    return item;
  }));
}

function showDeliveries(deliveries, sellers) {
  const names = Object.fromEntries(sellers.map((each) => [each.selling_partner_id, each.name]));
  const counts = [
    ["delivered", deliveries.counts.delivered ?? 0], ["of them repeats", deliveries.counts.repeats ?? 0],
    ["on their way", deliveries.waiting], ["failing", deliveries.failing], ["lost on demand", deliveries.counts["lost on demand"] ?? 0],
  ];
  $("counts").replaceChildren(...counts.map(([label, value]) => make("div", null, {}, make("b", number.format(value)), make("span", label))));
  $("recent").replaceChildren(...deliveries.recent.map((each) => {
    const kind = make("td", `${each.kind} `);
    if (each.repeated) kind.append(make("span", "repeat", { class: "tag repeat" }));
    return row(each.at.slice(11, 19), kind, each.subject, names[each.seller] ?? each.seller);
  }));
  const failing = deliveries.undelivered.map((each) =>
    make("li", `${each.type} to ${each.destination}: ${each.attempts} attempts, next ${each.next_attempt_at.slice(11, 19)}. ${each.error}`));
  $("undelivered").replaceChildren(...(failing.length ? [make("p", "Not delivered yet, tried again and again:", { class: "bad" }), make("ul", null, { class: "roles" }, ...failing)] : []));
}

async function refresh() {
  show(await call("GET", "/state"));
}

$("pause").addEventListener("click", () => act(paused ? "Time runs" : "Time stands still", "PUT", "/clock", { paused: !paused }));
$("speeds").addEventListener("change", (event) => act("Speed changed", "PUT", "/clock", { speed: Number(event.target.value) }));
for (const each of document.querySelectorAll("[data-advance]")) {
  each.addEventListener("click", () => act("Time skipped", "PUT", "/clock", { advance_seconds: Number(each.dataset.advance) }));
}
$("create").addEventListener("submit", (event) => {
  event.preventDefault();
  say("Creating the seller with its history …");
  act((seller) => `${seller.name} created with ${number.format(seller.orders)} orders`, "POST", "/sellers", { profile: $("profiles").value });
});
$("fault").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const body = { kind: form.get("kind"), probability: Number(form.get("probability")), duration_seconds: Number(form.get("duration_seconds")) };
  for (const name of ["seller", "operation"]) if (form.get(name)) body[name] = form.get(name);
  act("Trouble is on", "POST", "/faults", body);
});

async function watch() {
  try {
    await refresh();
  } catch {
    say("The simulator does not answer. Is it still running?", true);
  }
  setTimeout(watch, 2000);
}
watch();
