import { html } from "../app/lib.js";
import { ButtonLink, Empty, PageHead, Views } from "../app/components.js";
import { place } from "../app/router.js";
import { isOperator } from "../app/session.js";
import { AbuseCases } from "./abuse_cases.js";
import { CredentialsBoard } from "./credentials_board.js";
import { Quarantine } from "./quarantine.js";
import { SyncBoard } from "./sync_board.js";

const PARTS = { "": SyncBoard, quarantine: Unclaimed, credentials: CredentialsBoard, abuse: AbuseCases };
const VIEWS = [{ view: "", label: "Sync" }, { view: "quarantine", label: "Not understood" }, { view: "credentials", label: "Credentials" }, { view: "abuse", label: "Abuse cases" }];

function Unclaimed() {
  return html`<${Quarantine} base="operations/quarantine" title="Messages of nobody we know" about="they wait here until they can be placed" calm="Every message from Amazon found its seller." />`;
}

export function Screen() {
  if (!isOperator.value) return html`<${PageHead} title="Operations" /><div class="card"><${Empty} icon="lock" title="This page is for operators" action=${html`<${ButtonLink} to="/">Go to the overview<//>`}>Ask the people who run this Quayside to make you one.<//></div>`;
  const asked = place.value.query.get("view") ?? "";
  const current = Object.hasOwn(PARTS, asked) ? asked : "";
  return html`<${PageHead} title="Operations" about="How the data and the keys of every seller stand, messages that belong to nobody, and abuse." /><${Views} path="/operations" current=${current} views=${VIEWS} />
    <${PARTS[current]} key=${current} />`;
}
