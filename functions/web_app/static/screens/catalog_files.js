// Changes of many listings by a CSV file: a preview of every row first, then one feed to Amazon with its progress and each row's outcome.
import { html, useRef, useState } from "../app/lib.js";
import { get, post } from "../app/api.js";
import { Ago, Bone, Button, ButtonLink, Card, Empty, Icon, Link, Meter, Notice, PageHead, ProblemNotice, Select, State } from "../app/components.js";
import { count, money, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { may } from "../app/session.js";
import { CatalogTabs } from "./catalog_words.js";
import { nameOf, useConnections } from "./marketplaces.js";
import { downloadCsv } from "./paging.js";

const PART_ROWS = 1000;
const PART_ROWS_WITH_ATTRIBUTES = 100;
const MOST_ROWS = 25_000;
const MOST_PARTS = 250;
const STATES = { reading: ["busy", "Being read"], comparing: ["busy", "Being compared with Amazon"], ready: ["warn", "Waits for you"], queued: ["busy", "About to be sent"], submitting: ["busy", "Being sent"], submitted: ["busy", "Amazon is working on it"], done: ["good", "Done"], failed: ["bad", "Failed"] };
const ROWS = { waiting: ["busy", "to compare", "To compare"], change: ["warn", "to change", "Changes"], same: ["off", "already so", "As it is"], refused: ["bad", "refused", "Refused"], moved: ["warn", "changed meanwhile", "Changed meanwhile"], sent: ["busy", "at Amazon", "At Amazon"], accepted: ["good", "accepted", "Accepted"], rejected: ["bad", "rejected by Amazon", "Rejected"], unsent: ["bad", "not processed", "Not processed"] };
const UNDER_WAY = new Set(["queued", "submitting", "submitted"]);

function FileState({ state }) {
  const [kind, words] = STATES[state] ?? ["off", state];
  return html`<${State} kind=${kind}>${words}<//>`;
}

const countWords = (counts) => Object.entries(ROWS).filter(([state]) => counts[state]).map(([state, [, words]]) => `${count(counts[state])} ${words}`).join(", ");

/** A file's rows in parts of a thousand (a hundred when it has attributes), each with the header and the line it begins at; a quoted line break stays whole. */
export function inParts(text) {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  const header = lines.shift() ?? "";
  const most = header.includes("[") ? PART_ROWS_WITH_ATTRIBUTES : PART_ROWS;
  const parts = [];
  let rows = [];
  let size = 0;
  let first = 2;
  let open = false;
  const bytes = new TextEncoder();
  lines.forEach((line, index) => {
    rows.push(line);
    size += bytes.encode(line).length + 1;
    if ((line.split('"').length - 1) % 2) open = !open;
    if (!open && (rows.length >= most || size > 40_000)) {
      parts.push({ first_line: first, csv: [header, ...rows].join("\n") });
      rows = [];
      size = 0;
      first = index + 3;
    }
  });
  if (rows.some((line) => line.trim())) parts.push({ first_line: first, csv: [header, ...rows].join("\n") });
  return parts;
}

/** Excel writes files in the code page of its country; what is no UTF-8 is read as that of Western Europe. */
async function readText(file) {
  const bytes = await file.arrayBuffer();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

function Bring({ connections }) {
  const places = (connections ?? []).flatMap((connection) => connection.marketplaces.map((item) => ({ value: `${connection.connection_id}|${item.marketplace_id}`, label: `${nameOf(item.marketplace_id)} · ${connection.name}` })));
  const [chosen, setChosen] = useState("");
  const [progress, setProgress] = useState(null);
  const [filling, setFilling] = useState(false);
  const [problem, setProblem] = useState(null);
  const input = useRef(null);
  const where = chosen || places[0]?.value || "";
  async function bring(file) {
    setProblem(null);
    try {
      const parts = inParts(await readText(file));
      if (parts.length > MOST_PARTS) throw { title: "The file is too long", detail: `A file has at most ${count(MOST_ROWS)} rows, as many as Amazon takes at once, and with long texts fewer.`, action: "Bring it in several files." };
      const [connection_id, marketplace_id] = where.split("|");
      const made = await post("catalog/files", { connection_id, marketplace_id, name: file.name.slice(0, 100) });
      const address = `catalog/files/${encodeURIComponent(made.file_id)}`;
      for (const [number, part] of parts.entries()) {
        setProgress({ done: number, total: parts.length });
        await post(`${address}/parts`, { connection_id, number, ...part });
      }
      await post(`${address}/complete`, { connection_id });
      setQuery({ connection_id, file_id: made.file_id });
    } catch (failure) {
      setProblem(failure);
    } finally {
      setProgress(null);
      if (input.current) input.current.value = "";
    }
  }
  async function template() {
    setProblem(null);
    setFilling(true);
    try {
      const [connection_id, marketplace_id] = where.split("|");
      const rows = [];
      let page = { next_cursor: "" };
      do {
        page = await get("catalog/file-template", { query: { connection_id, marketplace_id, cursor: page.next_cursor } });
        rows.push(...page.rows);
      } while (page.next_cursor && rows.length < MOST_ROWS);
      downloadCsv("quayside-changes.csv", page.columns, rows.slice(0, MOST_ROWS).map((row) => page.columns.map((_, index) => row[index] ?? "")));
    } catch (failure) {
      setProblem(failure);
    } finally {
      setFilling(false);
    }
  }
  return html`<${Card} title="Bring a file"><div class="card-body"><p>A CSV file with the column <code>seller_sku</code> and what is to change: <code>price</code>, <code>quantity</code>, and any attribute that can be edited on a listing's page, each in a column that says its marketplace and language, such as <code>bullet_point[marketplace_id=…][language_tag=de_DE]#2</code>. An empty cell leaves what is there. At most ${count(MOST_ROWS)} rows. You see what each row changes before anything is sent.</p>
    ${problem ? html`<${ProblemNotice} problem=${problem} compact />` : null}
    <div class="inline-form"><${Select} label="Marketplace" hideLabel=${false} value=${where} options=${places} onChange=${setChosen} /><label class="button primary file-choice" aria-busy=${progress ? "true" : undefined}><${Icon} name="file" />${progress ? `Reading part ${progress.done + 1} of ${progress.total}` : "Choose a file"}<input ref=${input} type="file" accept=".csv,text/csv,text/plain" class="visually-hidden" disabled=${Boolean(progress) || !where} onChange=${(event) => event.currentTarget.files[0] && bring(event.currentTarget.files[0])} /></label><${Button} busy=${filling} disabled=${!where} onClick=${template}><${Icon} name="download" />File with your listings<//></div>
    ${progress ? html`<${Meter} done=${progress.done} total_estimate=${progress.total} label="Rows read" />` : null}</div><//>`;
}

const valueWords = (values) => [values.price ? money(values.price.amount_minor, values.price.currency) : "", values.quantity === null ? "" : plural(values.quantity, "unit")].filter(Boolean).join(", ") || "–";
const attributeWords = (values) => values.attributes.map((attribute) => `${attribute.name}: ${textOf(attribute)}`).join("; ");
const textOf = (attribute) => attribute?.values.join(" | ") ?? "";

/** What a row makes of its listing's attributes, each before and after. */
function Texts({ row }) {
  if (!row.change.attributes.length) return null;
  const before = new Map(row.before.attributes.map((attribute) => [attribute.name, attribute]));
  return html`<dl class="row-texts">${row.change.attributes.map((attribute) => html`<div key=${attribute.name}><dt>${attribute.name}${attribute.language ? ` · ${attribute.language}` : ""}</dt><dd>${before.has(attribute.name) ? html`<del>${textOf(before.get(attribute.name)) || "nothing"}</del> ` : null}<ins>${textOf(attribute) || "nothing"}</ins></dd></div>`)}</dl>`;
}

function Rows({ file }) {
  const [part, setPart] = useState(0);
  const [state, setState] = useState("");
  const { data, problem, reload } = useResource(`file-rows:${file.file_id}:${part}:${file.step}`, (signal) => get(`catalog/files/${encodeURIComponent(file.file_id)}/rows`, { query: { connection_id: file.connection_id, part }, signal }));
  const rows = (data?.rows ?? []).filter((row) => !state || row.state === state);
  async function all() {
    const found = [];
    for (let number = 0; number < file.parts; number += 1) found.push(...(await get(`catalog/files/${encodeURIComponent(file.file_id)}/rows`, { query: { connection_id: file.connection_id, part: number } })).rows);
    downloadCsv("quayside-changes-result.csv", ["line", "seller_sku", "result", "price_before", "price_after", "quantity_before", "quantity_after", "attributes_before", "attributes_after", "why"], found.map((row) => [row.line, row.seller_sku, row.state, valueWords({ ...row.before, quantity: null }), valueWords({ ...row.change, quantity: null }), row.before.quantity, row.change.quantity, attributeWords(row.before), attributeWords(row.change), row.problem]));
  }
  return html`<${Card} title="Rows" end=${html`<${Button} kind="small" onClick=${all}><${Icon} name="download" />CSV<//>`}><div class="filters"><${Select} label="Result" value=${state} options=${[{ value: "", label: "Every row" }, ...Object.entries(ROWS).filter(([key]) => file.counts[key]).map(([value, [, , label]]) => ({ value, label }))]} onChange=${setState} />${file.parts > 1 ? html`<${Select} label="Part" value=${String(part)} options=${Array.from({ length: file.parts }, (_, number) => ({ value: String(number), label: `Part ${number + 1} of ${file.parts}` }))} onChange=${(value) => setPart(Number(value))} />` : null}</div>
    ${problem ? html`<div class="inset"><${ProblemNotice} problem=${problem} retry=${reload} /></div>` : !data ? null : html`<div class="table-wrap" tabindex="0" role="region" aria-label="Rows of the file"><table class="file-rows"><thead><tr><th class="number">Line</th><th>SKU</th><th>Result</th><th class="number">Before</th><th class="number">After</th></tr></thead><tbody>${rows.slice(0, 200).map((row) => html`<tr key=${row.line}><td class="number">${row.line}</td><td>${row.seller_sku || "–"}</td><td><${State} kind=${ROWS[row.state][0]}>${ROWS[row.state][2]}<//>${row.problem ? html`<small>${row.problem}</small>` : null}<${Texts} row=${row} /></td><td class="number">${valueWords(row.before)}</td><td class="number">${valueWords(row.change)}</td></tr>`)}</tbody></table></div>${rows.length > 200 ? html`<p class="card-foot">The first 200 of ${count(rows.length)} rows; the CSV has all.</p>` : null}`}<//>`;
}

function OneFile({ connectionId, fileId }) {
  const { data: file, problem, reload } = useResource(`file:${fileId}`, (signal) => get(`catalog/files/${encodeURIComponent(fileId)}`, { query: { connection_id: connectionId }, signal }), { every: 4_000 });
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState(null);
  async function apply() {
    setBusy(true);
    setFailure(null);
    try {
      await post(`catalog/files/${encodeURIComponent(fileId)}/apply`, { connection_id: connectionId, step: file.step });
      reload();
    } catch (refused) {
      setFailure(refused);
    } finally {
      setBusy(false);
    }
  }
  if (problem && !file) return html`<${ProblemNotice} problem=${problem} retry=${reload} />`;
  if (!file) return html`<p><${Bone} width="40ch" /></p>`;
  const changes = file.counts.change ?? 0;
  return html`<${Card} title=${file.name} about=${`${nameOf(file.marketplace_id)}`} end=${html`<${FileState} state=${file.state} />`}><div class="card-body" aria-live="polite"><p>${countWords(file.counts) || "No rows"}.</p>${file.reason ? html`<p>${file.reason}</p>` : null}
    ${file.state === "comparing" ? html`<p class="fine">Each row is held against what Amazon has and permits, twenty a call. You may leave this page.</p><${Meter} done=${file.compared} total_estimate=${file.parts} label="Rows compared" />` : null}
    ${UNDER_WAY.has(file.state) ? html`<p class="fine">${file.state === "submitted" ? `${plural(file.sent, "row")} sent. Amazon usually answers within some minutes; you may leave this page.` : "A row is sent only if its listing is still as it was compared."}</p><${Meter} done=${file.collected} total_estimate=${file.parts} label="Results read" />` : null}
    ${failure ? html`<${ProblemNotice} problem=${failure} compact />` : null}
    <div class="inline-form">${file.state === "ready" && may("catalog.manage") ? html`<${Button} kind="primary" busy=${busy} disabled=${!changes} onClick=${apply}>Apply ${plural(changes, "change")}<//>` : null}<${ButtonLink} to="/catalog/files" query=${{ connection_id: connectionId }}>All files<//></div></div><//><${Rows} key=${file.state} file=${file} />`;
}

function Files({ connectionId }) {
  const { data, problem, reload } = useResource(connectionId ? `files:${connectionId}` : null, (signal) => get("catalog/files", { query: { connection_id: connectionId }, signal }), { every: 30_000 });
  if (problem && !data) return html`<${ProblemNotice} problem=${problem} retry=${reload} />`;
  const files = data?.files ?? [];
  return html`<${Card} title="Files">${data && !files.length ? html`<${Empty} icon="file" title="No files yet">A file you bring is kept here with what became of each row.<//>` : !data ? null : html`<div class="table-wrap"><table class="rows"><thead><tr><th>File</th><th>State</th><th class="wide-only">Rows</th><th class="number">Brought</th></tr></thead><tbody>${files.map((file) => html`<tr key=${file.file_id}><td class="cell-title"><${Link} to="/catalog/files" query=${{ connection_id: connectionId, file_id: file.file_id }} class="row-link clip">${file.name}<//><small>${nameOf(file.marketplace_id)}</small></td><td><${FileState} state=${file.state} /></td><td class="wide-only">${countWords(file.counts)}</td><td class="number"><${Ago} at=${file.asked_at} /></td></tr>`)}</tbody></table></div>`}<//>`;
}

export function Screen() {
  const { query } = place.value;
  const { connections } = useConnections();
  const connectionId = query.get("connection_id") || connections?.[0]?.connection_id || "";
  const fileId = query.get("file_id") ?? "";
  const none = connections && !connections.length;
  return html`<${PageHead} title="Bulk changes" about="Prices, quantities and texts of many listings by one file." /><${CatalogTabs} here="/catalog/files" />
    ${none ? html`<div class="card"><${Empty} icon="connections" title="No Amazon account is connected" action=${html`<${ButtonLink} to="/connect" kind="primary">Connect an Amazon account<//>`}>Connect one, and its listings can be changed here.<//></div>`
      : !connections ? null : html`<div class="stack files-page">${fileId ? html`<${OneFile} key=${fileId} connectionId=${connectionId} fileId=${fileId} />` : html`${may("catalog.manage") ? html`<${Bring} connections=${connections} />` : html`<${Notice} title="You can look, not change"><p>An owner or admin brings files.</p><//>`}<${Files} connectionId=${connectionId} />`}</div>`}`;
}
