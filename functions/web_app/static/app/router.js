// Addresses of screens. Everything is relative to the page's <base>, so the app works below a stage path and on a domain of its own.
import "./handover.js"; // first: it cleans the address that is read below
import { batch, signal } from "./lib.js";

const base = document.querySelector("base");
/** The application's root, absolute. */
export const root = new URL(".", document.baseURI);
base.href = root.href;

function read() {
  const inside = window.location.pathname.slice(root.pathname.length).replace(/\/+$/, "");
  return { path: "/" + inside, query: new URLSearchParams(window.location.search) };
}

/** Where the seller is: `{path, query}`; path begins with "/" and is relative to the root. */
export const place = signal(read());
/** The last kind of move: "load", "push", "replace" or "pop". Focus moves only with the screen. */
export const lastMove = signal("load");

/** The href of a screen. */
export function href(path, query) {
  const text = query ? new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString() : "";
  return root.pathname + path.replace(/^\//, "") + (text ? `?${text}` : "");
}

/** Go to a screen. `replace` leaves no step back; `stay` keeps the place on the page, for what opens over it. */
export function go(path, { query, replace = false, stay = false } = {}) {
  window.history[replace ? "replaceState" : "pushState"](null, "", href(path, query));
  batch(() => {
    lastMove.value = replace ? "replace" : "push";
    place.value = read();
  });
  if (!replace && !stay) window.scrollTo(0, 0);
}

/** Go to a path that may carry its own query, such as a return path. */
export function goTo(pathAndQuery, options = {}) {
  const target = new URL(pathAndQuery.replace(/^\//, ""), root);
  go("/" + target.pathname.slice(root.pathname.length), { ...options, query: Object.fromEntries(target.searchParams) });
}

/** Change the query of this screen; empty values leave it. Filters live here, so an address can be shared. */
export function setQuery(changes, options = {}) {
  const query = { ...Object.fromEntries(place.value.query), ...changes };
  go(place.value.path, { ...options, query });
}

/** A return path is ours only when it is a path: never another site. */
export function safeReturn(path) {
  if (!path || !/^\/(?![/\\])/.test(path)) return "/";
  const target = new URL(path.replace(/^\//, ""), root);
  return target.origin === root.origin && target.href.startsWith(root.href) ? path : "/";
}

/** The path and query of where the seller is, for a return after sign-in. */
export function here() {
  const text = place.value.query.toString();
  return place.value.path + (text ? `?${text}` : "");
}

/** Match a path against a pattern with `{names}`; returns the values or null. */
export function match(pattern, path) {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const values = {};
  for (let i = 0; i < wanted.length; i += 1) {
    if (wanted[i].startsWith("{")) {
      try {
        values[wanted[i].slice(1, -1)] = decodeURIComponent(given[i]);
      } catch {
        return null;
      }
      if (!given[i]) return null;
    } else if (wanted[i] !== given[i]) return null;
  }
  return values;
}

window.addEventListener("popstate", () => {
  batch(() => {
    lastMove.value = "pop";
    place.value = read();
  });
});

// Plain links navigate within the app; modified clicks, downloads and other sites stay the browser's business.
document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest?.("a[href]");
  if (!link || link.target || link.hasAttribute("download")) return;
  const target = new URL(link.href, document.baseURI);
  if (target.origin !== root.origin || !target.pathname.startsWith(root.pathname) || target.pathname.startsWith(root.pathname + "assets/")) return;
  event.preventDefault();
  goTo("/" + target.pathname.slice(root.pathname.length) + target.search);
});
