// The small design system. Each component is one decision about how Quayside looks and behaves.
import { html, useEffect, useId, useLayoutEffect, useRef, useState } from "./lib.js";
import { Icon } from "./icons.js";
import { agoWords, ageWords, moment } from "./format.js";
import { now } from "./resource.js";
import { href } from "./router.js";

export { Icon };

/** A link to a screen of ours. */
export function Link({ to, query, children, ...rest }) {
  return html`<a href=${href(to, query)} ...${rest}>${children}</a>`;
}

/** A button. `busy` keeps its size and says so; it stays focusable, so that the focus is not lost under a person's hands. */
export function Button({ kind = "", busy = false, type = "button", children, onClick, class: extra = "", ...rest }) {
  return html`<button type=${type} class=${`button ${kind} ${extra}`} aria-disabled=${busy ? "true" : undefined} aria-busy=${busy ? "true" : undefined}
    onClick=${(event) => { if (busy) event.preventDefault(); else onClick?.(event); }} ...${rest}>${busy ? html`<span class="spinner" aria-hidden="true"></span>` : null}${children}</button>`;
}

export function ButtonLink({ to, query, kind = "", children, ...rest }) {
  return html`<a class=${`button ${kind}`} href=${href(to, query)} ...${rest}>${children}</a>`;
}

/** A state in a word, with a shape of its own: good, warn, bad, busy, off. */
export function State({ kind = "", children }) {
  return html`<span class=${`state ${kind}`}>${children}</span>`;
}

/** How old something is, and in which state: the dot is filled when final, hollow while estimated. */
export function Age({ at, state }) {
  if (!at) return html`<span class="age plain">no data yet</span>`;
  const words = ageWords(at, now.value);
  return html`<span class=${`age ${state === "estimated" ? "estimated" : ""} ${state ? "" : "plain"}`} title=${`As of ${moment(at, undefined, { seconds: true })}`}>${words}${state ? ` · ${state}` : ""}</span>`;
}

/** "4 min ago", ticking. */
export function Ago({ at }) {
  if (!at) return html`<span>never</span>`;
  return html`<time datetime=${at} title=${moment(at, undefined, { seconds: true })}>${agoWords(at, now.value)}</time>`;
}

/** A grey bar where a word will be; with words in it, as long as they are and broken into lines as they would be. */
export function Bone({ width = "8ch", height = "1em", children }) {
  if (children) return html`<span class="bone words" aria-hidden="true">${children}</span>`;
  return html`<span class="bone" style=${{ width, height }} aria-hidden="true"></span>`;
}

/** Rows of grey bars where a table will be, as high as the rows to come; `narrow` lists the columns that a phone shows. */
export function BoneRows({ rows, columns, narrow }) {
  const widths = ["14ch", "20ch", "9ch", "7ch", "8ch", "6ch"];
  return html`${Array.from({ length: rows }, (_, row) => html`<tr key=${row}>${Array.from({ length: columns }, (__, column) => html`<td key=${column} class=${narrow.includes(column) ? "" : "wide-only"}><${Bone} width=${widths[column] ?? "5ch"} /><small><${Bone} width=${column === 0 ? "9ch" : "5ch"} height=".8em" /></small></td>`)}</tr>`)}`;
}

/** Nothing to show: why, and what to do next. */
export function Empty({ icon = "info", title, children, action }) {
  return html`<div class="empty"><span class="art"><${Icon} name=${icon} size=${26} /></span><h2>${title}</h2><p>${children}</p>${action}</div>`;
}

/** Something happened: what, and what to do. Kinds: "", good, warn, bad. */
export function Notice({ kind = "", title, children, actions, live = false, icon = { bad: "error", warn: "warning", good: "check" }[kind] ?? "info", class: extra = "" }) {
  return html`<div class=${`notice ${kind} ${extra}`} role=${live ? (kind === "bad" ? "alert" : "status") : undefined}><${Icon} name=${icon} size=${20} /><div><p class="notice-title">${title}</p>${children}${actions ? html`<div class="notice-actions">${actions}</div>` : null}</div></div>`;
}

/** A problem, where it happened, with its way out. */
export function ProblemNotice({ problem, retry, compact = false }) {
  if (!problem) return null;
  return html`<${Notice} kind=${compact ? "warn" : "bad"} live title=${problem.title} actions=${retry ? html`<${Button} kind="small" onClick=${retry}><${Icon} name="refresh" size=${14} />Try again<//>` : null}>
    <p>${[problem.detail, problem.action].filter(Boolean).join(" ")}</p>${problem.request_id ? html`<small>If you ask for help, give this reference: ${problem.request_id}</small>` : null}<//>`;
}

/** A card with its heading, what it is about, and its end corner. */
export function Card({ title, label, about, end, children, class: extra = "", level = 2, ...rest }) {
  const id = useId();
  return html`<section class=${`card ${extra}`} aria-label=${label} aria-labelledby=${title && !label ? id : undefined} ...${rest}>${title ? html`<div class="card-head">${level === 2 ? html`<h2 id=${id}>${title}</h2>` : html`<h3 id=${id}>${title}</h3>`}${about ? html`<span class="about">${about}</span>` : null}${end ? html`<span class="end">${end}</span>` : null}</div>` : null}${children}</section>`;
}

/** One choice of a few, all visible. */
export function Segmented({ label, options, value, onChange }) {
  return html`<div class="segmented" role="group" aria-label=${label}>${options.map((option) => html`<button key=${option.value} type="button" aria-pressed=${String(option.value === value)} onClick=${() => onChange(option.value)}>${option.label}</button>`)}</div>`;
}

/** On or off; whoever asks for the change decides whether it needs a question first. */
export function Switch({ on, label, busy = false, disabled = false, onChange }) {
  return html`<button type="button" role="switch" class="switch" aria-checked=${String(on)} aria-label=${label} aria-busy=${busy ? "true" : undefined} disabled=${disabled} onClick=${() => { if (!busy) onChange(!on); }}><span class="switch-track" aria-hidden="true"><span></span></span><span class="switch-word" aria-hidden="true">${on ? "On" : "Off"}</span></button>`;
}

/** The parts of a screen as links, so that each has an address; the badge of one may come late, so it stands last. */
export function Views({ path, views, current, query = {} }) {
  return html`<nav class="views" aria-label="Parts of this page"><ul>${views.map((item) => html`<li key=${item.view}><${Link} to=${path} query=${{ ...query, view: item.view }} aria-current=${item.view === current ? "page" : undefined}>${item.label}${item.badge ? html`<span class="views-count">${item.badge}<span class="visually-hidden"> ${item.badgeWords}</span></span>` : null}<//></li>`)}</ul></nav>`;
}

export function Select({ label, options, value, onChange, hideLabel = true, id: given }) {
  const made = useId();
  const id = given ?? made;
  return html`<div class="field"><label for=${id} class=${hideLabel ? "visually-hidden" : ""}>${label}</label><select id=${id} class="select" value=${value} onChange=${(event) => onChange(event.currentTarget.value)}>${options.map((option) => html`<option key=${option.value} value=${option.value} selected=${option.value === value}>${option.label}</option>`)}</select></div>`;
}

/** The search box of a screen: `/` jumps to it, Enter or a pause searches, Escape clears. */
export function SearchBox({ label, placeholder, value, onSearch }) {
  const id = useId();
  const [text, setText] = useState(value);
  const timer = useRef(0);
  useEffect(() => setText(value), [value]);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const later = (next) => {
    setText(next);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => onSearch(next.trim()), 400);
  };
  return html`<form class="search" role="search" onSubmit=${(event) => { event.preventDefault(); window.clearTimeout(timer.current); onSearch(text.trim()); }}>
    <label for=${id} class="visually-hidden">${label}</label><${Icon} name="search" />
    <input id=${id} class="input" type="text" inputmode="search" enterkeyhint="search" autocomplete="off" spellcheck=${false} data-search placeholder=${placeholder} value=${text} onInput=${(event) => later(event.currentTarget.value)}
      onKeyDown=${(event) => { if (event.key === "Escape" && text) { event.stopPropagation(); window.clearTimeout(timer.current); setText(""); onSearch(""); } }} /><kbd aria-hidden="true">/</kbd></form>`;
}

/** A labelled input with its hint and its problem. */
export function Field({ label, name, hint, problem, type = "text", value, onInput, code = false, ...rest }) {
  const hintId = `${name}-hint`;
  const problemId = `${name}-problem`;
  const [shown, setShown] = useState(false);
  const isPassword = type === "password";
  const input = html`<input id=${name} name=${name} class=${`input ${code ? "code" : ""}`} type=${isPassword && shown ? "text" : type} value=${value} onInput=${(event) => onInput(event.currentTarget.value)}
    aria-invalid=${problem ? "true" : undefined} aria-describedby=${[hint ? hintId : "", problem ? problemId : ""].filter(Boolean).join(" ") || undefined} ...${rest} />`;
  return html`<div class="field"><label for=${name}>${label}</label>${hint ? html`<span class="hint" id=${hintId}>${hint}</span>` : null}
    ${problem ? html`<span class="problem" id=${problemId}><${Icon} name="error" size=${18} />${problem}</span>` : null}
    ${isPassword ? html`<div class="field-row">${input}<button type="button" class="reveal" aria-pressed=${String(shown)} aria-label=${`Show ${label.toLowerCase()}`} onClick=${() => setShown(!shown)}>${shown ? "Hide" : "Show"}</button></div>` : input}</div>`;
}

/** The summary of what is wrong with a form; takes the focus when it appears, and each line leads to its field. */
export function ErrorSummary({ problem, fields = [], labels = {} }) {
  const box = useRef(null);
  useLayoutEffect(() => {
    if (problem) box.current?.focus();
  }, [problem]);
  if (!problem) return null;
  const lines = fields.filter((field) => field.name in labels);
  return html`<div class="error-summary" role="alert" tabindex="-1" ref=${box}><h2>${lines.length ? "There is a problem" : problem.title}</h2>
    ${lines.length ? html`<ul>${lines.map((field) => html`<li key=${field.name}><a href=${`#${field.name}`} onClick=${(event) => { event.preventDefault(); document.getElementById(field.name)?.focus(); }}>${labels[field.name]}: ${field.text}</a></li>`)}</ul>`
      : html`<p>${[problem.detail, problem.action].filter(Boolean).join(" ")}</p>`}
    ${problem.request_id && !lines.length ? html`<small>Reference: ${problem.request_id}</small>` : null}</div>`;
}

/** The steps of something long, each with its state in words. */
export function Steps({ steps, label = "Steps" }) {
  const words = { waiting: "waiting", running: "in progress", done: "done", failed: "failed" };
  return html`<ol class="steps" aria-label=${label}>${steps.map((step, index) => html`<li key=${step.key} class=${step.state}>
    <span class="dot" aria-hidden="true">${step.state === "done" ? html`<${Icon} name="check" size=${14} />` : step.state === "failed" ? html`<${Icon} name="close" size=${12} />` : step.state === "running" ? html`<span class="spinner"></span>` : index + 1}</span>
    <div><strong>${step.title}</strong><span class="visually-hidden">, ${words[step.state]}</span>${step.detail ? html`<p>${step.detail}</p>` : null}${step.progress ? html`<${Meter} ...${step.progress} />` : null}</div></li>`)}</ol>`;
}

/** How far something is. Without an estimate of the whole it only says how much is done. */
export function Meter({ done, total_estimate: total, label = "Progress" }) {
  if (!total) return null;
  const share = Math.min(1, done / total);
  return html`<div class="meter" role="progressbar" aria-label=${label} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(share * 100)}><span style=${{ transform: `scaleX(${share})` }}></span></div>`;
}

/** A dialog over the page. `anchor` (an element) makes it a card beside what opened it; on a phone it rises from below. */
export function Dialog({ title, onClose, children, anchor, class: extra = "" }) {
  const box = useRef(null);
  const id = useId();
  useLayoutEffect(() => {
    const dialog = box.current;
    if (!dialog.open) dialog.showModal();
    if (anchor && window.innerWidth > 760) {
      const from = anchor.getBoundingClientRect();
      const width = dialog.offsetWidth;
      const height = dialog.offsetHeight;
      dialog.style.margin = "0";
      dialog.style.left = `${Math.max(16, Math.min(from.left, window.innerWidth - width - 24))}px`;
      const below = from.bottom + 8;
      dialog.style.top = `${below + height < window.innerHeight - 16 ? below : Math.max(16, window.innerHeight - height - 16)}px`;
    }
    return () => dialog.close();
  }, []);
  return html`<dialog ref=${box} class=${`${anchor ? "card-dialog" : ""} ${extra}`} aria-labelledby=${id} onCancel=${(event) => { event.preventDefault(); onClose(); }}
    onClick=${(event) => { if (event.target === box.current) onClose(); }}>
    <div class="dialog-head"><h2 id=${id}>${title}</h2><button type="button" class="close" aria-label="Close" onClick=${onClose}><${Icon} name="close" /></button></div>
    <div class="dialog-body">${children}</div></dialog>`;
}

/** The head of a screen: its name, what it says at a glance, and its controls. */
export function PageHead({ title, about, children, crumb, waiting = false }) {
  return html`<header class="page-head"><div>${crumb ? html`<p class="crumb">${crumb}</p>` : null}<h1 tabindex="-1">${title}</h1>${about ? html`<p key=${waiting ? "wait" : "about"} class="page-about">${about}</p>` : null}</div>${children ? html`<div class="controls">${children}</div>` : null}</header>`;
}

/** Copy a text; says that it did. */
export function Copy({ text, label = "Copy" }) {
  const [done, setDone] = useState(false);
  return html`<button type="button" class="button" onClick=${async () => { await navigator.clipboard.writeText(text); setDone(true); window.setTimeout(() => setDone(false), 2000); }}><span aria-live="polite">${done ? "Copied" : label}</span></button>`;
}
