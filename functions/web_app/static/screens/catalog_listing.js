// One listing: how it stands, what Amazon finds wrong, a change that Amazon judges before it is applied, and every version there was.
import { html, useEffect, useRef, useState } from "../app/lib.js";
import { get, post } from "../app/api.js";
import { Ago, Bone, Button, Card, Empty, ErrorSummary, Field, Icon, Link, Notice, PageHead, ProblemNotice, State } from "../app/components.js";
import { useForm } from "../app/form.js";
import { count, decimals, money } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { may } from "../app/session.js";
import { AttributeDiff, Attributes } from "./catalog_attributes.js";
import { ListingState, packageWords } from "./catalog_words.js";
import { nameOf } from "./marketplaces.js";
import { Pager, useCursor } from "./paging.js";

const STATES = { checking: ["busy", "Amazon is judging it"], refused: ["bad", "Refused"], ready: ["warn", "Waits for you"], queued: ["busy", "About to be sent"], sending: ["busy", "Being sent"], applied: ["good", "Accepted"], conflict: ["warn", "Changed meanwhile"], failed: ["bad", "Failed"] };
const UNDER_WAY = new Set(["checking", "queued", "sending"]);
const NAMES = { price: "Price", quantity: "Quantity" };

function EditState({ state }) {
  const [kind, words] = STATES[state] ?? ["off", state];
  return html`<${State} kind=${kind}>${words}<//>`;
}

function valueWords(name, values) {
  const value = values?.[name];
  if (value === null || value === undefined) return "not known";
  return name === "price" ? money(value.amount_minor, value.currency) : count(value);
}

/** What a change changes, value by value; with what stands there now when that is something else. */
function Diff({ edit }) {
  const names = Object.keys(NAMES).filter((name) => edit.change[name] !== null);
  const texts = edit.change.attributes ?? [];
  const of = (values, name) => values?.attributes?.find((each) => each.name === name);
  const table = () => html`<div class="table-wrap"><table class="diff"><thead><tr><th>Value</th><th class="number">Before</th><th class="number">After</th>${edit.found ? html`<th class="number">Now at Amazon</th>` : null}</tr></thead><tbody>${names.map((name) => html`<tr key=${name}><th scope="row">${NAMES[name]}</th><td class="number"><del>${valueWords(name, edit.before)}</del></td><td class="number"><ins>${valueWords(name, edit.change)}</ins></td>${edit.found ? html`<td class="number">${valueWords(name, edit.found)}</td>` : null}</tr>`)}</tbody></table></div>`;
  return html`${names.length ? table() : null}${texts.map((each) => html`<${AttributeDiff} key=${each.name} attribute=${each} before=${edit.before ? of(edit.before, each.name) : null} found=${edit.found ? of(edit.found, each.name) : null} />`)}`;
}

function Issues({ issues }) {
  if (!issues.length) return null;
  return html`<ul class="issue-list">${issues.map((issue, index) => html`<li key=${index}><${State} kind=${issue.severity === "ERROR" ? "bad" : "warn"}>${issue.severity === "ERROR" ? "Error" : issue.severity === "WARNING" ? "Warning" : "Note"}<//> ${issue.message} <small>Amazon's code ${issue.code}${issue.attributes.length ? `, about ${issue.attributes.join(", ")}` : ""}</small></li>`)}</ul>`;
}

/** The change that is open: its preview, and the button that applies it. */
function OpenChange({ asked, editId, edit, problem, reload, onDone }) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState(null);
  const over = edit && !UNDER_WAY.has(edit.state) && edit.state !== "ready";
  useEffect(() => {
    if (over) onDone();
  }, [over]);
  async function apply() {
    setBusy(true);
    setFailure(null);
    try {
      await post("catalog/edits/apply", { ...asked, edit_id: editId, step: edit.step });
      reload();
    } catch (refused) {
      setFailure(refused);
    } finally {
      setBusy(false);
    }
  }
  if (problem && !edit) return html`<${ProblemNotice} problem=${problem} retry=${reload} />`;
  if (!edit) return html`<p><${Bone} width="30ch" /></p>`;
  return html`<${Card} title="Your change" end=${html`<${EditState} state=${edit.state} />`} class="open-change"><div class="card-body" aria-live="polite"><${Diff} edit=${edit} /><${Issues} issues=${edit.issues} />
    ${edit.reason ? html`<p>${edit.reason}</p>` : null}${edit.state === "ready" ? html`<p class="fine">Amazon finds this change valid. Nothing was changed yet; it is applied only if the listing is still as shown under “Before”.</p>` : null}
    ${failure ? html`<${ProblemNotice} problem=${failure} compact />` : null}
    <div class="form-foot">${edit.state === "ready" ? html`<${Button} kind="primary" busy=${busy} onClick=${apply}>Apply at Amazon<//>` : null}<${Button} onClick=${() => setQuery({ edit: "" }, { replace: true })}>${edit.state === "ready" ? "Leave it" : "Close"}<//></div></div><//>`;
}

/** New values for a listing; Amazon judges them before anything is applied. */
function ChangeForm({ asked, detail }) {
  const { line, currency } = detail;
  const form = useForm({ price: "", quantity: "" }, {
    check: ({ price, quantity }) => ({
      price: !price.trim() || /^\d+(\.\d+)?$/.test(price.trim()) ? (!price.trim() && !quantity.trim() ? "Enter a price or a quantity" : "") : `Enter an amount in ${currency}, such as 12.99`,
      quantity: !quantity.trim() || /^\d+$/.test(quantity.trim()) ? "" : "Enter a whole number",
    }),
    submit: async ({ price, quantity }) => {
      const made = await post("catalog/edits", { ...asked, price: price.trim() || null, quantity: quantity.trim() ? Number(quantity.trim()) : null });
      setQuery({ edit: made.edit_id }, { replace: true });
    },
  });
  const now = line.price ? (line.price.amount_minor / 10 ** decimals(currency)).toFixed(decimals(currency)) : "";
  return html`<form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ price: "Price", quantity: "Quantity" }} /><div class="inline-form"><${Field} label=${`New price, ${currency}`} inputmode="decimal" placeholder=${now} ...${form.bind("price")} />${line.by_amazon ? null : html`<${Field} label="New quantity" inputmode="numeric" placeholder=${line.units ?? ""} ...${form.bind("quantity")} />`}<${Button} type="submit" kind="primary" busy=${form.busy}>Preview<//></div>${line.by_amazon ? html`<p class="fine">Amazon ships this listing, so its quantity is Amazon's stock.</p>` : null}</form>`;
}

function Versions({ asked, onProblem }) {
  const pages = useCursor(JSON.stringify(asked));
  const { data, problem, reload } = useResource(`edits:${JSON.stringify(asked)}:${pages.cursor}`, (signal) => get("catalog/edits", { query: { ...asked, cursor: pages.cursor }, signal }), { every: 30_000 });
  async function restore(edit, side) {
    try {
      const made = await post("catalog/edits", { ...asked, restores: edit.edit_id, side });
      setQuery({ edit: made.edit_id }, { replace: true });
      window.scrollTo(0, 0);
    } catch (refused) {
      onProblem(refused);
    }
  }
  if (problem && !data) return html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} /></div>`;
  const edits = data?.edits ?? [];
  if (data && !edits.length) return html`<${Empty} icon="clock" title="No changes yet">Every change that is made here becomes a version that can be put back.<//>`;
  return html`<ol class="versions">${edits.map((edit) => html`<li key=${edit.edit_id}><div class="version-head"><${EditState} state=${edit.state} /><span><${Ago} at=${edit.applied_at ?? edit.checked_at ?? edit.asked_at} />${edit.restores ? ", puts a version back" : ""}${edit.bulk_id ? ", from a file" : ""}</span>${edit.state === "applied" && may("catalog.manage") ? html`<span class="end">${edit.before ? html`<${Button} kind="small" onClick=${() => restore(edit, "before")}>Undo…<//>` : null}<${Button} kind="small" onClick=${() => restore(edit, "after")}>Put back…<//></span>` : null}</div><${Diff} edit=${edit} />${edit.reason ? html`<p class="fine">${edit.reason}</p>` : null}<${Issues} issues=${edit.issues} /></li>`)}</ol>${data && (data.next_cursor || pages.page > 1) ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="The newest first" />` : null}`;
}

export function Screen() {
  const { query } = place.value;
  const asked = { connection_id: query.get("connection_id") ?? "", marketplace_id: query.get("marketplace_id") ?? "", seller_sku: query.get("seller_sku") ?? "" };
  const editId = query.get("edit") ?? "";
  const { data, problem, reload } = useResource(`listing:${JSON.stringify(asked)}`, (signal) => get("catalog/listing", { query: asked, signal }), { every: 60_000 });
  const change = useResource(editId ? `edit:${editId}` : null, (signal) => get("catalog/edit", { query: { ...asked, edit_id: editId }, signal }), { every: 2_000 });
  const [failure, setFailure] = useState(null);
  useEffect(() => setFailure(null), [editId]);
  // What comes late stands below what came before it: the cards wait for each other once.
  const settled = useRef(false);
  if (data && (!editId || change.data || change.problem)) settled.current = true;
  const line = data?.line;
  const crumb = html`<${Link} to="/catalog">Catalog<//>`;
  if (problem && !data) return html`<${PageHead} title="Listing" crumb=${crumb} /><${ProblemNotice} problem=${problem} retry=${reload} />`;
  return html`<${PageHead} waiting=${!data} title=${line ? line.title ?? line.seller_sku : "Listing"} crumb=${crumb} about=${line ? html`${[line.seller_sku, line.asin, nameOf(line.marketplace_id)].filter(Boolean).join(" · ")}, as of <${Ago} at=${line.computed_at} />` : html`<${Bone} width="30ch" />`}>${data?.fix_url ? html`<a class="button" href=${data.fix_url} target="_blank" rel="noreferrer"><${Icon} name="external" />Open at Amazon</a>` : null}<//>
    <div class="stack listing-page" key=${data ? "listing" : "wait"}>${line ? html`<dl class="listing-facts"><div><dt>Status</dt><dd><${ListingState} standing=${line.standing} /></dd></div><div><dt>Price</dt><dd>${line.price ? money(line.price.amount_minor, line.price.currency) : "–"}</dd></div><div><dt>Units</dt><dd>${line.units === null ? "–" : count(line.units)} <small>${line.by_amazon ? "at Amazon" : "by you"}</small></dd></div><div><dt>Package</dt><dd>${packageWords(line.package)}</dd></div><div><dt>Unit cost</dt><dd>${line.unit_cost ? money(line.unit_cost.amount_minor, line.unit_cost.currency) : "not entered"}</dd></div></dl>` : html`<div class="listing-facts"><${Bone} width="100%" /></div>`}
    ${settled.current ? html`${data?.issues.length ? html`<${Card} title="What Amazon finds wrong"><div class="card-body"><${Issues} issues=${data.issues} /></div><//>` : null}
    ${failure ? html`<${ProblemNotice} problem=${failure} compact />` : null}
    ${editId ? html`<${OpenChange} key=${editId} asked=${asked} editId=${editId} edit=${change.data} problem=${change.problem} reload=${change.reload} onDone=${reload} />` : data && may("catalog.manage") ? html`<${Card} title="Change it"><div class="card-body">${data.why_not ? html`<${Notice} kind="warn" title="Nothing can be changed now"><p>${data.why_not}</p><//>` : html`<${ChangeForm} asked=${asked} detail=${data} />`}</div><//>${data.why_not ? null : html`<${Card} title="Texts and details"><div class="card-body"><${Attributes} asked=${asked} /></div><//>`}` : null}
    <${Card} title="Versions"><${Versions} asked=${asked} onProblem=${setFailure} /><//>` : null}</div>`;
}
