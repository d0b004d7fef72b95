// The only door to the API. The ID token lives in this module's memory alone; the refresh token is a cookie no script can read.
import { signal } from "./lib.js";
import { root } from "./router.js";

/** What keeps the app from its server: "" (nothing), "offline" or "trouble". */
export const reach = signal("");

/** An error as the API tells it (problem+json), or as the network makes it (status 0). */
export class Problem extends Error {
  constructor({ status = 0, code = "", title = "", detail = "", action = "", fields = [], request_id = "", versions = null }) {
    super(title || detail);
    Object.assign(this, { status, code, title: title || "Something went wrong", detail, action, request_id, versions });
    this.fields = (fields || []).map((field) => ({ name: field.name ?? field.field ?? "", text: field.detail ?? field.message ?? field.problem ?? "" }));
  }
}

let token = null;
let refreshing = null;
let onSession = () => {};
let onSignedOut = () => {};

/** Keep or drop the ID token. */
export function holdToken(idToken) {
  token = idToken;
}

/** Say who wants to know about a renewed session and about its end. */
export function watchSession({ renewed, ended }) {
  onSession = renewed;
  onSignedOut = ended;
}

function unreachable() {
  const offline = !navigator.onLine;
  reach.value = offline ? "offline" : "trouble";
  return new Problem({
    code: "unreachable",
    title: offline ? "You are offline" : "Quayside cannot be reached",
    detail: offline ? "This device has no connection to the internet." : "The server did not answer.",
    action: offline ? "Check the connection, then try again." : "Wait a moment, then try again. Nothing you typed is lost.",
  });
}

async function send(method, path, { body, query, signal: abort }) {
  const address = new URL(`api/v1/${path}`, root);
  for (const [name, value] of Object.entries(query || {})) if (value !== undefined && value !== null && value !== "") address.searchParams.set(name, value);
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(address, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: abort, credentials: "same-origin", cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreachable();
  }
  return answer;
}

/** What the API tells: its first sentence says what happened and becomes the title; its own title only names the status. */
function told({ title, detail, ...rest }) {
  const [first, ...others] = (detail || title || "").split(/(?<=[.!?])\s+/);
  return { ...rest, title: first.replace(/\.$/, ""), detail: others.join(" ") };
}

async function read(answer) {
  const isJson = (answer.headers.get("Content-Type") || "").includes("json");
  let content = null;
  if (answer.status !== 204 && isJson) {
    try {
      content = await answer.json();
    } catch {
      content = null; // Said to be JSON and is not: treated below as an answer we cannot read.
    }
  }
  if (answer.ok && (answer.status === 204 || content !== null)) {
    reach.value = "";
    return content;
  }
  if (answer.status >= 500) reach.value = "trouble";
  throw new Problem({
    status: answer.status,
    title: answer.status >= 500 ? "Quayside has a problem" : "That did not work",
    detail: answer.status >= 500 ? "The server could not finish this." : `The server answered with status ${answer.status}.`,
    action: "Try again in a moment.",
    ...(content && typeof content === "object" ? told(content) : {}),
  });
}

/** Get a new ID token by the session cookie. However many ask, one request is made. Returns the session or throws. */
export function refreshSession() {
  refreshing ??= send("POST", "auth/refresh", { body: {} })
    .then(read)
    .then((session) => {
      token = session.id_token;
      onSession(session);
      return session;
    })
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

/** Call the API. Throws `Problem`; an aborted call throws the browser's AbortError. */
export async function call(method, path, options = {}) {
  const used = token;
  let answer = await send(method, path, options);
  if (answer.status === 401 && used && !options.public) {
    if (token === used) {
      try {
        await refreshSession();
      } catch (problem) {
        if (problem.status === 401 || problem.status === 400 || problem.status === 403) onSignedOut();
        throw problem;
      }
    }
    answer = await send(method, path, options);
    if (answer.status === 401) onSignedOut();
  }
  return read(answer);
}

export const get = (path, options) => call("GET", path, options);
export const post = (path, body = {}, options = {}) => call("POST", path, { body, ...options });
export const put = (path, body) => call("PUT", path, { body });
export const patch = (path, body) => call("PATCH", path, { body });

window.addEventListener("offline", () => (reach.value = "offline"));
window.addEventListener("online", () => (reach.value = ""));
