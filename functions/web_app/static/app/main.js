// Starts the app: fonts, session, and the screen that belongs to the address.
import { html, render, useEffect, useState } from "./lib.js";
import { Button, ButtonLink, Empty, Notice, PageHead, ProblemNotice } from "./components.js";
import { useScreenFocus, Doorstep, Shell } from "./shell.js";
import { go, here, match, place } from "./router.js";
import { start, startProblem, status } from "./session.js";
import "./theme.js";

// `open`: for people who are not signed in (they are sent on when they are); `any`: for both.
const ROUTES = [
  { path: "/", load: () => import("../screens/overview.js"), title: "Overview" },
  { path: "/sign-in", load: () => import("../screens/sign_in.js"), title: "Sign in", open: true },
  { path: "/sign-up", load: () => import("../screens/sign_up.js"), title: "Start your trial", open: true },
  { path: "/confirm", load: () => import("../screens/sign_up.js"), title: "Confirm your e-mail", part: "Confirm", open: true },
  { path: "/forgot-password", load: () => import("../screens/forgot_password.js"), title: "New password", open: true },
  { path: "/welcome", load: () => import("../screens/welcome.js"), title: "Welcome" },
  { path: "/connect", load: () => import("../screens/connect.js"), title: "Connect an Amazon account" },
  { path: "/connect/callback", load: () => import("../screens/connect.js"), title: "Connecting", part: "Callback", any: true },
  { path: "/orders", load: () => import("../screens/orders.js"), title: "Orders" },
  { path: "/orders/{order_id}", load: () => import("../screens/order.js"), title: "Order" },
  { path: "/products", load: () => import("../screens/products.js"), title: "Products" },
  { path: "/products/{marketplace_id}/{seller_sku}", load: () => import("../screens/product.js"), title: "Product" },
  { path: "/catalog", load: () => import("../screens/catalog.js"), title: "Catalog" },
  { path: "/catalog/issues", load: () => import("../screens/catalog_issues.js"), title: "Issues" },
  { path: "/catalog/brands", load: () => import("../screens/catalog_brands.js"), title: "Brands" },
  { path: "/catalog/listing", load: () => import("../screens/catalog_listing.js"), title: "Listing" },
  { path: "/catalog/files", load: () => import("../screens/catalog_files.js"), title: "Bulk changes" },
  { path: "/profit", load: () => import("../screens/profit.js"), title: "Profit" },
  { path: "/stock", load: () => import("../screens/stock.js"), title: "Stock" },
  { path: "/stock/product", load: () => import("../screens/stock_product.js"), title: "Stock of a product" },
  { path: "/stock/own", load: () => import("../screens/stock_own.js"), title: "Own stock" },
  { path: "/purchases", load: () => import("../screens/purchases.js"), title: "Purchasing" },
  { path: "/purchases/new", load: () => import("../screens/purchase_edit.js"), title: "New order" },
  { path: "/purchases/payments", load: () => import("../screens/purchase_payments.js"), title: "Payments to suppliers" },
  { path: "/purchases/suppliers", load: () => import("../screens/suppliers.js"), title: "Suppliers" },
  { path: "/purchases/suppliers/{supplier_id}", load: () => import("../screens/suppliers.js"), title: "Supplier", part: "Supplier" },
  { path: "/purchases/settings", load: () => import("../screens/purchase_settings.js"), title: "Limits of purchasing" },
  { path: "/purchases/{order_id}", load: () => import("../screens/purchase.js"), title: "Purchase order" },
  { path: "/purchases/{order_id}/edit", load: () => import("../screens/purchase_edit.js"), title: "Amend an order", part: "Amend" },
  { path: "/purchases/{order_id}/versions/{number}", load: () => import("../screens/purchase.js"), title: "Version of an order", part: "Version" },
  { path: "/settlements", load: () => import("../screens/settlements.js"), title: "Settlements" },
  { path: "/settlements/{connection_id}/{settlement_id}", load: () => import("../screens/settlement.js"), title: "Settlement" },
  { path: "/costs", load: () => import("../screens/costs.js"), title: "Costs" },
  { path: "/stock/restock", load: () => import("../screens/restock.js"), title: "Restock" },
  { path: "/stock/restock/product", load: () => import("../screens/restock_product.js"), title: "Suggestion" },
  { path: "/stock/restock/settings", load: () => import("../screens/restock_settings.js"), title: "Restock defaults" },
  { path: "/sourcing", load: () => import("../screens/sourcing.js"), title: "Sourcing" },
  { path: "/sourcing/{lead_id}", load: () => import("../screens/lead.js"), title: "Lead" },
  { path: "/sourcing/{lead_id}/calculator", load: () => import("../screens/lead_calculator.js"), title: "Calculator" },
  { path: "/reviews", load: () => import("../screens/reviews.js"), title: "Reviews" },
  { path: "/reviews/log", load: () => import("../screens/reviews_log.js"), title: "Decision log" },
  { path: "/messages", load: () => import("../screens/messages.js"), title: "Messages" },
  { path: "/reviews/campaigns/{campaign_id}", load: () => import("../screens/review_campaign.js"), title: "Campaign" },
  { path: "/pipeline", load: () => import("../screens/pipeline.js"), title: "Pipeline" },
  { path: "/shipments", load: () => import("../screens/shipments.js"), title: "Shipments" },
  { path: "/shipments/{shipment_id}", load: () => import("../screens/shipment.js"), title: "Shipment" },
  { path: "/connections", load: () => import("../screens/connections.js"), title: "Connections" },
  { path: "/connections/{connection_id}", load: () => import("../screens/connection.js"), title: "Connection" },
  { path: "/sync", load: () => import("../screens/sync.js"), title: "Sync" },
  { path: "/connections/{connection_id}/sync", load: () => import("../screens/sync.js"), title: "Sync" },
  { path: "/settings/data", load: () => import("../screens/data.js"), title: "Your data" },
  { path: "/settings", load: () => import("../screens/settings.js"), title: "Settings" },
  { path: "/settings/audit", load: () => import("../screens/audit.js"), title: "Audit trail" },
  { path: "/operations", load: () => import("../screens/operations.js"), title: "Operations" },
  { path: "/settings/exports", load: () => import("../screens/export_log.js"), title: "Export log" },
  { path: "/trust", load: () => import("../screens/trust.js"), title: "Trust", any: true },
  { path: "/trust/sub-processors", load: () => import("../screens/trust.js"), title: "Sub-processors", part: "Subprocessors", any: true },
  { path: "/docs", load: () => import("../screens/docs.js"), title: "API reference", any: true },
];

function find(path) {
  for (const route of ROUTES) {
    const values = match(route.path, path);
    if (values) return { route, values };
  }
  return null;
}

const loaded = new Map();

function useScreen(route) {
  const [, redraw] = useState(0);
  const [failed, setFailed] = useState(null);
  useEffect(() => {
    if (!route || loaded.has(route.path)) return;
    setFailed(null);
    route.load().then(
      (module) => {
        loaded.set(route.path, module[route.part ?? "Screen"]);
        redraw((n) => n + 1);
      },
      () => setFailed(route.path),
    );
  }, [route]);
  return { Screen: route ? loaded.get(route.path) : null, failed: failed === route?.path };
}

function NotFound() {
  return html`<${PageHead} title="There is no such page" /><div class="card"><${Empty} icon="search" title="Nothing is at this address" action=${html`<${ButtonLink} to="/" kind="primary">Go to the overview<//>`}>It may be mistyped, or what was there has moved.<//></div>`;
}

function App() {
  const found = find(place.value.path);
  const route = found?.route ?? null;
  const signedIn = status.value === "in";
  const waiting = status.value === "unknown";
  const turnedAway = !waiting && route && !signedIn && !route.open && !route.any;
  const sentOn = signedIn && route?.open;
  const { Screen, failed } = useScreen(route);
  // The focus follows once the screen is there to take it, not while it loads.
  const shown = waiting || turnedAway || sentOn || (route && !Screen) ? null : place.value.path;
  useScreenFocus(route?.title, shown);

  useEffect(() => {
    if (turnedAway) go("/sign-in", { replace: true, query: { return: here() === "/" ? "" : here() } });
    else if (sentOn) go("/", { replace: true });
  }, [turnedAway, sentOn]);

  if (waiting && startProblem.value) {
    return html`<${Doorstep} title="Quayside is out of reach"><${ProblemNotice} problem=${startProblem.value} retry=${() => start()} /><//>`;
  }
  if (failed) {
    // The files of this version are gone (a new one was deployed) or the network is. A reload settles both.
    return html`<div class="boot"><${Notice} kind="warn" live title="This page could not be loaded" actions=${html`<${Button} kind="primary" onClick=${() => window.location.reload()}>Reload<//>`}><p>Quayside may have been updated meanwhile, or the connection was lost.</p><//></div>`;
  }
  if (waiting || turnedAway || sentOn || (route && !Screen)) {
    return signedIn && !sentOn ? html`<${Shell}><div class="screen-wait"></div><//>` : html`<div class="boot" role="status" aria-label="Loading Quayside"><span class="brand-mark" aria-hidden="true"></span></div>`;
  }
  if (!signedIn) return route ? html`<${Screen} key=${route.path} ...${found.values} />` : html`<${Doorstep} title="There is no such page"><${ButtonLink} to="/sign-in" kind="primary">Sign in<//><//>`;
  return html`<${Shell}>${route ? html`<${Screen} key=${route.path + JSON.stringify(found.values)} ...${found.values} />` : html`<${NotFound} />`}<//>`;
}

/** The font travels as text, which every gateway passes on unharmed; late fonts wait for the next page, so nothing shifts. */
async function font() {
  try {
    const text = await (await fetch(new URL("../vendor/inter.woff2.txt", import.meta.url))).text();
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const face = new FontFace("Quayside Inter", bytes, { weight: "100 900", style: "normal" });
    await face.load();
    return face;
  } catch {
    return null; // The system's own font is a good answer too.
  }
}

async function main() {
  const patience = new Promise((resolve) => window.setTimeout(() => resolve(null), 1500));
  const [face] = await Promise.all([Promise.race([font(), patience]), start()]);
  if (face) document.fonts.add(face);
  const container = document.getElementById("app");
  container.replaceChildren();
  render(html`<${App} />`, container);
}

main();
