// A table that somebody hands in: shown row by row before anything is stored.
import { html, useState } from "../app/lib.js";
import { post } from "../app/api.js";
import { Button, Dialog, ErrorSummary, State } from "../app/components.js";
import { count, plural } from "../app/format.js";
import { toast } from "../app/shell.js";

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

/**
 * `path` takes the file, `path/preview` says what it would change. `what` names one of its things, `row` returns the
 * cells of one beside its state: the line, the name and what it says.
 */
export function ImportFile({ title, about, id, path, what, row, onClose, onDone }) {
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
    <p>${about}</p>
    <div class="field"><label for=${id}>File</label><input id=${id} class="input" type="file" accept=".csv,text/csv,text/plain" onChange=${choose} /></div>
    ${preview ? html`<p role="status">${plural(preview.new, `new ${what}`)}, ${count(preview.known)} there already, ${count(preview.refused)} refused. Nothing is stored yet.</p>
      <div class="table-wrap preview-rows" tabindex="0" role="region" aria-label="What the file changes"><table class="rows"><thead><tr><th class="number">Line</th><th>Name</th><th>State</th><th class="wide-only">What it says</th></tr></thead><tbody>${rows.map(({ line, name, says, state }) => html`<tr key=${line}><td class="number">${line}</td><td>${name || "–"}<small class="phone-only">${says}</small></td><td><${State} kind=${state[0]}>${state[1]}<//></td><td class="wide-only">${says}</td></tr>`)}</tbody></table></div>` : null}
    <div class="form-actions"><${Button} kind="primary" disabled=${!preview?.new} busy=${busy} onClick=${apply}>${preview?.new ? `Enter ${plural(preview.new, what)}` : `Enter the ${what}s`}<//><${Button} kind="quiet" onClick=${onClose}>Cancel<//></div></div><//>`;
}
