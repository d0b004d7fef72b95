import { html, useEffect, useRef, useState } from "../app/lib.js";
import { get, post, Problem } from "../app/api.js";
import { Bone, Button, ButtonLink, Card, Icon, Notice, PageHead, ProblemNotice, Select, State, Steps } from "../app/components.js";
import { withProgress } from "./connection_words.js";
import { handover } from "../app/handover.js";
import { place } from "../app/router.js";
import { useResource } from "../app/resource.js";
import { configuration, status } from "../app/session.js";
import { Doorstep } from "../app/shell.js";
import { Screen as SignIn } from "./sign_in.js";

const REGIONS = { NA: "North America", EU: "Europe", FE: "Far East" };

/** What will be read, for which feature, how long it is kept; then over to Amazon. */
export function Screen() {
  const { data: settings, problem: unread, reload } = useResource("configuration", async (signal) => {
    const read = await get("configuration", { signal });
    configuration.value = read;
    return read;
  });
  const [chosen, setChosen] = useState(place.value.query.get("marketplace_id") ?? "");
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const marketplaces = settings?.marketplaces ?? [];
  const marketplace = marketplaces.find((item) => item.marketplace_id === chosen);
  const siblings = marketplace ? marketplaces.filter((item) => item.region === marketplace.region) : [];

  async function leave() {
    if (!marketplace) {
      setProblem(new Problem({ title: "Choose a marketplace first", detail: "It decides which of Amazon's sign-in pages opens." }));
      document.getElementById("marketplace")?.focus();
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      const { consent_url: address } = await post("connections/authorizations", { marketplace_id: chosen });
      window.location.assign(address);
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return html`<${PageHead} title="Connect an Amazon account" about="Read this first; then you agree, or not, on Amazon's own page." />
    <div class="connect"><div class="stack"><${Card} title="1. Where do you sell?"><div class="card-body tight stack-s">
        ${settings ? html`<${Select} id="marketplace" label="Your main marketplace" hideLabel=${false} value=${chosen} onChange=${(value) => { setChosen(value); setProblem(null); }} options=${[{ value: "", label: "Choose a marketplace" }, ...marketplaces.map((item) => ({ value: item.marketplace_id, label: `${item.name} (${item.country_code})` }))]} />` : unread ? html`<${ProblemNotice} problem=${unread} retry=${reload} />` : html`<div class="field"><span class="label">Your main marketplace</span><div class="bone-input"></div></div>`}
        <p class="reserve">${marketplace ? html`One connection covers all your marketplaces in ${REGIONS[marketplace.region] ?? marketplace.region}: ${siblings.map((item) => item.country_code).join(", ")}.` : "One connection covers all your marketplaces in that part of the world."}</p></div><//>
      <${Card} title="2. What Quayside will read" about="only to show it to you"><div class="inventory">${settings ? settings.data_inventory.map((item) => html`<article key=${item.dataset}><h3>${item.title}${item.contains_personal_data ? html` <${State} kind="warn">contains personal data<//>` : html` <${State} kind="good">no personal data<//>`}</h3>
          <dl class="facts"><dt>What</dt><dd>${item.what}</dd><dt>For</dt><dd>${item.why_feature}</dd><dt>Kept</dt><dd>${item.kept_for}</dd><dt>Amazon role</dt><dd>${item.sp_api_role}</dd></dl></article>`) : [1, 2].map((key) => html`<article key=${key}><h3><${Bone} width="16ch" /></h3><dl class="facts">${["What", "For", "Kept", "Amazon role"].map((term) => html`<dt key=${term}>${term}</dt><dd><${Bone} width="32ch" /></dd>`)}</dl></article>`)}</div><//></div>
      <aside class="stack connect-side" key=${settings ? "known" : "wait"}><${Card} title="3. Agree on Amazon's page"><div class="card-body tight stack-s"><ul class="ticks"><li><${Icon} name="check" />You sign in at Amazon. Quayside never sees your password.</li><li><${Icon} name="check" />The account's main user has to agree. It holds for a year.</li><li><${Icon} name="check" />Disconnect any time: syncing stops and our access is destroyed at once.</li></ul>
        <${ProblemNotice} problem=${problem} /><${Button} kind="primary wide" busy=${busy} onClick=${leave}>Continue to Amazon<${Icon} name="external" /><//><p class="fine">You have 10 minutes to agree there.</p></div><//></aside></div>`;
}

const REFUSED = {
  kind: "warn", title: "You did not agree on Amazon's page",
  text: "Nothing was connected and nothing was read. If that was a slip, try again; if you were unsure, the list of what Quayside reads is one click away.",
};

const NOTHING = {
  kind: "warn", title: "There is nothing to finish here",
  text: "This page only works right after Amazon sends you back to it. If you reloaded it, the connection went on without it: look under Connections.",
};

/** What is wrong before anyone is asked. */
function foreseen(given) {
  if (!given) return NOTHING;
  return given.error || !given.code ? REFUSED : null;
}

function trouble(problem) {
  if (problem.code.includes("state")) return { kind: "bad", title: problem.title, text: [problem.detail, problem.action].filter(Boolean).join(" ") || "This answer does not belong to a request of yours, or it came too late. Nothing was connected." };
  return { kind: "bad", title: problem.title, text: [problem.detail, problem.action].filter(Boolean).join(" ") };
}

/** Amazon sends the seller back here: hand in the code once, then show each step as it finishes. */
export function Callback() {
  const given = handover;
  const [connection, setConnection] = useState(null);
  const [failure, setFailure] = useState(() => foreseen(given));
  const timer = useRef(0);
  const signedIn = status.value === "in";

  useEffect(() => {
    if (!signedIn) return undefined;
    let gone = false;
    async function poll(id) {
      try {
        const next = await get(`connections/${encodeURIComponent(id)}`);
        if (gone) return;
        setConnection(next);
        if (next.status === "failed" || next.steps.every((step) => step.state === "done")) return;
      } catch (problem) {
        if (gone || problem.status === 404) return;
      }
      timer.current = window.setTimeout(() => poll(id), 2000);
    }
    async function handIn() {
      if (foreseen(given)) return;
      if (!given.used) {
        given.used = true;
        try {
          const made = await post("connections/callback", { state: given.state ?? "", selling_partner_id: given.selling_partner_id ?? "", code: given.code });
          if (gone) return;
          given.connection_id = made.connection_id;
          setConnection(made);
          timer.current = window.setTimeout(() => poll(made.connection_id), 1000);
        } catch (problem) {
          if (problem.status === 0 || problem.status >= 500) given.used = false;
          if (!gone) setFailure({ ...trouble(problem), retry: problem.status === 0 || problem.status >= 500, problem });
        }
      } else if (given.connection_id) poll(given.connection_id);
    }
    handIn();
    return () => {
      gone = true;
      window.clearTimeout(timer.current);
    };
  }, [signedIn, failure === null]);

  if (!signedIn) {
    return given ? html`<${SignIn} />` : html`<${Doorstep} title="There is nothing to finish here"><p>This page only works right after Amazon sends you back to it.</p><${ButtonLink} to="/sign-in" kind="primary">Sign in<//><//>`;
  }
  if (failure) {
    return html`<${PageHead} title="Not connected" /><div class="narrow stack" key="failure"><${Notice} kind=${failure.kind} live title=${failure.title} actions=${html`${failure.retry ? html`<${Button} kind="primary" onClick=${() => setFailure(null)}>Try again<//>` : html`<${ButtonLink} to="/connect" kind="primary">Start again<//>`}<${ButtonLink} to="/connections">See your connections<//>`}><p>${failure.text}</p>${failure.problem?.request_id ? html`<small>If you ask for help, give this reference: ${failure.problem.request_id}</small>` : null}<//></div>`;
  }
  const steps = connection ? withProgress(connection) : [{ key: "exchange", title: "Handing Amazon's answer in", state: "running", detail: "" }];
  const before = steps.filter((step) => step.key !== "history");
  const ready = connection && connection.status !== "failed" && before.every((step) => step.state === "done");
  return html`<${PageHead} title=${connection?.status === "failed" ? "Not connected" : ready ? "Connected" : "Connecting"} about=${connection ? connection.name || `${connection.selling_partner_id}, ${REGIONS[connection.region] ?? connection.region}` : "This takes a few seconds."} />
    <div class="narrow stack"><${Card} title="Step by step"><div class="card-body"><div aria-live="polite"><${Steps} steps=${steps} /></div></div><//>
      ${connection?.status === "failed" ? html`<${Notice} kind="bad" live title=${connection.status_reason || "Amazon did not accept this"} actions=${html`<${ButtonLink} to="/connect" kind="primary">Start again<//>`}><p>${connection.status_action}</p><//>` : null}
      ${ready ? html`<${Notice} kind="good" live title="New orders now arrive by themselves" actions=${html`<${ButtonLink} to="/" kind="primary">Open the overview<//><${ButtonLink} to=${`/connections/${connection.connection_id}`}>Watch the history load<//>`}><p>Older orders follow in the background. You can leave this page.</p><//>` : null}</div>`;
}

