// For operators: sellers who violate an agreement with Amazon. Evidence, the block with its reason, the e-mail to Amazon.
import { html, useState } from "../app/lib.js";
import { get, post } from "../app/api.js";
import { Button, Card, Copy, Empty, ErrorSummary, Field, Link, ProblemNotice, State } from "../app/components.js";
import { useForm } from "../app/form.js";
import { moment } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";

const STATES = { open: { kind: "warn", label: "Open" }, blocked: { kind: "bad", label: "Blocked" }, closed: { kind: "", label: "Closed" } };
const DONE = { opened: "Opened", evidence: "Evidence", blocked: "Blocked", unblocked: "Block lifted", closed: "Closed" };
const STEPS = {
  evidence: { label: "Add evidence", field: "text", ask: "What was seen", hint: "Ids of orders or requests, times and counts. No personal data.", done: "Added." },
  block: { label: "Block the organisation", field: "reason", kind: "danger", ask: "Reason", hint: "The organisation's members are shown it. Nobody of it gets in from then on, and nothing is read for it.", done: "Blocked. Now tell Amazon." },
  unblock: { label: "Lift the block", field: "reason", ask: "Reason", hint: "Reading goes on by itself.", done: "The block is lifted." },
  close: { label: "Close the case", field: "reason", ask: "Reason", hint: "A closed case stays here and can't be opened again.", done: "Closed." },
};
const longEnough = (text, least) => (text.trim().length >= least ? "" : `Say what was seen, in at least ${least} characters`);

function StepForm({ path, step, onDone }) {
  const known = STEPS[step];
  const form = useForm({ [known.field]: "" }, {
    check: (values) => ({ [known.field]: longEnough(values[known.field], known.field === "reason" ? 10 : 1) }),
    submit: async (values) => {
      onDone(await post(`${path}/${step}`, { [known.field]: values[known.field].trim() }));
      toast(known.done);
    },
  });
  return html`<form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ [known.field]: known.ask }} /><${Field} label=${known.ask} hint=${known.hint} autocomplete="off" ...${form.bind(known.field)} /><div><${Button} type="submit" kind=${known.kind ?? "primary"} busy=${form.busy}>${known.label}<//></div></form>`;
}

function Case({ caseId }) {
  const path = `operations/abuse/${encodeURIComponent(caseId)}`;
  const { data, problem, reload } = useResource(`abuse:${caseId}`, (signal) => get(path, { signal }));
  const [step, setStep] = useState("");
  const back = html`<${Link} to="/operations" query=${{ view: "abuse" }}>All cases<//>`;
  if (!data) return html`<${Card} title="Case" end=${back}>${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} /></div>` : html`<div class="card-body" role="status">Reading the case.</div>`}<//>`;
  const chosen = data.next_steps.includes(step) ? step : "";
  const done = () => { setStep(""); reload(); };
  return html`<div class="stack"><${Card} title=${`Case ${data.case_id}`} end=${html`<${State} kind=${STATES[data.state].kind}>${STATES[data.state].label}<//>`}><div class="card-body tight stack-s"><p>${back}</p>
      <dl class="facts"><dt>Organisation</dt><dd><code>${data.tenant_id}</code></dd><dt>Accounts</dt><dd>${data.accounts.map((account) => `${account.selling_partner_id} (${account.region})`).join(", ") || "none is connected"}</dd><dt>Opened</dt><dd>${moment(data.opened_at)}</dd></dl>
      ${may("operations.act") && data.next_steps.length ? html`<div class="form-actions">${data.next_steps.map((item) => html`<${Button} key=${item} kind=${item === "block" ? "danger" : ""} aria-pressed=${String(item === chosen)} onClick=${() => setStep(item === chosen ? "" : item)}>${STEPS[item].label}…<//>`)}</div>` : null}
      ${chosen ? html`<${StepForm} key=${chosen} path=${path} step=${chosen} onDone=${done} />` : null}</div><//>
    <${Card} title="What was done" class="list"><div class="table-wrap" role="region" tabindex="0" aria-label="What was done, one line a row"><table><thead><tr><th>When</th><th>What</th><th>Why, or what was seen</th></tr></thead><tbody>${data.entries.map((entry, index) => html`<tr key=${index}><td>${moment(entry.at)}</td><td>${DONE[entry.kind]}</td><td>${entry.text}</td></tr>`)}</tbody></table></div><//>
    <${Card} title="E-mail to Amazon" about=${`to ${data.email.to}`}><div class="card-body tight stack-s"><p class="fine">A draft: read it, complete it, and send it from your own address. Quayside sends nothing by itself.</p><p><strong>${data.email.subject}</strong></p><pre class="formula" tabindex="0" aria-label="Text of the e-mail">${data.email.body}</pre><div class="form-actions"><a class="button" href=${data.email.link}>Open in my mail program</a><${Copy} text=${data.email.body} label="Copy the text" /></div></div><//></div>`;
}

function Opening({ onDone }) {
  const form = useForm({ tenant_id: "", reason: "" }, {
    check: ({ tenant_id: tenant, reason }) => ({ tenant_id: /^[0-9a-z]{26}$/.test(tenant.trim()) ? "" : "Enter the 26 characters of the organisation's id", reason: longEnough(reason, 10) }),
    submit: async ({ tenant_id: tenant, reason }) => onDone(await post("operations/abuse", { tenant_id: tenant.trim(), reason: reason.trim(), block: false })),
  });
  return html`<${Card} title="Open a case"><form class="form card-body tight" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ tenant_id: "Organisation", reason: "Reason" }} />
    <${Field} label="Organisation" hint="Its id, as the Sync board shows it." code autocomplete="off" spellcheck=${false} maxlength="26" ...${form.bind("tenant_id")} /><${Field} label="Reason" hint="What was seen. No personal data. Nothing is blocked yet." autocomplete="off" ...${form.bind("reason")} /><div><${Button} type="submit" kind="primary" busy=${form.busy}>Open the case<//></div></form><//>`;
}

export function AbuseCases() {
  const caseId = place.value.query.get("case") ?? "";
  const { data, problem, reload } = useResource("abuse", (signal) => get("operations/abuse", { signal }));
  if (caseId) return html`<${Case} key=${caseId} caseId=${caseId} />`;
  const show = (made) => { reload(); setQuery({ case: made.case_id }); };
  if (!data) return html`<div class="stack" key="wait">${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : html`<div class="card bone-card" role="status" aria-label="Reading the cases"></div>`}</div>`;
  return html`<div class="stack" key="cases">${may("operations.act") ? html`<${Opening} onDone=${show} />` : null}
    <${Card} title="Cases" about="sellers who, we suspect, use this Quayside to violate an agreement with Amazon" class="list">${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact /></div>` : null}
      ${!data.cases.length ? html`<${Empty} icon="check" title="No case was ever opened">When a seller breaks the rules, open a case, block the organisation and tell Amazon.<//>` : html`<div class="table-wrap" role="region" tabindex="0" aria-label="Cases, one a row"><table><thead><tr><th>Opened</th><th>Organisation</th><th>State</th><th>Why</th></tr></thead><tbody>${data.cases.map((item) => html`<tr key=${item.case_id}><td><${Link} to="/operations" query=${{ view: "abuse", case: item.case_id }}>${moment(item.opened_at)}<//></td><td><code class="board-id">${item.tenant_id.slice(0, 6)}…${item.tenant_id.slice(-4)}</code></td><td><${State} kind=${STATES[item.state].kind}>${STATES[item.state].label}<//></td><td>${item.reason}</td></tr>`)}</tbody></table></div>`}<//></div>`;
}
