import { html, useState } from "../app/lib.js";
import { get, post } from "../app/api.js";
import { Ago, Bone, Button, Empty, Icon, Link, PageHead, ProblemNotice, Select } from "../app/components.js";
import { money, percent, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { go, place, setQuery } from "../app/router.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { fileRow, ImportFile } from "./file_import.js";
import { nameOf, useConnections } from "./marketplaces.js";
import { downloadCsv } from "./paging.js";
import { amountOf, EVENTS, leadCall, LeadForm, leadPath, stageWord, typedAmount } from "./sourcing_words.js";

const STAGES = ["idea", "researching", "quoted", "sampling", "approved", "rejected"];
const COLUMNS = ["stage", "name", "marketplace", "price", "currency", "unit_profit", "margin_percent", "worked_out_at", "seller_sku", "lead_id"];

function exportBoard(stages) {
  downloadCsv("quayside-leads.csv", COLUMNS, stages.flatMap((stage) => stage.cards.map((card) => [
    stage.stage, card.name, card.target ? nameOf(card.target.marketplace_id) : "", card.target ? typedAmount(card.target.price) : "", card.target?.price.currency ?? card.outlook?.currency ?? "",
    card.outlook ? typedAmount({ amount_minor: card.outlook.profit_minor, currency: card.outlook.currency }) : "", card.outlook?.margin_percent ?? "", card.outlook?.as_of ?? "", card.seller_sku ?? "", card.lead_id,
  ])));
}

/** A lead on the board: what it is, what it may earn, and where it may go next. */
function LeadCard({ card, onMoved }) {
  const [busy, setBusy] = useState(false);
  const events = card.events.filter((event) => event !== "approve" && event !== "reject");
  async function move(event) {
    if (!event || busy) return;
    setBusy(true);
    try {
      await post(leadCall(card.lead_id, "/move"), { version: card.version, event });
      toast(`${card.name}: ${EVENTS[event].toLowerCase()}`);
    } catch (error) {
      toast([error.detail, error.action].filter(Boolean).join(" "));
    } finally {
      setBusy(false);
      onMoved();
    }
  }
  const { outlook, target } = card;
  return html`<li class="lead-card"><${Link} to=${leadPath(card.lead_id)} class="row-link">${card.name}<//>
    <p class="fine">${target ? `${nameOf(target.marketplace_id)}, ${amountOf(target.price)}${card.targets > 1 ? ` and ${card.targets - 1} more` : ""}` : "No marketplace yet"}</p>
    ${outlook ? html`<p><strong>${money(outlook.profit_minor, outlook.currency)}</strong> a unit${outlook.margin_percent === null ? "" : html`, ${percent(outlook.margin_percent / 100)}`}<small>estimated <${Ago} at=${outlook.as_of} /></small></p>` : html`<p class="fine">Nothing worked out yet</p>`}
    ${card.seller_sku ? html`<span class="tag">${card.seller_sku}</span>` : null}
    ${may("sourcing.manage") && events.length ? html`<div class="lead-move"><${Select} label=${`Move ${card.name}`} value="" options=${[{ value: "", label: busy ? "Moving" : "Move" }, ...events.map((event) => ({ value: event, label: EVENTS[event] }))]} onChange=${move} /></div>` : null}</li>`;
}

/** A column: its newest leads, and more of them when asked for. */
function Column({ stage, shown, onMoved }) {
  const [more, setMore] = useState({ of: stage, cards: [], cursor: stage.next_cursor });
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const known = more.of === stage ? more : { of: stage, cards: [], cursor: stage.next_cursor };
  async function read() {
    setBusy(true);
    setProblem(null);
    try {
      const page = await get("sourcing/stage", { query: { stage: stage.stage, cursor: known.cursor } });
      setMore({ of: stage, cards: [...known.cards, ...page.cards], cursor: page.next_cursor });
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  }
  const cards = [...stage.cards, ...known.cards];
  return html`<section class=${`board-column ${shown ? "shown" : ""}`} aria-labelledby=${`stage-${stage.stage}`}><h2 id=${`stage-${stage.stage}`}>${stageWord(stage.stage)}<span class="fine">${cards.length}${known.cursor ? "+" : ""}</span></h2>
    ${cards.length ? html`<ul>${cards.map((card) => html`<${LeadCard} key=${card.lead_id} card=${card} onMoved=${onMoved} />`)}</ul>` : html`<p class="fine board-empty">No lead</p>`}
    ${problem ? html`<${ProblemNotice} problem=${problem} retry=${read} compact />` : known.cursor ? html`<${Button} kind="small" busy=${busy} onClick=${read}>Show more<//>` : null}</section>`;
}

export function Screen() {
  const { connections } = useConnections();
  const { data, problem, reload } = useResource("sourcing", (signal) => get("sourcing", { signal }));
  const [adding, setAdding] = useState("");
  const shown = STAGES.includes(place.value.query.get("stage")) ? place.value.query.get("stage") : "idea";
  const manage = may("sourcing.manage");
  const stages = data?.stages ?? [];
  const total = stages.reduce((sum, stage) => sum + stage.cards.length, 0);
  const add = manage ? html`<${Button} kind="primary" disabled=${!connections} onClick=${() => setAdding("lead")}>New lead<//>` : null;
  return html`<${PageHead} title="Sourcing" about=${data ? `${plural(total, "lead")} on the board${stages.some((stage) => stage.next_cursor) ? ", and more below the columns" : ""}` : problem ? "The board could not be read." : html`<${Bone} width="16ch" />`}><${Button} disabled=${!total} onClick=${() => exportBoard(stages)}><${Icon} name="download" />CSV<//>${manage ? html`<${Button} disabled=${!data} onClick=${() => setAdding("file")}>From a file…<//>` : null}${add}<//>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data && !total ? html`<div class="card"><${Empty} icon="search" title="No lead yet" action=${add}>A lead is a product you may sell one day: enter where and for how much, read what Amazon tells, compare suppliers' quotes, and see what a unit would earn before you order.<//></div>`
      : data ? html`<div class="phone-only board-stages"><${Select} label="Stage" value=${shown} options=${stages.map((stage) => ({ value: stage.stage, label: `${stageWord(stage.stage)} (${stage.cards.length}${stage.next_cursor ? "+" : ""})` }))} onChange=${(stage) => setQuery({ stage }, { replace: true })} /></div>
        <div class="lead-board" tabindex="0" role="region" aria-label="Board of leads">${stages.map((stage) => html`<${Column} key=${stage.stage} stage=${stage} shown=${stage.stage === shown} onMoved=${reload} />`)}</div>`
        : problem ? null : html`<div class="lead-board" role="status" aria-label="Loading the board">${STAGES.map((stage) => html`<div key=${stage} class=${`board-column ${stage === shown ? "shown" : ""}`}><div class="card bone-card"></div></div>`)}</div>`}
    ${adding === "file" ? html`<${ImportFile} title="Leads from a file" about="A CSV file with a name and, in a row for each of them, the marketplaces (such as US) and prices; asins, length_mm, width_mm, height_mm, weight_grams, note and account may follow. Rows of one name are one lead, which begins as an idea. At most 200 rows at once." id="leads-file" path="sourcing/file" what="lead" row=${fileRow} onClose=${() => setAdding("")} onDone=${() => { setAdding(""); reload(); }} />` : null}
    ${adding === "lead" ? html`<${LeadForm} title="New lead" connections=${connections} onClose=${() => setAdding("")} submit=${async (draft) => { const made = await post("sourcing/leads", draft); go(leadPath(made.lead_id)); }} />` : null}`;
}
