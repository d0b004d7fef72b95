// The file of a message: looked at here, and sent in parts before the message itself.
import { html } from "../app/lib.js";
import { post } from "../app/api.js";
import { Icon, Meter } from "../app/components.js";
import { fileSize } from "../app/format.js";

const ACCEPTED = ".pdf,.jpg,.jpeg,.png,application/pdf,image/jpeg,image/png";
const CHUNK = 8192;

/** What is wrong with a file, as far as its name and size tell; the server looks at what it holds. */
export function whyNot(file, most) {
  if (!file) return "";
  if (!file.size) return "This file is empty. Choose another one";
  if (file.size > most) return `This file has ${fileSize(file.size)}; at most ${fileSize(most)} are allowed`;
  return /\.(pdf|jpe?g|png)$/i.test(file.name) ? "" : "Choose a PDF, JPEG or PNG file";
}

function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

/** Send a file part by part; returns what the message says of it. */
export async function sendFile(file, path, connectionId, partBytes, onPart) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const total = Math.ceil(bytes.length / partBytes);
  for (let number = 0; number < total; number += 1) {
    onPart({ done: number, total });
    await post(path, { number, content: base64(bytes.subarray(number * partBytes, (number + 1) * partBytes)), connection_id: connectionId });
  }
  onPart({ done: total, total });
  const digest = new Uint8Array(await window.crypto.subtle.digest("SHA-256", bytes));
  return { size_bytes: bytes.length, sha256: [...digest].map((each) => each.toString(16).padStart(2, "0")).join("") };
}

/** The field of a form that takes the file. */
export function FileInput({ field, id, language, wrong, file, progress, onChoose }) {
  return html`<div class="field"><label for=${id}>${field.title}${field.is_required ? "" : " (optional)"}</label><span class="hint" id=${`${id}-hint`}>${field.about}${language ? ` What it says has to be in ${language}.` : ""}</span>
    ${wrong ? html`<span class="problem" id=${`${id}-problem`} role="alert"><${Icon} name="error" size=${18} />${wrong}</span>` : null}
    <input id=${id} class="input" type="file" accept=${ACCEPTED} required=${field.is_required} aria-invalid=${wrong ? "true" : undefined} aria-describedby=${[`${id}-hint`, wrong ? `${id}-problem` : ""].filter(Boolean).join(" ")} disabled=${Boolean(progress)} onChange=${(event) => onChoose(event.currentTarget.files[0] ?? null)} />
    ${file ? html`<span class="hint" aria-live="polite">${file.name}, ${fileSize(file.size)}</span>` : null}
    ${progress ? html`<${Meter} done=${progress.done} total_estimate=${progress.total} label="Sending the file" />` : null}</div>`;
}
