// For operators: how old every credential is and what needs somebody's attention. Never what a credential is.
import { html, useState } from "../app/lib.js";
import { get, post } from "../app/api.js";
import { Ago, Button, Card, Empty, Notice, ProblemNotice, State } from "../app/components.js";
import { count, day, moment, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";

const SECRET = {
  fresh: { kind: "good", label: "In order", words: "It is renewed by itself in time." },
  due: { kind: "warn", label: "Due", words: "A new one is asked for with the next daily check." },
  requested: { kind: "warn", label: "On its way", words: "Amazon was asked for a new one, which comes within minutes. Both work for a week." },
  overdue: { kind: "bad", label: "Overdue", words: "A new one was asked for and has not come. Is the intake queue registered for the application in the Solution Provider Portal?" },
  missing: { kind: "bad", label: "Not set", words: "Nobody can connect until it is put: quayside application set-secret." },
};
const USE = { used: { kind: "good", label: "In use" }, unused: { kind: "warn", label: "Unused" }, to_delete: { kind: "bad", label: "Deleted today" } };
const shortId = (text) => (text.length > 14 ? `${text.slice(0, 6)}…${text.slice(-4)}` : text);
const dated = (at) => (at ? moment(at) : "–");

function ClientSecret({ secret, onDone }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const known = SECRET[secret.state];
  async function rotate() {
    setBusy(true);
    setProblem(null);
    try {
      await post("operations/credentials/rotate");
      toast("Asked for a new client secret.");
      onDone();
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  }
  return html`<${Card} title="Client secret" about="with which this application signs in to Amazon" end=${html`<${State} kind=${known.kind}>${known.label}<//>`}><div class="card-body tight stack-s"><p>${known.words}</p>
    <dl class="facts"><dt>In use since</dt><dd>${dated(secret.issued_at)}</dd><dt>Renewed on</dt><dd>${dated(secret.due_at)}</dd><dt>Amazon takes it until</dt><dd>${dated(secret.valid_until)}</dd>${secret.previous_valid_until ? html`<dt>The one before works until</dt><dd>${dated(secret.previous_valid_until)}</dd>` : null}${secret.requested_at ? html`<dt>Asked for</dt><dd>${dated(secret.requested_at)}</dd>` : null}</dl>
    <${ProblemNotice} problem=${problem} compact />
    ${may("operations.act") && ["fresh", "due", "overdue"].includes(secret.state) ? html`<div><${Button} busy=${busy} onClick=${rotate}>Renew it now<//></div>` : null}</div><//>`;
}

function Ends({ entry }) {
  const due = entry.reminder_days;
  return html`${day(entry.ends_at.slice(0, 10), { year: true })}${due === null ? null : html`<small class="said bad">${due === 0 ? "ended" : due === 1 ? "within a day" : `within ${due} days`}</small>`}`;
}

export function CredentialsBoard() {
  const { data, problem, reload } = useResource("credentials", (signal) => get("operations/credentials", { signal }), { every: 30_000 });
  const entries = data?.credentials ?? [];
  // Drawn once, complete: cards that come one after the other would push each other down.
  if (!data) return html`<div class="stack" key="wait">${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : html`<div class="card bone-card" role="status" aria-label="Reading the credentials"></div>`}</div>`;
  const more = data.total - entries.length;
  return html`<div class="stack" key="credentials">${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact />` : null}
    <${ClientSecret} secret=${data.client_secret} onDone=${reload} />
    <${Card} title="Sellers' keys" about="each is deleted after 90 days without use, and ends a year after its seller agreed" class="list">
      <p class="list-about" role="status">${plural(data.total, "key")}, what needs attention first.</p>
      ${!entries.length ? html`<${Empty} icon="lock" title="No account is connected yet">A key appears here when a seller connects.<//>` : html`<div class="table-wrap" role="region" tabindex="0" aria-label="Keys, one a row"><table><thead><tr><th>Organisation</th><th>Account</th><th>State</th><th>Last used</th><th>Given</th><th>Ends</th></tr></thead>
        <tbody>${entries.map((entry) => html`<tr key=${entry.connection_id}><td><code class="board-id" title=${`organisation ${entry.tenant_id}`}>${shortId(entry.tenant_id)}</code></td><td><code class="board-id" title=${`account ${entry.connection_id}`}>${shortId(entry.connection_id)}</code></td>
          <td><${State} kind=${USE[entry.standing].kind}>${USE[entry.standing].label}<//>${entry.unused_roles.length ? html`<small>not for 60 days: ${entry.unused_roles.join(", ")}</small>` : null}</td><td>${entry.last_used_at ? html`<${Ago} at=${entry.last_used_at} />` : "never"}</td><td><${Ago} at=${entry.granted_at} /></td><td><${Ends} entry=${entry} /></td></tr>`)}</tbody></table></div>`}
      ${more ? html`<div class="inset"><${Notice} title=${`${count(more)} more are in order`}><p>See all with: quayside credentials show</p><//></div>` : null}<//></div>`;
}
