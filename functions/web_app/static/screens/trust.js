// What is promised about data, and its proof; who else handles it. Open to everybody, signed in or not.
import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { Card, Icon, Link, PageHead, ProblemNotice, State } from "../app/components.js";
import { count, day, moment, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { status } from "../app/session.js";
import { Outside } from "../app/shell.js";

const GROUPS = { P: ["Our own promises", "to everybody who uses Quayside"], DPP: ["Amazon's Data Protection Policy", "what Amazon asks of whoever holds its data"], AUP: ["Amazon's Acceptable Use Policy", "what Amazon allows to be done with it"] };
const STATES = { proved: ["good", "Proved"], "not proved": ["warn", "Not proved"], open: ["off", "Not built yet"] };
const WATCHES = { kept: ["good", "Kept"], broken: ["bad", "Broken"], "not yet": ["off", "Not checked yet"] };

const framed = (content) => (status.value === "in" ? content : html`<${Outside}>${content}<//>`);
const waiting = (label) => html`<div class="stack" role="status" aria-label=${label}><div class="card bone-card"></div></div>`;

function PromiseRow({ promise }) {
  const [kind, words] = STATES[promise.state];
  return html`<details class="operation promise"><summary><code>${promise.id}</code><span>${promise.requirement}</span><${State} kind=${kind}>${words}<//></summary>
    <div class="operation-body"><p>${promise.control}</p>${promise.remains ? html`<p class="fine">${promise.remains}</p>` : null}
      <p>${promise.state === "proved" ? html`${plural(promise.tests, "test")} would fail without it. All passed on <time datetime=${promise.proved_at}>${moment(promise.proved_at)}</time>.` : promise.reason}</p></div></details>`;
}

function Watch({ watch }) {
  const [kind, words] = WATCHES[watch.state];
  return html`<li><div class="erasure-line"><div><strong>${watch.title}</strong><small>${watch.at ? `${watch.id}, last for ${day(watch.at, { year: true })}` : watch.id}</small></div><${State} kind=${kind}>${words}<//></div><p>${watch.words}</p></li>`;
}

function Basis({ run }) {
  if (!run) return html`<p>No run of the tests was published for this installation, so nothing counts as proved here. Its operator publishes one with <code>quayside compliance publish</code>.</p>`;
  return html`<p>By the run of all ${count(run.tests)} tests that ended ${moment(run.finished_at)}${run.revision ? html`, on revision <code>${run.revision.slice(0, 12)}</code>${run.revision.endsWith("+") ? " with changes that were not committed" : ""}` : ""}.</p>`;
}

export function Screen() {
  const { data, problem, reload } = useResource("promises", (signal) => get("promises", { signal }));
  const head = html`<${PageHead} title="Trust" about="Every promise about your data, how it is kept, and when that was last proved" />`;
  if (!data) return framed(html`${head}${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : waiting("Loading the promises")}`);
  return framed(html`${head}<div class="stack"><div class="settings"><${Card} title="How they stand" about=${`as of ${moment(data.as_of)}`}><div class="card-body tight stack-s"><dl class="facts"><dt>Proved</dt><dd>${count(data.proved)} of ${count(data.promises.length)}</dd><dt>Not proved</dt><dd>${count(data.not_proved)}</dd><dt>Not built yet</dt><dd>${count(data.open)}: they belong to features that do not exist, so nothing can break them</dd></dl><${Basis} run=${data.run} />
      <p><${Link} to="/trust/sub-processors" class="inline"><${Icon} name="connections" />Who else handles your data<//></p></div><//>
      <${Card} title="Checked every day" about="by this installation itself"><ul class="erasures">${data.watches.map((watch) => html`<${Watch} key=${watch.id} watch=${watch} />`)}</ul><//></div>
    ${Object.entries(GROUPS).map(([group, [title, about]]) => html`<${Card} key=${group} title=${title} about=${about}><div class="operations">${data.promises.filter((promise) => promise.group === group).map((promise) => html`<${PromiseRow} key=${promise.id} promise=${promise} />`)}</div><//>`)}</div>`);
}

export function Subprocessors() {
  const { data, problem, reload } = useResource("subprocessors", (signal) => get("subprocessors", { signal }));
  const crumb = html`<${Link} to="/trust"><${Icon} name="back" size=${14} />Trust<//>`;
  const head = html`<${PageHead} crumb=${crumb} title="Sub-processors" about="Everybody who handles your data on behalf of the people who run this Quayside" />`;
  if (!data) return framed(html`${head}${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : waiting("Loading the sub-processors")}`);
  return framed(html`${head}<div class="stack">${data.subprocessors.map((each) => html`<${Card} key=${each.name} title=${each.name} about=${data.region ? `in the region ${data.region}` : null}><div class="card-body tight stack-s"><p>${each.purpose} ${each.protection}</p></div>
      <div class="inventory">${each.services.map((service) => html`<article key=${service.name}><h3>${service.name} <${State} kind=${service.personal_data ? "warn" : "good"}>${service.personal_data ? "personal data" : "no personal data"}<//></h3><dl class="facts"><dt>What</dt><dd>${service.holds}</dd>${service.personal_data ? html`<dt>Personal</dt><dd>${service.personal_data}</dd>` : null}</dl></article>`)}</div><//>`)}
    <${Card} title="Nobody else"><div class="card-body tight stack-s"><p>Quayside calls Amazon and no one else: other addresses are refused where calls leave. Your data goes out only as an export that a member of your organisation asks for, and the export log in the settings lists each of them.</p></div><//></div>`);
}
