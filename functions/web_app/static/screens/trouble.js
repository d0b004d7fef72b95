// What keeps a whole connection from being read, and whose turn it is. The three cases look different and read different: one needs
// the seller, one is ours to repair, one is Amazon's.
import { html } from "../app/lib.js";
import { Ago, ButtonLink, Link, Notice, State } from "../app/components.js";
import { may } from "../app/session.js";

const KINDS = {
  revoked: { kind: "bad", icon: "lock", turn: "Needs you", chip: "bad", again: true },
  access: { kind: "bad", icon: "lock", turn: "Needs you", chip: "bad", again: true },
  our_secret: { kind: "warn", icon: "key", turn: "Ours to repair", chip: "warn" },
  outage: { kind: "", icon: "cloud", turn: "Amazon's to repair", chip: "off" },
};

/** Whether a connection is in trouble as a whole. */
export const inTrouble = (connection) => Boolean(connection.trouble);

function Way({ known, connection, link }) {
  const manage = may("connections.manage");
  return html`${known.again && manage ? html`<${ButtonLink} to="/connect" kind="small primary">Connect again<//>` : null}${link ? html`<${Link} to=${`/connections/${encodeURIComponent(connection.connection_id)}/sync`} class="button small">See what stands still<//>` : null}`;
}

/** The trouble of a connection: whose turn it is, since when, what happened, what to do. `named` says which account; `link` leads to its sync page. */
export function Trouble({ connection, named = false, link = false }) {
  const { trouble } = connection;
  if (!trouble) return null;
  const known = KINDS[trouble.kind] ?? { kind: "warn", turn: "" };
  const actions = (known.again && may("connections.manage")) || link;
  return html`<${Notice} kind=${known.kind} icon=${known.icon} class=${`trouble ${trouble.kind}`} live title=${html`<span class="trouble-title">${named ? `${connection.name || "An account"}: ${trouble.title}` : trouble.title}</span>${known.turn ? html`<${State} kind=${known.chip}>${known.turn}<//>` : null}`} actions=${actions ? html`<${Way} known=${known} connection=${connection} link=${link} />` : null}>
    <p>${trouble.detail} <span class="todo-words">${trouble.action}</span>${known.again && !may("connections.manage") ? " An owner or admin of your organisation can do that." : ""}</p>${trouble.since ? html`<small>Since <${Ago} at=${trouble.since} /></small>` : null}<//>`;
}
