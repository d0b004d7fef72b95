// Messages from Amazon that could not be understood: kept, shown, and tried again on demand.
import { html, useState } from "../app/lib.js";
import { get, post } from "../app/api.js";
import { Ago, Bone, Button, Card, Empty, ProblemNotice } from "../app/components.js";
import { useResource } from "../app/resource.js";
import { toast } from "../app/shell.js";
import { Pager, useCursor } from "./paging.js";

function Entry({ entry, base, onReplayed }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  async function replay() {
    setBusy(true);
    setProblem(null);
    try {
      await post(`${base}/${encodeURIComponent(entry.entry_id)}/replay`);
      toast("Sent through again. It leaves this list when it works.");
      onReplayed();
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  }
  const payload = typeof entry.payload === "string" ? entry.payload : JSON.stringify(entry.payload, null, 2);
  return html`<li><div class="quarantine-head"><div><h3>${entry.reason}</h3><p>${entry.action}</p><small>${entry.type || "unknown kind"} · received <${Ago} at=${entry.received_at} /></small></div><${Button} kind="small" busy=${busy} onClick=${replay}>Try again<//></div>
    <${ProblemNotice} problem=${problem} /><details><summary>What Amazon sent (personal data removed)</summary><pre class="formula" tabindex="0">${payload}</pre></details></li>`;
}

/** The quarantine behind an API path: `connections/{id}/quarantine` or `operations/quarantine`. */
export function Quarantine({ base, title, about, calm, level }) {
  const pages = useCursor(base);
  const { data, problem, reload } = useResource(`${base}:${pages.cursor}`, (signal) => get(base, { query: { cursor: pages.cursor }, signal }));
  return html`<${Card} title=${title} about=${about} level=${level}>${problem ? html`<div class="card-body"><${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} /></div>` : null}
    ${data ? (data.entries.length ? html`<ul class="quarantine">${data.entries.map((entry) => html`<${Entry} key=${entry.entry_id} entry=${entry} base=${base} onReplayed=${reload} />`)}</ul>${data.next_cursor || pages.page > 1 ? html`<${Pager} pages=${pages} next=${data.next_cursor} about="Newest first" />` : null}` : html`<${Empty} icon="check" title="Nothing here">${calm}<//>`) : problem ? null : html`<div class="card-body"><${Bone} width="40ch" /></div>`}<//>`;
}
