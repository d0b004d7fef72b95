// A table that somebody hands in: shown row by row before anything is stored.
import { html, useState } from "../app/lib.js";
import { get, post } from "../app/api.js";
import { Button, Dialog, ErrorSummary, Icon, State } from "../app/components.js";
import { count, plural } from "../app/format.js";
import { toast } from "../app/shell.js";
import { downloadCsv } from "./paging.js";

const ROW_STATES = { new: ["good", "New"], known: ["off", "There already"], refused: ["bad", "Refused"] };

/** The text of a file; what is no UTF-8 is what spreadsheets write that do not write UTF-8. */
export async function textOf(file) {
  const bytes = await file.arrayBuffer();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** What asks for one thing in a file, as its preview shows it: the lines it stands on, its name, what it says. */
export function fileRow({ lines, name, says }) {
  const [first, last] = [lines[0], lines.at(-1)];
  const together = lines.length > 1 && last - first === lines.length - 1;
  return { line: together ? `${first}\u2060–\u2060${last}` : lines.join(", "), name, says };
}

/** As many characters as one call takes. */
const MOST = 60_000;

/** Why a file is not even sent; nothing when it can be. */
function tooLarge(text) {
  if (text.length <= MOST) return null;
  const rows = text.trimEnd().split("\n").length - 1;
  return { title: "The file is too large", detail: `It has ${plural(rows, "row")} in ${count(text.length)} characters; at most ${count(MOST)} characters can be entered at once.`, action: "Split it into parts, each with the header, and choose one after the other." };
}

const PAGES = 100;

/** Hands over everything that `query` leaves as one file, read page after page; the file can be entered again. */
export function ExportPages({ name, path, query, what }) {
  const [busy, setBusy] = useState(false);
  async function run() {
    setBusy(true);
    try {
      const rows = [];
      let [columns, found, cursor, pages] = [[], 0, "", 0];
      do {
        const part = await get(path, { query: { ...query, cursor } });
        rows.push(...part.rows);
        columns = part.columns;
        found += part.things;
        cursor = part.next_cursor;
        pages += 1;
      } while (cursor && pages < PAGES);
      downloadCsv(name, columns, rows);
      toast(cursor ? `The first ${plural(found, what)} are in the file; narrow the list for the rest` : `${plural(found, what)} in the file`);
    } catch (problem) {
      toast(`The file could not be made: ${problem.title}`);
    } finally {
      setBusy(false);
    }
  }
  return html`<${Button} busy=${busy} onClick=${run}><${Icon} name="download" />CSV<//>`;
}

/**
 * `path` takes the file, `path/preview` says what it would change. `what` names one of its things, `row` returns the
 * cells of one beside its state: the line, the name and what it says. `template` is a file to begin with.
 */
export function ImportFile({ title, about, id, path, what, row, template, onClose, onDone }) {
  const [text, setText] = useState(null);
  const [preview, setPreview] = useState(null);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  async function send(to, csv) {
    setBusy(true);
    setProblem(null);
    try {
      return await post(to, { csv });
    } catch (error) {
      setProblem(error);
      return null;
    } finally {
      setBusy(false);
    }
  }
  async function choose(event) {
    const [file] = event.currentTarget.files;
    if (!file) return;
    const csv = await textOf(file);
    setText(csv);
    setPreview(null);
    const refused = tooLarge(csv);
    setProblem(refused);
    if (refused) return;
    setPreview(await send(`${path}/preview`, csv));
  }
  async function apply() {
    const done = await send(path, text);
    if (!done) return;
    toast(`${plural(preview.new, what)} entered`);
    onDone(done);
  }
  const rows = preview?.rows.map((each) => ({ ...row(each), state: ROW_STATES[each.state] }));
  return html`<${Dialog} title=${title} onClose=${onClose} class="wide"><div class="stack-s"><${ErrorSummary} problem=${problem} />
    <p>${about}</p>${template ? html`<p><${Button} kind="small" onClick=${() => downloadCsv(template.name, template.header, template.rows)}>Download a template<//></p>` : null}
    <div class="field"><label for=${id}>File</label><input id=${id} class="input" type="file" accept=".csv,text/csv,text/plain" onChange=${choose} /></div>
    ${preview ? html`<p role="status">${plural(preview.new, `new ${what}`)}, ${count(preview.known)} there already, ${count(preview.refused)} refused. Nothing is stored yet.</p>
      <div class="table-wrap preview-rows" tabindex="0" role="region" aria-label="What the file changes"><table class="rows"><thead><tr><th class="number">Line</th><th>Name</th><th>State</th><th class="wide-only">What it says</th></tr></thead><tbody>${rows.map(({ line, name, says, state }) => html`<tr key=${line}><td class="number">${line}</td><td>${name || "–"}<small class="phone-only">${says}</small></td><td><${State} kind=${state[0]}>${state[1]}<//></td><td class="wide-only">${says}</td></tr>`)}</tbody></table></div>` : null}
    <div class="form-actions"><${Button} kind="primary" disabled=${!preview?.new} busy=${busy} onClick=${apply}>${preview?.new ? `Enter ${plural(preview.new, what)}` : `Enter the ${what}s`}<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></div><//>`;
}
