import { html } from "../app/lib.js";
import { ButtonLink, Empty, PageHead, Views } from "../app/components.js";
import { place } from "../app/router.js";
import { isOperator } from "../app/session.js";
import { Quarantine } from "./quarantine.js";
import { SyncBoard } from "./sync_board.js";

const VIEWS = [{ view: "", label: "Sync" }, { view: "quarantine", label: "Not understood" }];

export function Screen() {
  if (!isOperator.value) return html`<${PageHead} title="Operations" /><div class="card"><${Empty} icon="lock" title="This page is for operators" action=${html`<${ButtonLink} to="/">Go to the overview<//>`}>Ask the people who run this Quayside to make you one.<//></div>`;
  const current = place.value.query.get("view") === "quarantine" ? "quarantine" : "";
  return html`<${PageHead} title="Operations" about="How the data of every seller stands, and messages from Amazon that belong to no seller we know." /><${Views} path="/operations" current=${current} views=${VIEWS} />
    ${current ? html`<${Quarantine} key="quarantine" base="operations/quarantine" title="Messages of nobody we know" about="they wait here until they can be placed" calm="Every message from Amazon found its seller." />` : html`<${SyncBoard} key="board" />`}`;
}
