// The frame around every screen: where you are, where you can go, whose data this is.
import { html, signal, useEffect, useRef, useState } from "./lib.js";
import { Button, Dialog, Icon, Link } from "./components.js";
import { MethodCard } from "./figures.js";
import { durationWords } from "./format.js";
import { now } from "./resource.js";
import { reach } from "./api.js";
import { go, href, place } from "./router.js";
import { end, isOperator, may, me } from "./session.js";
import { isDark, theme, themeChanges } from "./theme.js";

export const helpOpen = signal(false);
/** Short messages that need no answer; read out politely. */
export const toasts = signal([]);

/** Say something in passing. */
export function toast(text) {
  const item = { text, id: Math.random() };
  toasts.value = [...toasts.value, item];
  window.setTimeout(() => (toasts.value = toasts.value.filter((other) => other !== item)), 4000);
}

const SCREENS = [
  { path: "/", label: "Overview", icon: "overview", keys: "g o", needs: "analytics.read", group: "Today", tab: true },
  { path: "/orders", label: "Orders", icon: "orders", keys: "g r", needs: "orders.read", group: "Today", tab: true },
  { path: "/reviews", label: "Reviews", icon: "star", keys: "g v", needs: "reviews.read", group: "Today", tab: true },
  { path: "/messages", label: "Messages", icon: "mail", keys: "g b", needs: "messages.read", group: "Today" },
  { path: "/catalog", label: "Catalog", icon: "tag", keys: "g t", needs: "catalog.read", group: "Goods" },
  { path: "/stock", label: "Stock", icon: "stock", keys: "g s", needs: "inventory.read", group: "Goods", tab: true },
  { path: "/sourcing", label: "Sourcing", icon: "idea", keys: "g i", needs: "sourcing.read", group: "Goods" },
  { path: "/purchases", label: "Purchasing", icon: "cart", keys: "g u", needs: "procurement.read", group: "Goods" },
  { path: "/shipments", label: "Supply chain", icon: "ship", keys: "g h", needs: "supply_chain.read", group: "Goods" },
  { path: "/products", label: "Products", icon: "table", keys: "g d", needs: "analytics.read", group: "Results" },
  { path: "/profit", label: "Profit", icon: "chart", keys: "g f", needs: "analytics.read", group: "Results" },
  { path: "/settlements", label: "Money", icon: "money", keys: "g m", needs: "analytics.read", group: "Results" },
  { path: "/connections", label: "Connections", icon: "connections", keys: "g c", needs: "connections.read", group: "Quayside" },
  { path: "/sync", label: "Sync", icon: "sync", keys: "g y", needs: "connections.read", group: "Quayside" },
  { path: "/settings", label: "Settings", icon: "settings", keys: "g e", group: "Quayside" },
];
const OPERATIONS = { path: "/operations", label: "Operations", icon: "operations", keys: "g p", group: "Quayside" };

/** What this member may open; a door that would be refused is not shown. */
const open = () => SCREENS.filter((screen) => !screen.needs || may(screen.needs));
const screens = () => (isOperator.value ? [...open(), OPERATIONS] : open());
const groups = () => [...Map.groupBy(screens(), (screen) => screen.group)];
/** The sync page of a connection is below its address, and a place of its own in the menu. */
const onSync = () => /^\/connections\/[^/]+\/sync$/.test(place.value.path);
function isHere(path) {
  const at = place.value.path;
  if (path === "/") return at === "/";
  if (path === "/settlements" && at === "/costs") return true;
  if (path === "/shipments" && at === "/pipeline") return true;
  if (path === "/sync") return at === "/sync" || onSync();
  if (path === "/connections") return at.startsWith("/connect") && !onSync();
  return at === path || at.startsWith(`${path}/`);
}

let awaiting = 0;

// Single keys never fire while something is typed or a dialog is open.
window.addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || !me.value) return;
  if (event.target.closest?.("input, select, textarea, [contenteditable], dialog")) return;
  if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  } else if (event.key === "?") helpOpen.value = true;
  else if (event.key === "g") awaiting = Date.now();
  else if (Date.now() - awaiting < 1200) {
    const target = screens().find((screen) => screen.keys === `g ${event.key}`);
    awaiting = 0;
    if (target) {
      event.preventDefault();
      go(target.path);
    }
  }
});

function Help() {
  if (!helpOpen.value) return null;
  const rows = [...screens().map((screen) => [screen.keys, `Go to ${screen.label}`]), ["/", "Search this screen"], ["Esc", "Clear the search, close a card"], ["← →", "Read the chart day by day, when it has the focus"], ["?", "This list"]];
  return html`<${Dialog} title="Keyboard" onClose=${() => (helpOpen.value = false)} class="help"><dl class="keys">${rows.map(([keys, text]) => html`<dt key=${text}>${keys.split(" ").map((key) => html`<kbd key=${key}>${key}</kbd>`)}</dt><dd>${text}</dd>`)}</dl><//>`;
}

/** Light, dark, or as the system has it. */
export function ThemeButton() {
  themeChanges.value; // repaint the icon with the theme
  const dark = isDark();
  return html`<button type="button" class="tool" aria-label=${dark ? "Use the light theme" : "Use the dark theme"} title=${dark ? "Light theme" : "Dark theme"} onClick=${() => (theme.value = dark ? "light" : "dark")}><${Icon} name=${dark ? "sun" : "moon"} size=${18} /></button>`;
}

/** What keeps the app from its server, and a way to try again. */
export function ReachBanner() {
  if (!reach.value) return null;
  const offline = reach.value === "offline";
  return html`<div class="banner" role="status"><span>${offline ? "You are offline. What you see may be old." : "Quayside has trouble answering. What you see may be old."}</span>
    <${Button} kind="small" onClick=${() => { reach.value = ""; window.dispatchEvent(new Event("online")); }}>Try again<//></div>`;
}

function trialWords(tenant) {
  if (tenant.plan !== "trial" || !tenant.trial_ends_at) return null;
  const left = (Date.parse(tenant.trial_ends_at) - now.value) / 1000;
  return left > 0 ? `Trial: ${durationWords(left)} left` : "Trial ended";
}

function Brand() {
  return html`<${Link} to="/" class="brand"><span class="brand-mark" aria-hidden="true"></span>Quayside<//>`;
}

function NavLinks() {
  return groups().map(([group, items]) => html`<ul key=${group} aria-label=${group}>${items.map((screen) => html`<li key=${screen.path}><a href=${href(screen.path)} aria-current=${isHere(screen.path) ? "page" : undefined} title=${`${screen.label} (${screen.keys})`}><${Icon} name=${screen.icon} size=${18} /><span>${screen.label}</span></a></li>`)}</ul>`);
}

/** The phone's tabs: the screens looked at most, and a sheet with all of them. */
function Tabs() {
  const [isOpen, setOpen] = useState(false);
  const tabs = open().filter((screen) => screen.tab);
  useEffect(() => setOpen(false), [place.value.path]);
  return html`<nav class="tabs" aria-label="Main"><ul>${tabs.map((screen) => html`<li key=${screen.path}><a href=${href(screen.path)} aria-current=${isHere(screen.path) ? "page" : undefined}><${Icon} name=${screen.icon} size=${20} /><span>${screen.label}</span></a></li>`)}
    <li><button type="button" aria-haspopup="dialog" class=${tabs.some((screen) => isHere(screen.path)) ? "" : "here"} onClick=${() => setOpen(true)}><${Icon} name="more" size=${20} /><span>More</span></button></li></ul></nav>
    ${isOpen ? html`<${Dialog} title="All screens" onClose=${() => setOpen(false)} class="all-screens">${groups().map(([group, items]) => html`<section key=${group}><h3>${group}</h3><ul>${items.map((screen) => html`<li key=${screen.path}><a href=${href(screen.path)} aria-current=${isHere(screen.path) ? "page" : undefined} onClick=${() => setOpen(false)}><${Icon} name=${screen.icon} size=${20} />${screen.label}</a></li>`)}</ul></section>`)}<//>` : null}`;
}

export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">${toasts.value.map((item) => html`<div class="toast" key=${item.id}>${item.text}</div>`)}</div>`;
}

/** The signed-in frame. */
export function Shell({ children }) {
  const { member, tenant } = me.value;
  const trial = trialWords(tenant);
  const main = useRef(null);
  return html`<a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); main.current.focus(); }}>Skip to the content</a>
    <${ReachBanner} />
    <div class="frame">
      <header class="side"><${Brand} />
        <nav aria-label="Main"><${NavLinks} /></nav>
        <div class="side-foot">${trial ? html`<${Link} to="/settings" class="trial"><${Icon} name="clock" size=${14} />${trial}<//>` : null}
          <div class="whose"><span class="clip" title=${tenant.name}>${tenant.name}</span><span class="clip" title=${member.email}>${member.name || member.email}</span></div>
          <div class="tools"><${ThemeButton} /><button type="button" class="tool" aria-label="Keyboard shortcuts" title="Keyboard (?)" onClick=${() => (helpOpen.value = true)}><${Icon} name="keyboard" size=${18} /></button>
            <button type="button" class="tool" aria-label="Sign out" title="Sign out" onClick=${() => end()}><${Icon} name="out" size=${18} /></button></div></div></header>
      <header class="top"><${Brand} /><span class="clip org">${tenant.name}</span><${ThemeButton} /></header>
      <main id="main" tabindex="-1" ref=${main}>${children}</main>
      <${Tabs} />
    </div><${Help} /><${MethodCard} /><${Toasts} />`;
}

/** The frame for people who are not signed in: the form on one side, what Quayside is on the other. */
export function Doorstep({ title, about, children, foot }) {
  return html`<${ReachBanner} /><div class="doorstep"><main id="main" tabindex="-1"><div class="door"><header class="door-head"><span class="brand"><span class="brand-mark" aria-hidden="true"></span>Quayside</span><${ThemeButton} /></header>
    <div class="door-body"><h1 tabindex="-1">${title}</h1>${about ? html`<p class="door-about">${about}</p>` : null}${children}</div>${foot ? html`<footer class="door-foot">${foot}</footer>` : null}</div></main>
    <aside class="harbour" aria-label="What Quayside is"><${Harbour} /></aside></div><${Toasts} />`;
}

/** The frame of pages that are open to everybody, for people who are not signed in. */
export function Outside({ children }) {
  return html`<${ReachBanner} /><div class="docs-alone"><header class="door-head"><${Link} to="/sign-in" class="brand"><span class="brand-mark" aria-hidden="true"></span>Quayside<//><${ThemeButton} /></header><main id="main" tabindex="-1">${children}</main></div>`;
}

function Harbour() {
  return html`<div class="harbour-inner"><div class="sample" aria-hidden="true"><div class="sample-tile"><span>Sales, 30 days</span><b>€48,210.40</b><em>▲ 8.2%</em><small class="age">4 min · posted</small></div>
      <div class="sample-card"><b>How this is made</b><p>Sum of the item prices of all orders placed in the period, cancelled ones left out.</p><code>2,164 units in 1,982 orders</code><small>Source: Amazon Orders, 4 min ago</small></div>
      <svg class="sample-chart" viewBox="0 0 320 90" preserveAspectRatio="none">${[38, 44, 40, 52, 60, 47, 36, 42, 55, 58, 66, 54, 44, 50, 62, 70, 74, 60, 52, 64, 78, 72, 84, 66].map((value, index) => html`<rect key=${index} x=${index * 13.4} y=${90 - value} width="9" height=${value} rx="2" />`)}</svg></div>
    <ul><li><strong>Orders as they happen</strong>Amazon tells us about each order; you see it within a minute.</li><li><strong>Every figure opens</strong>Where it came from, how old it is, how it was worked out.</li><li><strong>Your data stays yours</strong>You see what is read and why before you connect. Disconnect, and access ends at once. <${Link} to="/trust">What we promise, and its proof<//></li></ul></div>`;
}

/** Move the focus to the screen's heading when the screen changes, and name the tab after it. */
export function useScreenFocus(title, key) {
  const first = useRef(true);
  useEffect(() => {
    document.title = title ? `${title} · Quayside` : "Quayside";
    if (key === null) return;
    if (first.current) first.current = false;
    else document.querySelector("h1")?.focus({ preventScroll: true });
  }, [key]);
}
