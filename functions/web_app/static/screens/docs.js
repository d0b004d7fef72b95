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
      ${[...groups].map(([tag, operations]) => html`<${Card} key=${tag} title=${tag[0].toUpperCase() + tag.slice(1)} about=${`${operations.length}`}><div class="operations">${operations.map((item) => html`<${Operation} key=${item.method + item.path} document=${data} ...${item} />`)}</div><//>`)}</div>`;
  if (status.value === "in") return content;
  return html`<${Outside}>${content}<//>`;
}
