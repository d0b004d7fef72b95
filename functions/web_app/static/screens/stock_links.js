// Which marketplaces of an account share their stock: Pan-European FBA, North America Remote Fulfilment.
import { html, useState } from "../app/lib.js";
import { get, put } from "../app/api.js";
import { Button, Dialog, ErrorSummary, ProblemNotice, Select } from "../app/components.js";
import { useForm } from "../app/form.js";
import { useResource } from "../app/resource.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { nameOf } from "./marketplaces.js";

/** The groups of a choice "shares with": the marketplace that others share with stands first in each. */
function groupsOf(ids, shares) {
  const groups = new Map(ids.filter((id) => !shares[id]).map((id) => [id, [id]]));
  for (const id of ids) if (shares[id]) groups.get(shares[id])?.push(id);
  return [...groups.values()].filter((group) => group.length > 1);
}

function Form({ connection, view, onSaved, onClose }) {
  const ids = connection.marketplaces.map((item) => item.marketplace_id);
  const initial = Object.fromEntries(ids.map((id) => {
    const group = view.groups.find((each) => each.includes(id));
    return [id, group && group[0] !== id ? group[0] : ""];
  }));
  const form = useForm(initial, {
    // Whoever others share with keeps its own line, so that each marketplace stands in one group.
    check: (shares) => Object.fromEntries(ids.map((id) => [id, shares[id] && shares[shares[id]] ? `${nameOf(shares[id])} shares with ${nameOf(shares[shares[id]])}: choose that one` : ""])),
    submit: async (shares) => onSaved(await put("inventory/links", { connection_id: connection.connection_id, groups: groupsOf(ids, shares), version: view.version })),
  });
  const options = (id) => [{ value: "", label: "Its own stock" }, ...ids.filter((other) => other !== id).map((other) => ({ value: other, label: `Shares stock with ${nameOf(other)}` }))];
  return html`<form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${Object.fromEntries(ids.map((id) => [id, nameOf(id)]))} />
    ${ids.map((id) => html`<${Select} key=${id} id=${id} label=${nameOf(id)} hideLabel=${false} options=${options(id)} value=${form.values[id]} onChange=${(value) => form.set(id, value)} />`)}
    <p class="fine">Marketplaces that share stock are counted together: units, sales and the suggestion stand with the one that the others share with. Choose it where Amazon itself moves your units, as with Pan-European FBA or Remote Fulfilment. It holds from the next time suggestions are worked out.</p>
    <div class="form-actions">${may("inventory.manage") ? html`<${Button} type="submit" kind="primary" busy=${form.busy}>Save<//>` : html`<p class="fine">Your role can read this but not change it.</p>`}<${Button} kind="quiet" onClick=${onClose}>Close<//></div></form>`;
}

/** A choice for each account that sells in two marketplaces or more. */
export function SharedStock({ connections, onClose }) {
  const accounts = connections.filter((connection) => connection.marketplaces.length > 1);
  const [chosen, setChosen] = useState(accounts[0].connection_id);
  const connection = accounts.find((each) => each.connection_id === chosen);
  const { data, problem, reload, put: show } = useResource(`links:${chosen}`, (signal) => get("inventory/links", { query: { connection_id: chosen }, signal }));
  const saved = (view) => {
    show(view);
    toast("Saved; it holds from the next time suggestions are worked out");
    onClose();
  };
  if (!data && !problem) return null; // A dialog that grows while it is read would jump.
  return html`<${Dialog} title="Shared stock" onClose=${onClose}>${accounts.length > 1 ? html`<${Select} label="Amazon account" hideLabel=${false} options=${accounts.map((each) => ({ value: each.connection_id, label: each.name }))} value=${chosen} onChange=${setChosen} />` : null}
    ${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact />` : html`<${Form} key=${`${chosen}|${data.version}`} connection=${connection} view=${data} onSaved=${saved} onClose=${onClose} />`}<//>`;
}
