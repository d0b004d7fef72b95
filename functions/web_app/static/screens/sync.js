// How fresh each kind of data of one account is, against what is promised; why not, where it is not; and what can be done about it.
import { html, useEffect, useState } from "../app/lib.js";
import { get, post, put } from "../app/api.js";
import { Ago, Button, ButtonLink, Card, Dialog, Empty, Icon, Link, PageHead, ProblemNotice, Select, State, Switch, Views } from "../app/components.js";
import { count } from "../app/format.js";
import { now, useResource } from "../app/resource.js";
import { go, href, place, setQuery } from "../app/router.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { DatasetState, StateCounts } from "./connection_words.js";
import { useConnections } from "./marketplaces.js";
import { Quarantine } from "./quarantine.js";
import { Drawer } from "./sync_dataset.js";
import { Actions, Freshness, History, nextWords, Quota, quotaOf, Reason } from "./sync_parts.js";
import { Reports } from "./sync_reports.js";
import { Trouble } from "./trouble.js";

const VIEWS = new Set(["", "reports", "quarantine"]);

function Row({ dataset, view, acting, asked, problem, act, open }) {
  const brought = dataset.last_rows ? `${count(dataset.last_rows)} last time` : dataset.last_rows === 0 && !dataset.reason ? "nothing new last time" : "";
  const ran = dataset.last_attempt_at ?? dataset.last_success_at;
  return html`<li class=${`sync-row ${dataset.state}`}><div class="sync-name"><h3><a class="row-link" href=${href(place.value.path, { dataset: dataset.dataset })} onClick=${open}>${dataset.title}</a></h3></div>
    <div class="sync-state"><${DatasetState} state=${dataset.state} /></div><${Freshness} dataset=${dataset} view=${view} />
    <div class="sync-when"><span>${ran ? html`${ran === dataset.last_success_at ? "Ran" : "Tried"} <${Ago} at=${ran} />` : "Never ran"}</span><small>${nextWords(dataset, asked)}</small></div>
    <div class="sync-count number"><span>${count(dataset.rows ?? 0)} <span class="fine">rows</span></span><small>${brought}</small></div>
    <div class="sync-actions"><${Actions} dataset=${dataset} acting=${acting} asked=${asked} act=${act} quiet /></div>
    ${dataset.progress ? html`<${History} progress=${dataset.progress} />` : null}<${Reason} dataset=${dataset} />${problem ? html`<div class="sync-problem"><${ProblemNotice} problem=${problem} compact /></div>` : null}</li>`;
}

const isLive = (view) => ["authorising", "connected"].includes(view.connection.status);

function Feature({ feature, view, switching, onSwitch, row }) {
  const datasets = view.datasets.filter((dataset) => feature.datasets.includes(dataset.dataset) && dataset.feature === feature.feature);
  const names = datasets.map((dataset) => dataset.title).join(", ");
  return html`<${Card} title=${feature.title} about=${feature.on ? feature.what : `Off, so not read: ${names}`} class=${`sync-feature ${feature.on ? "" : "is-off"}`} end=${!isLive(view) ? null : may("connections.manage") ? html`<${Switch} on=${feature.on} busy=${switching} label=${`${feature.title}: reads ${names}`} onChange=${() => onSwitch(feature, names, datasets.length)} />` : html`<${State} kind=${feature.on ? "good" : "off"}>${feature.on ? "On" : "Off"}<//>`}><ul class="sync-rows">${datasets.map(row)}</ul><//>`;
}

/** Before a feature is switched off, or one is switched on that reads personal data: what that means. */
function Switching({ asked, busy, problem, onYes, onNo }) {
  if (!asked) return null;
  if (!asked.feature.on) return html`<${Dialog} title=${`Switch on ${asked.feature.title}?`} onClose=${onNo}><p>${asked.feature.caution}</p><${ProblemNotice} problem=${problem} /><div class="form-actions"><${Button} kind="primary" busy=${busy} onClick=${onYes}>Switch on<//><${Button} kind="quiet" onClick=${onNo}>Leave it off<//></div><//>`;
  return html`<${Dialog} title=${`Switch off ${asked.feature.title}?`} onClose=${onNo}><p>${asked.names} will no longer be read from Amazon. ${asked.number === 1 ? "It stands" : "They stand"} still from now on, and figures that need ${asked.number === 1 ? "it" : "them"} stop growing.</p><p>${asked.feature.caution ? "What was read so far is deleted at once. Switch it on again whenever you like: open orders are then read anew." : "What was read so far stays until it expires. Switch it on again whenever you like: it goes on from where it stopped."}</p>
    <${ProblemNotice} problem=${problem} /><div class="form-actions"><${Button} kind="primary" busy=${busy} onClick=${onYes}>Switch off<//><${Button} kind="quiet" onClick=${onNo}>Keep it on<//></div><//>`;
}

/** The changes a member makes here: each answers with the page as it is afterwards. */
function useChanges(connectionId, { view, show }) {
  const [acting, setActing] = useState("");
  const [asked, setAsked] = useState({});
  const [problems, setProblems] = useState({});
  const base = `connections/${encodeURIComponent(connectionId)}`;
  const say = (key, problem) => setProblems((old) => ({ ...old, [key]: problem }));
  async function change(key, send, done) {
    setActing(key);
    say(key.split(":")[0], null);
    try {
      show(await send());
      done();
      return true;
    } catch (problem) {
      say(key.split(":")[0], problem);
      return false;
    } finally {
      setActing("");
    }
  }
  const act = (dataset, verb) => change(`${dataset.dataset}:${verb}`, () => post(`${base}/datasets/${encodeURIComponent(dataset.dataset)}/${verb}`), () => {
    if (verb === "run") setAsked((old) => ({ ...old, [dataset.dataset]: { at: Date.now(), before: dataset.last_attempt_at } }));
    toast({ run: `${dataset.title}: asked for`, pause: `${dataset.title} is paused`, resume: `${dataset.title} goes on` }[verb]);
  });
  const turn = (feature, on) => change(`feature ${feature.feature}:switch`, () => put(`${base}/features/${encodeURIComponent(feature.feature)}`, { on }), () => toast(`${feature.title} is ${on ? "on" : "off"}`));
  // "Asked for" ends when a try was made since, or after the minute in which nobody may ask again.
  const isAsked = (dataset) => Boolean(asked[dataset.dataset] && asked[dataset.dataset].before === dataset.last_attempt_at && now.value - asked[dataset.dataset].at < 60_000 && view);
  return { acting, problems, act, turn, isAsked };
}

function Data({ view, changes, open }) {
  const [asking, setAsking] = useState(null);
  const { acting, problems } = changes;
  const key = (feature) => `feature ${feature.feature}`;
  const row = (dataset) => html`<${Row} key=${dataset.dataset} dataset=${dataset} view=${view} acting=${acting} asked=${changes.isAsked(dataset)} problem=${problems[dataset.dataset]} act=${changes.act} open=${open(dataset.dataset)} />`;
  const quota = isLive(view) ? quotaOf(view.datasets) : [];
  return html`${isLive(view) ? html`<${StateCounts} datasets=${view.datasets} />` : null}${view.features.map((feature) => html`<${Feature} key=${feature.feature} feature=${feature} view=${view} row=${row} switching=${acting.startsWith(`${key(feature)}:`)} onSwitch=${(chosen, names, number) => (chosen.on || chosen.caution ? setAsking({ feature: chosen, names, number }) : changes.turn(chosen, true))} />${!asking && problems[key(feature)] ? html`<${ProblemNotice} problem=${problems[key(feature)]} compact />` : null}`)}
    ${quota.length ? html`<${Card} title="Quota at Amazon" about="how many calls Amazon allows for this account, and how many are left"><${Quota} items=${quota} /><//>` : null}
    <${Switching} asked=${asking} busy=${Boolean(acting)} problem=${asking ? problems[key(asking.feature)] : null} onNo=${() => setAsking(null)} onYes=${async () => { if (await changes.turn(asking.feature, !asking.feature.on)) setAsking(null); }} />`;
}

function SyncOf({ connectionId }) {
  const { query, path } = place.value;
  const current = VIEWS.has(query.get("view") ?? "") ? (query.get("view") ?? "") : "";
  const { connections } = useConnections();
  const { data: view, problem, reload, put: show } = useResource(`sync:${connectionId}`, (signal) => get(`connections/${encodeURIComponent(connectionId)}/sync`, { signal }), { every: 10_000 });
  const changes = useChanges(connectionId, { view, show });
  const [opened, setOpened] = useState(false);
  const to = `/connections/${encodeURIComponent(connectionId)}`;
  const crumb = html`<${Link} to=${to}><${Icon} name="back" size=${14} />Connection<//>`;
  const open = (dataset) => (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    setOpened(true);
    setQuery({ dataset, part: "" }, { stay: true });
  };
  // Back closes what was opened here; what an address opened is closed in place.
  const close = () => {
    if (opened) window.history.back();
    else setQuery({ dataset: "", part: "", marketplace_id: "" }, { replace: true });
    setOpened(false);
  };
  if (problem?.status === 404) return html`<${PageHead} crumb=${html`<${Link} to="/connections"><${Icon} name="back" size=${14} />Connections<//>`} title="Connection not found" /><div class="card" key="missing"><${Empty} icon="connections" title="No such connection" action=${html`<${ButtonLink} to="/connections">All connections<//>`}>It may belong to another organisation, or never have existed.<//></div>`;
  const chosen = view?.datasets.find((dataset) => dataset.dataset === query.get("dataset"));
  const options = (connections ?? (view ? [view.connection] : [{ connection_id: connectionId, name: "…" }])).map((item) => ({ value: item.connection_id, label: item.name || item.connection_id }));
  const connection = connections?.find((item) => item.connection_id === connectionId);
  return html`<${PageHead} crumb=${crumb} title="Sync" about="How fresh each kind of data is, against what is promised."><${Select} label="Account" value=${connectionId} options=${options} onChange=${(value) => go(`/connections/${encodeURIComponent(value)}/sync`)} /><//>
    <${Views} path=${path} current=${current} views=${[{ view: "", label: "Data" }, { view: "reports", label: "Reports" }, { view: "quarantine", label: "Not understood", badge: view?.quarantined ? count(view.quarantined) : "", badgeWords: "messages" }]} />
    ${problem ? html`<div class="gap-below"><${ProblemNotice} problem=${view ? { ...problem, title: "This could not be refreshed", detail: `${problem.title}.`, action: "You see what was known last." } : problem} retry=${reload} compact=${Boolean(view)} /></div>` : null}
    ${view ? html`<div class="stack" key="known"><${Trouble} connection=${view.connection} />
        ${current === "reports" ? html`<${Reports} connectionId=${connectionId} />` : current === "quarantine" ? html`<${Quarantine} base=${`connections/${encodeURIComponent(connectionId)}/quarantine`} title="Messages we could not understand" about="kept safe until they work" calm="Every message from Amazon was understood." />` : html`<${Data} view=${view} changes=${changes} open=${open} />`}</div>
      ${chosen ? html`<${Drawer} key=${chosen.dataset} dataset=${chosen} view=${view} connection=${connection} connectionId=${connectionId} changes=${changes} onClose=${close} />` : null}`
      : problem ? null : html`<div class="stack" key="wait" role="status" aria-label="Loading"><div class="card bone-card low"></div><div class="card bone-card low"></div><div class="card bone-card low"></div></div>`}`;
}

/** Without an account in the address: the one that needs a look first, else the first. */
function Choose() {
  const { data, problem, reload } = useResource("connections", (signal) => get("connections", { signal }));
  const connections = data?.connections;
  const ill = (item) => Boolean(item.trouble) || item.datasets.some((dataset) => ["failing", "late"].includes(dataset.state));
  const chosen = connections?.find(ill) ?? connections?.find((item) => item.status === "connected") ?? connections?.[0];
  useEffect(() => {
    if (chosen) go(`/connections/${encodeURIComponent(chosen.connection_id)}/sync`, { replace: true });
  }, [chosen?.connection_id]);
  return html`<${PageHead} title="Sync" about="How fresh each kind of data is, against what is promised." />${problem && !data ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : data && !chosen ? html`<div class="card" key="none"><${Empty} icon="connections" title="No Amazon account is connected" action=${html`<${ButtonLink} to="/connect" kind="primary">Connect an Amazon account<//>`}>Connect one, and this page shows how fresh its data is.<//></div>` : html`<div class="stack" key="wait" role="status" aria-label="Loading"><div class="card bone-card low"></div></div>`}`;
}

export function Screen({ connection_id: connectionId }) {
  return connectionId ? html`<${SyncOf} connectionId=${connectionId} />` : html`<${Choose} />`;
}
