import { html, useState } from "../app/lib.js";
import { Problem } from "../app/api.js";
import { Bone, Card, PageHead, ProblemNotice, State } from "../app/components.js";
import { useResource } from "../app/resource.js";
import { root } from "../app/router.js";
import { status } from "../app/session.js";
import { Outside } from "../app/shell.js";

const METHODS = ["get", "post", "put", "patch", "delete"];

async function readReference(signal) {
  const answer = await fetch(new URL("../openapi.json", import.meta.url), { signal });
  if (!answer.ok) throw new Problem({ title: "The reference is not part of this build", detail: "The page with the API's description is missing.", action: "Tell the people who run this Quayside." });
  return answer.json();
}

async function readMachines(signal) {
  const answer = await fetch(new URL("../machines.json", import.meta.url), { signal });
  if (!answer.ok) throw new Problem({ title: "The state machines are not part of this build", detail: "The file with their tables is missing.", action: "Tell the people who run this Quayside." });
  return answer.json();
}

const STEP = 62;
const TRUNK = 330;

/** Moves between the same two states are one arrow with all their events. */
function arrows(machine) {
  const at = new Map(machine.states.map((each, place) => [each.state, place]));
  const found = new Map();
  for (const move of machine.moves) {
    const key = `${move.from}>${move.to}`;
    const arrow = found.get(key) ?? { key, from: at.get(move.from), to: at.get(move.to), events: [] };
    arrow.events.push(move.event);
    found.set(key, arrow);
  }
  return [...found.values()];
}

/**
 * The states stand below each other in the order of a usual life. What leads on by more than a step goes around on the
 * right, what leads back on the left, in one lane for each state it leads to; beside a state stands what leads away.
 */
function Drawing({ machine }) {
  const height = machine.states.length * STEP + 8;
  const middle = (place) => 20 + place * STEP;
  const all = arrows(machine);
  const onTrunk = ({ from, to }) => to === from + 1;
  const lanes = { 1: [], [-1]: [] };
  for (const { from, to } of all) {
    if (from === to || to === from + 1) continue;
    const lane = lanes[to > from ? 1 : -1];
    if (!lane.includes(to)) lane.push(to);
  }
  const bend = (side, to) => TRUNK + side * (76 + 20 + 14 * lanes[side].indexOf(to));
  const away = (side, lane) => TRUNK + side * (76 + 14 + 14 * lane.length);
  const notes = machine.states.map((each, place) => ({
    place,
    right: all.filter(({ from, to }) => from === place && to > from + 1).map(({ to, events }) => `${events.join(", ")} → ${machine.states[to].word}`),
    left: [...all.filter(({ from, to }) => from === place && to < from).map(({ to, events }) => `${machine.states[to].word} ← ${events.join(", ")}`), ...all.filter(({ from, to }) => from === place && to === from).map(({ events }) => `↻ ${events.join(", ")}`)],
  }));
  return html`<div class="table-wrap" tabindex="0" role="region" aria-label=${`Drawing of ${machine.title}`}><svg class="machine" width="920" height=${height} viewBox=${`0 0 920 ${height}`} role="img" aria-label=${`${machine.title}: ${machine.states.map((each) => each.word).join(", ")}. The table below says the same.`}>
    <defs><marker id=${`tip-${machine.name}`} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" class="tip" /></marker></defs>
    ${all.filter(({ from, to }) => from !== to).map((arrow) => { const { from, to } = arrow; const side = to > from ? 1 : -1; const edge = TRUNK + side * 76; return html`<path key=${arrow.key} class="move" d=${onTrunk(arrow) ? `M${TRUNK} ${middle(from) + 16}V${middle(to) - 18}` : `M${edge} ${middle(from)}H${bend(side, to)}V${middle(to)}H${edge + side * 3}`} marker-end=${`url(#tip-${machine.name})`} />`; })}
    ${machine.states.map((each, place) => html`<g key=${each.state}><rect x=${TRUNK - 76} y=${middle(place) - 16} width="152" height="32" rx="8" class=${machine.final.includes(each.state) ? "final" : ""} /><text class="word" x=${TRUNK} y=${middle(place) + 5} text-anchor="middle">${each.word}</text></g>`)}
    ${all.filter(onTrunk).map((arrow) => html`<text key=${`t${arrow.key}`} x=${TRUNK + 8} y=${(middle(arrow.from) + middle(arrow.to)) / 2 + 4}>${arrow.events.join(", ")}</text>`)}
    ${notes.map((each) => html`<g key=${`n${each.place}`}><text x=${away(1, lanes[1])} y=${middle(each.place) + 4}>${each.right.join("  ·  ")}</text><text x=${away(-1, lanes[-1])} y=${middle(each.place) + 4} text-anchor="end">${each.left.join("  ·  ")}</text></g>`)}</svg></div>`;
}

function Machines() {
  const { data, problem, reload } = useResource("machines", readMachines);
  if (problem) return html`<${ProblemNotice} problem=${problem} retry=${reload} />`;
  return (data ?? []).map((machine) => {
    const words = new Map(machine.states.map((each) => [each.state, each.word]));
    return html`<${Card} key=${machine.name} title=${machine.title} about="its states and moves"><details class="machine-card"><summary>Drawing and table</summary><${Drawing} machine=${machine} />
      <div class="table-wrap"><table class="rows"><thead><tr><th>In</th><th>What happens</th><th class="wide-only">Permission</th><th>Then</th></tr></thead><tbody>${machine.moves.map((move) => html`<tr key=${move.from + move.event}><td>${words.get(move.from)}</td><td>${move.event}</td><td class="wide-only">${move.permission ? html`<code>${move.permission}</code>` : "–"}</td><td>${words.get(move.to)}</td></tr>`)}</tbody></table></div></details><//>`;
  });
}

function resolve(document, schema) {
  if (!schema?.$ref) return schema ?? {};
  return schema.$ref.replace("#/", "").split("/").reduce((at, part) => at?.[part], document) ?? {};
}

function typeWords(document, schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  const many = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (many) return many.map((item) => typeWords(document, item)).join(" or ") + (schema.nullable ? " or nothing" : "");
  if (schema.type === "array") return `list of ${typeWords(document, schema.items)}`;
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  return [schema.format ?? schema.type ?? "any", schema.nullable ? "or nothing" : ""].filter(Boolean).join(" ");
}

function Fields({ document, schema, depth = 0 }) {
  const shape = resolve(document, schema?.type === "array" ? schema.items : schema);
  const properties = Object.entries(shape.properties ?? {});
  if (!properties.length) return html`<p class="fine">${typeWords(document, schema) || "Nothing"}</p>`;
  return html`<dl class="schema">${properties.map(([name, property]) => {
    const inner = resolve(document, property.type === "array" ? property.items : property);
    return html`<dt key=${name}><code>${name}</code>${(shape.required ?? []).includes(name) ? "" : html`<small>optional</small>`}</dt><dd>${typeWords(document, property)}${property.description ? html`<small>${property.description}</small>` : null}${inner.properties && depth < 2 ? html`<details><summary>Fields of ${name}</summary><${Fields} document=${document} schema=${property} depth=${depth + 1} /></details>` : null}</dd>`;
  })}</dl>`;
}

function Operation({ document, path, method, operation }) {
  const [open, setOpen] = useState(false);
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  const answers = Object.entries(operation.responses ?? {});
  const parameters = operation.parameters ?? [];
  const open_ = !(operation.security ?? document.security ?? []).length;
  return html`<details class="operation" onToggle=${(event) => setOpen(event.currentTarget.open)}><summary><span class=${`method-name ${method}`}>${method.toUpperCase()}</span><code>${path}</code><span class="operation-about">${operation.summary ?? ""}</span>${open_ ? html`<${State}>public<//>` : null}</summary>
    ${open ? html`<div class="operation-body">${operation.description && operation.description !== operation.summary ? html`<p>${operation.description}</p>` : null}
      ${parameters.length ? html`<h4>Parameters</h4><dl class="schema">${parameters.map((parameter) => html`<dt key=${parameter.name}><code>${parameter.name}</code><small>${parameter.in}${parameter.required ? "" : ", optional"}</small></dt><dd>${typeWords(document, parameter.schema)}${parameter.description ? html`<small>${parameter.description}</small>` : null}</dd>`)}</dl>` : null}
      ${body ? html`<h4>Body</h4><${Fields} document=${document} schema=${body} />` : null}
      ${answers.map(([code, answer]) => { const schema = Object.values(answer.content ?? {})[0]?.schema; return html`<h4 key=${"h" + code}>Answer ${code}${answer.description ? `: ${answer.description}` : ""}</h4>${schema ? html`<${Fields} document=${document} schema=${schema} />` : null}`; })}</div>` : null}</details>`;
}

export function Screen() {
  const { data, problem, reload } = useResource("reference", readReference);
  const groups = new Map();
  for (const [path, item] of Object.entries(data?.paths ?? {})) {
    if (!path.startsWith("/api/")) continue;
    for (const method of METHODS) {
      if (!item[method]) continue;
      const tag = item[method].tags?.[0] ?? path.split("/")[3];
      groups.set(tag, [...(groups.get(tag) ?? []), { path, method, operation: item[method] }]);
    }
  }
  const content = html`<${PageHead} title="API reference" about=${data ? html`${data.info?.title ?? "Quayside"} ${data.info?.version ?? ""} · at ${root.href}` : problem ? "The reference could not be read." : html`<${Bone} width="24ch" />`} />
    <div class="stack docs">${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : null}<${Card} title="How to call it"><div class="card-body tight stack-s"><p>Send the ID token of a signed-in member as <code>Authorization: Bearer …</code>. Bodies and answers are JSON in snake_case; unknown fields are refused by name. Money is whole minor units with its currency; times are UTC.</p><p>Errors are <code>application/problem+json</code> with a stable <code>code</code>, what happened (<code>detail</code>) and what to do (<code>action</code>). Lists page by an opaque <code>cursor</code>.</p></div><//>
      <${Machines} />
      ${[...groups].map(([tag, operations]) => html`<${Card} key=${tag} title=${tag[0].toUpperCase() + tag.slice(1)} about=${`${operations.length}`}><div class="operations">${operations.map((item) => html`<${Operation} key=${item.method + item.path} document=${data} ...${item} />`)}</div><//>`)}</div>`;
  if (status.value === "in") return content;
  return html`<${Outside}>${content}<//>`;
}
