import { html } from "../app/lib.js";
import { ButtonLink, Empty, PageHead } from "../app/components.js";
import { isOperator } from "../app/session.js";
import { Quarantine } from "./quarantine.js";

export function Screen() {
  if (!isOperator.value) return html`<${PageHead} title="Operations" /><div class="card"><${Empty} icon="lock" title="This page is for operators" action=${html`<${ButtonLink} to="/">Go to the overview<//>`}>Ask the people who run this Quayside to make you one.<//></div>`;
  return html`<${PageHead} title="Operations" about="Messages from Amazon that belong to no seller we know. They wait here until they can be placed." /><${Quarantine} base="operations/quarantine" title="Quarantine" about="all sellers" calm="Every message from Amazon found its seller." />`;
}
