// The attributes of a listing in a form made of Amazon's own rules: read at Amazon first, then sent as a change that Amazon judges.
import { html, useEffect, useState } from "../app/lib.js";
import { get, post } from "../app/api.js";
import { Ago, Button, ErrorSummary, Icon, ProblemNotice, State } from "../app/components.js";
import { count } from "../app/format.js";
import { useForm } from "../app/form.js";
import { useResource } from "../app/resource.js";
import { setQuery } from "../app/router.js";

const LONG = 120;
const encoder = new TextEncoder();
const cleaned = (values) => values.map((value) => value.trim()).filter(Boolean);
const same = (left, right) => left.length === right.length && left.every((value, index) => value === right[index]);

/** Amazon's name of an attribute as words, for where its title is not at hand. */
export const attributeWords = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");

/** What an attribute was and is to be: values that go, values that come, and those that stay. */
export function AttributeDiff({ attribute, before, found }) {
  const old = before?.values ?? [];
  const stay = attribute.values.filter((value) => old.includes(value));
  const inOrder = same(stay, old.filter((value) => stay.includes(value)));
  // Values that only change places are shown as they were and as they are to be.
  const stays = (value) => inOrder && stay.includes(value);
  const lines = [...old.map((value) => [stays(value) ? "stays" : "goes", value]), ...attribute.values.filter((value) => !stays(value)).map((value) => ["comes", value])];
  return html`<div class="text-diff"><h3>${attributeWords(attribute.name)}${attribute.language ? html` <small>${attribute.language}</small>` : null}</h3><ul>${lines.map(([kind, value], index) => html`<li key=${index} class=${kind}>${kind === "goes" ? html`<span class="visually-hidden">Before: </span><del>${value}</del>` : kind === "comes" ? html`<span class="visually-hidden">After: </span><ins>${value}</ins>` : value}</li>`)}${attribute.values.length ? null : html`<li class="comes">Deleted at Amazon</li>`}</ul>${!before || old.length ? null : html`<p class="fine">There was none before.</p>`}${found ? html`<p class="fine">Now at Amazon: ${found.values.join(" · ") || "none"}</p>` : null}</div>`;
}

/** How much of what is allowed a text takes, in characters, or in bytes where Amazon counts those. */
function Counter({ field, value, id }) {
  const limits = [[field.longest, [...value.trim()].length, "characters"], [field.longest_bytes, encoder.encode(value.trim()).length, "bytes"]].filter(([most]) => most !== null);
  if (!limits.length) return null;
  const over = limits.some(([most, size]) => size > most);
  return html`<span class=${`counter ${over ? "over" : ""}`} id=${id}>${over ? html`<${Icon} name="error" size=${16} />` : null}${limits.map(([most, size, unit]) => `${count(size)} of ${count(most)} ${unit}`).join(", ")}${over ? ": too long" : ""}</span>`;
}

function ValueInput({ field, value, id, label, described, problem, onInput }) {
  const props = { id, "aria-label": label, "aria-invalid": problem ? "true" : undefined, "aria-describedby": described, onInput: (event) => onInput(event.currentTarget.value) };
  if (field.choices.length) return html`<select ...${props} class="select" value=${value}><option value="" selected=${!value}>${field.required ? "Choose" : "None"}</option>${field.choices.map((choice) => html`<option key=${choice.value} value=${choice.value} selected=${choice.value === value}>${choice.name}</option>`)}</select>`;
  const isLong = field.kind === "text" && (field.longest_bytes ?? field.longest ?? LONG + 1) > LONG;
  if (isLong) return html`<textarea ...${props} class="input area" rows=${(field.longest ?? 0) > 500 ? 7 : 3} lang=${field.language?.replace("_", "-")} value=${value}></textarea>`;
  return html`<input ...${props} class="input" type="text" inputmode=${field.kind === "text" ? undefined : "decimal"} autocomplete="off" value=${value} />`;
}

function AttributeField({ field, values, problem, onChange }) {
  const id = `attributes.${field.name}`;
  const shown = values.length ? values : [""];
  const change = (index, value) => onChange(shown.map((each, at) => (at === index ? value : each)));
  const range = [field.least === null ? "" : `at least ${field.least}`, field.greatest === null ? "" : `at most ${field.greatest}`].filter(Boolean).join(", ");
  const hint = [field.description, range && `A number, ${range}.`, field.most > 1 ? `Up to ${field.most} values.` : ""].filter(Boolean).join(" ");
  const name = `${field.title}${field.required ? "" : " (optional)"}`;
  const inputs = shown.map((value, index) => html`<div class="attribute-value" key=${index}><${ValueInput} field=${field} value=${value} id=${index ? `${id}.${index}` : id} label=${field.most > 1 ? `${field.title} ${index + 1}` : undefined} problem=${problem} described=${[`${id}-hint`, problem ? `${id}-problem` : "", `${id}-counter-${index}`].filter(Boolean).join(" ")} onInput=${(text) => change(index, text)} /><${Counter} field=${field} value=${value} id=${`${id}-counter-${index}`} /></div>`);
  const said = html`<span class="hint" id=${`${id}-hint`}>${hint}</span>${problem ? html`<span class="problem" id=${`${id}-problem`}><${Icon} name="error" size=${18} />${problem}</span>` : null}`;
  if (field.most === 1 && shown.length === 1) return html`<div class="field"><label for=${id}>${name}</label>${said}${inputs}</div>`;
  return html`<fieldset class="field plain-values"><legend>${name}</legend>${said}${inputs}${shown.length < field.most ? html`<${Button} kind="small" onClick=${() => onChange([...shown, ""])}>Add another<span class="visually-hidden"> ${field.title}</span><//>` : null}</fieldset>`;
}

function AttributesForm({ asked, data, again, busy }) {
  const form = useForm(Object.fromEntries(data.fields.map((field) => [field.name, [...field.values]])), {
    submit: async (values) => {
      const attributes = data.fields.map((field) => ({ name: field.name, values: cleaned(values[field.name]), old: cleaned(field.values) })).filter(({ values: now, old }) => !same(now, old)).map(({ name, values: now }) => ({ name, values: now }));
      if (!attributes.length) throw new Error("Nothing was changed yet: every text is as it is at Amazon.");
      const made = await post("catalog/edits", { ...asked, attributes });
      setQuery({ edit: made.edit_id }, { replace: true });
      window.scrollTo(0, 0);
    },
  });
  const labels = Object.fromEntries(data.fields.map((field) => [`attributes.${field.name}`, field.title]));
  const problemOf = (name) => form.fields.find((each) => each.name === `attributes.${name}`)?.text;
  const languages = [...new Set(data.fields.map((field) => field.language).filter(Boolean))];
  return html`<form class="form attributes-form" noValidate onSubmit=${form.onSubmit}><p class="fine">As Amazon had them <${Ago} at=${data.read_at} />, by its rules for ${data.product_type_title} (${data.product_type})${languages.length ? `. Texts are in ${languages.join(", ")}; other languages stay as they are` : ""}.</p>
    <${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${labels} />
    ${data.fields.map((field) => html`<${AttributeField} key=${field.name} field=${field} values=${form.values[field.name]} problem=${problemOf(field.name)} onChange=${(values) => form.set(field.name, values)} />`)}
    <div class="form-foot"><${Button} type="submit" kind="primary" busy=${form.busy}>Preview texts<//><${Button} busy=${busy} onClick=${again}>Discard and read again<//></div>
    ${data.elsewhere.length ? html`<details class="elsewhere"><summary>${count(data.elsewhere.length)} ${data.elsewhere.length === 1 ? "attribute needs" : "attributes need"} Seller Central</summary><ul>${data.elsewhere.map((each) => html`<li key=${each.name}><strong>${each.title}</strong> ${each.reason}</li>`)}</ul></details>` : null}</form>`;
}

/** Reads the attributes at Amazon when they are wanted, and edits them in a form. */
export function Attributes({ asked }) {
  const [wanted, setWanted] = useState(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState(null);
  const waits = wanted !== null && wanted.state === "reading";
  const { data, problem, reload } = useResource(wanted ? `attributes:${JSON.stringify(asked)}:${wanted.asked_at}` : null, (signal) => get("catalog/attributes", { query: asked, signal }), { every: waits ? 2_000 : 0 });
  const now = data ?? wanted;
  const isOver = waits && data && data.state !== "reading";
  useEffect(() => {
    if (isOver) setWanted({ ...wanted, state: data.state });
  }, [isOver]);
  async function read() {
    setBusy(true);
    setFailure(null);
    try {
      setWanted(await post("catalog/attributes", asked));
    } catch (refused) {
      setFailure(refused);
    } finally {
      setBusy(false);
    }
  }
  const button = (words) => html`<${Button} busy=${busy} onClick=${read}>${words}<//>`;
  const isReady = now?.state === "ready" && now.fields;
  const said = !now || isReady || (problem && !data) ? null : now.state === "failed" ? html`<p>${now.reason}</p>` : html`<p><${State} kind="busy">Reading them at Amazon<//></p><p class="fine">This takes some seconds; asked for <${Ago} at=${now.asked_at} />.</p>`;
  return html`<div class="attributes">${failure ? html`<${ProblemNotice} problem=${failure} compact />` : null}
    ${problem && !data ? html`<${ProblemNotice} problem=${problem} retry=${reload} />` : null}
    ${now ? null : html`<p>Title, bullet points, description, keywords and more. They are read at Amazon first, with Amazon's rules for this kind of product.</p>${button("Edit texts and details")}`}
    <div aria-live="polite">${said}</div>${now?.state === "failed" ? button("Try again") : null}
    ${isReady ? html`<${AttributesForm} key=${now.read_at} asked=${asked} data=${now} again=${read} busy=${busy} />` : null}</div>`;
}
