import { computed, signal } from "./lib.js";
import { get, holdToken, post, refreshSession, watchSession } from "./api.js";
import { forgetResources } from "./resource.js";
import { go, goTo, here, place, safeReturn } from "./router.js";
import { onRemoteChange, recall, remember } from "./storage.js";

/** "unknown" until the first refresh is answered, then "in" or "out". */
export const status = signal("unknown");
/** `{member, tenant}` of the signed-in person, or null. */
export const me = signal(null);
/** The deployment's configuration (marketplaces, data inventory, trial), or null until it is read. */
export const configuration = signal(null);
/** Why the session could not be looked up (no network, server trouble), or null. */
export const startProblem = signal(null);
export const isOperator = computed(() => Boolean(me.value?.member.is_operator));
/** May this person do that? The server decides; this only spares people buttons that would be refused. */
export const may = (permission) => (me.value?.member.permissions ?? []).includes(permission);

let timer = 0;

function adopt(session) {
  holdToken(session.id_token);
  if (session.me) me.value = session.me;
  remember("session", "1");
  window.clearTimeout(timer);
  // A minute early: a request that starts now still arrives with a live token.
  timer = window.setTimeout(() => refreshSession().catch(() => {}), Math.max(20, session.expires_in_seconds - 60) * 1000);
}

function forget() {
  holdToken(null);
  window.clearTimeout(timer);
  remember("session", null);
  forgetResources();
  me.value = null;
  status.value = "out";
}

watchSession({
  renewed: adopt,
  ended: () => {
    if (status.value !== "in") return;
    const back = here();
    forget();
    go("/sign-in", { replace: true, query: { return: back === "/" ? "" : back, ended: "1" } });
  },
});

onRemoteChange("session", (value) => {
  if (value === null && status.value === "in") {
    forget();
    go("/sign-in", { replace: true });
  }
});

/** Read the configuration; safe to call again after a failure. */
export async function readConfiguration() {
  configuration.value = await get("configuration", { public: true });
}

/** Find out whether this browser holds a session. */
export async function start() {
  startProblem.value = null;
  // Screens that need it ask again and show the problem where it matters.
  const reading = readConfiguration().catch(() => {});
  // A moment's patience: a screen that is drawn once, complete, is calmer than one that is drawn twice.
  const patience = new Promise((resolve) => window.setTimeout(resolve, 1500));
  await Promise.all([look(), Promise.race([reading, patience])]);
}

async function look() {
  if (!recall("session")) {
    status.value = "out";
    return;
  }
  try {
    const session = await refreshSession();
    if (!session.me) me.value = await get("me");
    status.value = "in";
  } catch (problem) {
    if (problem.status >= 400 && problem.status < 500) forget();
    else startProblem.value = problem;
  }
}

/** Begin the session an answer of sign-in carries, and go where the person wanted to be. */
export async function begin(session, { to } = {}) {
  adopt(session);
  if (!session.me) me.value = await get("me");
  status.value = "in";
  goTo(to ?? safeReturn(place.value.query.get("return")), { replace: true });
}

/** End the session here, or everywhere. Here it ends even when the server cannot be told. */
export async function end({ everywhere = false } = {}) {
  if (everywhere) await post("auth/sign-out-everywhere");
  else await post("auth/sign-out").catch(() => {});
  forget();
  go("/sign-in", { query: { out: everywhere ? "everywhere" : "1" } });
}
