// Messages to the buyer of an order: what Amazon allows, as forms of its own, and what became of those that were written.
import { html, useState } from "../app/lib.js";
import { get, post } from "../app/api.js";
import { Age, Ago, Bone, Button, ButtonLink, Card, Icon, Notice, ProblemNotice, Select } from "../app/components.js";
import { useForm } from "../app/form.js";
import { useResource } from "../app/resource.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { FileInput, sendFile, whyNot } from "./message_file.js";
import { fileWords, languageOf, MessageState } from "./message_words.js";

const EMPTY = "";

function Input({ field, id, form, language, chosen }) {
  const wrong = form.fields.find((each) => each.name === field.name || each.name === `values.${field.name}`)?.text;
  if (field.kind === "file") return html`<${FileInput} field=${field} id=${id} language=${language} wrong=${wrong} ...${chosen} />`;
  const props = { id, class: "input", value: form.values[field.name] ?? EMPTY, required: field.is_required, "aria-invalid": wrong ? "true" : undefined, "aria-describedby": [`${id}-hint`, wrong ? `${id}-problem` : ""].filter(Boolean).join(" "), onInput: (event) => form.set(field.name, event.currentTarget.value) };
  const length = (form.values[field.name] ?? EMPTY).trim().length;
  const problem = wrong ? html`<span class="problem" id=${`${id}-problem`} role="alert"><${Icon} name="error" size=${18} />${wrong}</span>` : null;
  if (field.kind === "choice") return html`<div class="field">${problem}<${Select} id=${id} label=${field.title} hideLabel=${false} value=${form.values[field.name] ?? EMPTY} options=${[{ value: EMPTY, label: "Choose" }, ...field.options.map((value) => ({ value, label: value }))]} onChange=${(value) => form.set(field.name, value)} /><span class="hint" id=${`${id}-hint`}>${field.about}</span></div>`;
  return html`<div class="field"><label for=${id}>${field.title}${field.is_required ? "" : " (optional)"}</label><span class="hint" id=${`${id}-hint`}>${field.about}${field.kind === "text" && language ? ` Write in ${language}.` : ""}</span>${problem}
    ${field.kind === "instant" ? html`<input ...${props} type="date" />` : html`<textarea ...${props} class="input long" rows="5" maxlength=${field.longest}></textarea><span class="hint" aria-live="polite">${length} of ${field.longest} characters</span>`}</div>`;
}

/** One of Amazon's templates, filled in. The id is chosen once, so that pressing twice sends once. */
function Write({ action, form: template, language, path, connectionId, show, policy, days, partBytes, mostBytes }) {
  const [messageId] = useState(() => window.crypto.randomUUID());
  const [file, setFile] = useState(null);
  const [progress, setProgress] = useState(null);
  const takesFile = template.fields.find((field) => field.kind === "file");
  const missing = (field, value) => (field.kind === "file" && file ? whyNot(file, mostBytes) : field.is_required && !value.trim() ? (field.kind === "file" ? "Choose a file" : "Fill this in") : "");
  const form = useForm(Object.fromEntries(template.fields.map((field) => [field.name, EMPTY])), {
    check: (values) => Object.fromEntries(template.fields.map((field) => [field.name, missing(field, values[field.name])])),
    submit: async (values) => {
      const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim()));
      const message = { message_id: messageId, action, values: given };
      try {
        if (file) message.file = await sendFile(file, `${path}/${messageId}/file-parts`, connectionId, partBytes, setProgress);
        show(await post(path, { message, connection_id: connectionId }));
      } finally {
        setProgress(null);
      }
      toast("The message is on its way");
    },
  });
  const chosen = { file, progress, onChoose: (picked) => { setFile(picked); form.set(takesFile.name, picked?.name ?? EMPTY); form.setProblem(null); } };
  if (template.not_from_here) return html`<p>${template.about}</p><${Notice} title="Send this one at Amazon"><p>${template.not_from_here}</p><//>`;
  const general = form.problem && !form.fields.length ? form.problem : null;
  return html`<form class="form" noValidate onSubmit=${form.onSubmit}><p>${template.about}</p>${general ? html`<${ProblemNotice} problem=${general} compact />` : null}
    ${template.fields.map((field) => html`<${Input} key=${field.name} field=${field} id=${`message-${field.name}`} form=${form} language=${language} chosen=${chosen} />`)}
    <p class="fine">${policy} What you write is kept for ${days} days.${takesFile ? " The file itself is deleted once the message is sent." : ""}</p><div class="form-actions"><${Button} type="submit" kind="primary" busy=${form.busy}>Send to the buyer<//></div></form>`;
}

function Written({ message, path, connectionId, show }) {
  const [busy, setBusy] = useState("");
  const [refused, setRefused] = useState(null);
  async function tell(what, body) {
    setBusy(what + JSON.stringify(body));
    setRefused(null);
    try {
      show(await post(`${path}/${encodeURIComponent(message.message_id)}/${what}`, { ...body, connection_id: connectionId }));
    } catch (error) {
      setRefused(error);
    } finally {
      setBusy("");
    }
  }
  const writes = may("messages.send");
  return html`<li><div class="stack-s"><p class="message-head"><strong>${message.title}</strong><${MessageState} state=${message.state} /></p><small>${message.written_by ? `${message.written_by} · ` : ""}<${Ago} at=${message.written_at} /> · ${message.because}${message.file_bytes ? ` ${fileWords(message.file_bytes)}` : ""}</small>
    ${message.words ? html`<details><summary>What was written</summary><dl class="facts">${Object.entries(message.words).map(([name, value]) => html`<dt key=${name}>${name === "attachments" ? "File" : name}</dt><dd class="said">${value}</dd>`)}</dl></details>` : html`<small>The words are gone: they are kept for 30 days.</small>`}
    ${refused ? html`<${ProblemNotice} problem=${refused} compact />` : null}
    ${writes && message.can_withdraw ? html`<div class="form-actions"><${Button} kind="small" busy=${busy.startsWith("withdraw")} onClick=${() => tell("withdraw", {})}>Take it back<//></div>` : null}
    ${writes && message.can_settle ? html`<p class="fine">Look into the messages of this order at Amazon: is it there?</p><div class="form-actions"><${Button} kind="small" busy=${busy === 'settle{"arrived":true}'} onClick=${() => tell("settle", { arrived: true })}>It is there<//><${Button} kind="small" busy=${busy === 'settle{"arrived":false}'} onClick=${() => tell("settle", { arrived: false })}>It is not<//></div>` : null}</div></li>`;
}

function Offer({ data, path, connectionId, show }) {
  const [chosen, choose] = useState(EMPTY);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState(null);
  async function ask() {
    setBusy(true);
    setRefused(null);
    try {
      show(await post(`${path}/offer`, { connection_id: connectionId }));
    } catch (error) {
      setRefused(error);
    } finally {
      setBusy(false);
    }
  }
  const asking = data.state === "asking";
  const template = data.forms.find((form) => form.action === chosen);
  const written = data.messages.length;
  return html`${data.reason ? html`<${Notice} kind="warn" title=${data.reason}>${data.action ? html`<p>${data.action}</p>` : null}<//>` : null}
    ${asking ? html`<p role="status">Amazon is asked what may be written to this buyer.</p>` : data.state === "unasked" ? html`<p>Amazon says for each order which messages it allows.</p>` : html`<p class="fine">Amazon allows ${data.forms.length === 1 ? "1 message" : `${data.forms.length || "no"} messages`} for this order${data.language ? `, in ${languageOf(data.language)}` : ""}. <${Age} at=${data.answered_at} state="" /></p>`}
    ${refused ? html`<${ProblemNotice} problem=${refused} compact />` : null}
    ${data.is_good && data.forms.length ? html`<${Select} label="Message" hideLabel=${false} value=${chosen} options=${[{ value: EMPTY, label: "Choose a message" }, ...data.forms.map((form) => ({ value: form.action, label: form.title }))]} onChange=${choose} />
      ${template ? html`<${Write} key=${`${chosen}:${written}`} action=${chosen} form=${template} language=${languageOf(data.language)} path=${path} connectionId=${connectionId} policy=${data.policy} days=${data.words_days} partBytes=${data.file_part_bytes} mostBytes=${data.most_file_bytes} show=${(answer) => { show(answer); choose(EMPTY); }} />` : null}` : null}
    ${template ? null : html`<div class="form-actions"><${Button} kind=${data.is_good ? "small" : ""} busy=${busy || asking} onClick=${ask}>${data.answered_at ? "Ask Amazon again" : "Ask Amazon what may be written"}<//></div>`}`;
}

/** The card of the order page. */
export function Messages({ order }) {
  const connectionId = order.connection_id;
  const path = `orders/${encodeURIComponent(order.order_id)}/messages`;
  const [quick, setQuick] = useState(false);
  const { data, problem, reload, put } = useResource(`messages:${connectionId}:${order.order_id}`, (signal) => get(path, { query: { connection_id: connectionId }, signal }), { every: quick ? 2_000 : 30_000 });
  const moving = Boolean(data && (data.state === "asking" || data.messages.some((message) => ["waiting", "sending"].includes(message.state))));
  if (moving !== quick) setQuick(moving);
  return html`<${Card} title="Messages to the buyer" class="messages"><div class="card-body tight stack-s">${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact />` : null}
    ${!data ? (problem ? null : html`<p role="status" aria-label="Loading the messages"><${Bone} width="26ch" /></p>`)
      : data.state === "off" ? html`<p>${data.reason}</p><p class="fine">${data.action}</p>${may("connections.manage") ? html`<${ButtonLink} to=${`/connections/${encodeURIComponent(connectionId)}/sync`} kind="small">Open Sync<//>` : null}`
      : may("messages.send") ? html`<${Offer} data=${data} path=${path} connectionId=${connectionId} show=${put} />` : null}
    ${data?.messages.length ? html`<ul class="written">${data.messages.map((message) => html`<${Written} key=${message.message_id} message=${message} path=${path} connectionId=${connectionId} show=${put} />`)}</ul>` : null}</div><//>`;
}
