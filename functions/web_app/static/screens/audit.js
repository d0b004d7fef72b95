import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { BoneRows, Button, ButtonLink, Empty, Icon, Link, PageHead, ProblemNotice, Select, State } from "../app/components.js";
import { moment, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { may } from "../app/session.js";
import { downloadCsv, Pager, useCursor } from "./paging.js";

const LIMIT = 50;
const AREAS = [
  { value: "", label: "Everything" },
  { value: "session", label: "Signing in and out" },
  { value: "connections", label: "Amazon accounts" },
  { value: "consent", label: "Consent" },
  { value: "credential", label: "Use of credentials" },
  { value: "sync", label: "Datasets and features" },
  { value: "me", label: "Names" },
  { value: "auth", label: "Two-step verification" },
];
const OUTCOMES = [{ value: "", label: "Any outcome" }, { value: "done", label: "Done" }, { value: "refused", label: "Refused" }, { value: "failed", label: "Failed" }];
const KINDS = { done: "good", refused: "warn", failed: "bad" };
const WORDS = { done: "Done", refused: "Refused", failed: "Failed" };

/** The days that were chosen, as the instants at which they begin and end where the reader is. */
function instants(since, until) {
  const at = (day, time) => (day ? new Date(`${day}T${time}`).toISOString() : "");
  return { since: at(since, "00:00:00"), until: at(until, "23:59:59") };
}

const said = (entry) => [entry.subject, ...entry.details.map(({ name, value }) => `${name.replaceAll("_", " ")}: ${value}`)].join(" · ");

function exportCsv(entries) {
  downloadCsv("quayside-audit.csv", ["sequence", "at", "action", "actor", "subject", "outcome", "details", "previous_hash"],
    entries.map((entry) => [entry.sequence, entry.at, entry.action, entry.actor, entry.subject, entry.outcome, entry.details.map(({ name, value }) => `${name}=${value}`).join(" "), entry.previous_hash]));
}

export function Screen() {
  const { query } = place.value;
  const area = query.get("area") ?? "";
  const outcome = query.get("outcome") ?? "";
  const since = query.get("since") ?? "";
  const until = query.get("until") ?? "";
  const filters = [area, outcome, since, until].join("|");
  const pages = useCursor(filters);
  const allowed = may("audit.read");
  const { data, problem, loading, reload } = useResource(allowed ? `audit:${filters}:${pages.cursor}` : null, (signal) => get("audit", { query: { area, outcome, ...instants(since, until), cursor: pages.cursor, limit: LIMIT }, signal }));
  const entries = data?.entries ?? [];
  const filtered = Boolean(area || outcome || since || until);
  const change = (changes) => setQuery(changes, { replace: true });
  const clear = () => setQuery({ area: "", outcome: "", since: "", until: "" });
  const crumb = html`<${Link} to="/settings">Settings<//>`;

  if (!allowed) return html`<${PageHead} title="Audit trail" crumb=${crumb} /><div class="card"><${Empty} icon="lock" title="Your role does not include this page" action=${html`<${ButtonLink} to="/settings">Back to the settings<//>`}>Owners and admins of your organisation can open it.<//></div>`;
  return html`<${PageHead} title="Audit trail" crumb=${crumb} about="Who did what in your organisation. Entries are kept for 18 months and can't be changed: each holds the fingerprint of the one before."><${Button} disabled=${!entries.length} onClick=${() => exportCsv(entries)}><${Icon} name="download" />CSV of this page<//><//>
    <div class="card list"><div class="filters"><${Select} label="What" value=${area} options=${AREAS} onChange=${(value) => change({ area: value })} />
      <${Select} label="Outcome" value=${outcome} options=${OUTCOMES} onChange=${(value) => change({ outcome: value })} />
      <div class="days"><label><span>From</span><input class="input" type="date" value=${since} max=${until} onChange=${(event) => change({ since: event.currentTarget.value })} /></label><label><span>To</span><input class="input" type="date" value=${until} min=${since} onChange=${(event) => change({ until: event.currentTarget.value })} /></label></div></div>
    <p class="list-about" role="status"><span key=${data ? "said" : "wait"}>${data ? (entries.length ? `${plural(entries.length, "entry", "entries")} on this page, newest first. ` : "") : ""}Times are yours.</span><span class="list-end">${filtered ? html`<button type="button" class="link-button" onClick=${clear}>Clear filters</button>` : null}</span></p>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !entries.length && !data.next_cursor ? html`<${Empty} icon="file" title=${filtered ? "Nothing matches" : "Nothing was recorded yet"} action=${filtered ? html`<${Button} onClick=${clear}>Clear filters<//>` : null}>${filtered ? "Try other days, or everything." : "What members do shows here at once."}<//>`
      : problem && !data ? null : html`<div class="table-wrap"><table class="rows orders-table" aria-busy=${String(loading && !data)}><thead><tr><th>What</th><th>When</th><th class="wide-only">Who</th><th>Outcome</th><th class="number wide-only">Entry</th></tr></thead>
        <tbody>${data ? entries.map((entry) => html`<tr key=${entry.sequence}><td class="cell-title"><span class="clip">${entry.title}</span><small title=${said(entry)}>${said(entry)}</small></td><td class="cell-when">${moment(entry.at, undefined, { seconds: true })}</td><td class="wide-only">${entry.actor_name}</td><td class="cell-state"><${State} kind=${KINDS[entry.outcome]}>${WORDS[entry.outcome]}<//></td><td class="number wide-only" title=${`Follows ${entry.previous_hash}`}>${entry.sequence}</td></tr>`) : html`<${BoneRows} rows=${10} columns=${5} narrow=${[0, 1, 3]} />`}</tbody></table></div>
      ${data ? html`<${Pager} pages=${pages} next=${data.next_cursor} about=${`Up to ${LIMIT} a page`} />` : null}`}</div>`;
}
