import { html } from "../app/lib.js";
import { get, put } from "../app/api.js";
import { Bone, Button, Card, ErrorSummary, Field, PageHead, ProblemNotice } from "../app/components.js";
import { useForm } from "../app/form.js";
import { decimals } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { PurchaseViews } from "./purchase_words.js";

const ROLES = { owner: "Owners", admin: "Admins", buyer: "Buyers" };
const MOST_PERCENT = 100;
const LABELS = { limit_currency: "Currency of the limits", over_delivery_percent: "More than ordered, percent", ...Object.fromEntries(Object.entries(ROLES).map(([role, label]) => [`limits.${role}`, `${label} may approve`])) };

const plain = (money) => (money.amount_minor / 10 ** decimals(money.currency)).toFixed(decimals(money.currency));

/** What is typed for a role: nothing for no limit; a role that is not named may approve nothing. */
function limitOf(limits, role) {
  const found = limits.find((each) => each.role === role);
  if (!found) return "0";
  return found.limit ? plain(found.limit) : "";
}

function Form({ settings, onSaved }) {
  const manage = may("tenant.manage");
  const form = useForm({ limit_currency: settings.limit_currency, over_delivery_percent: String(settings.over_delivery_percent), ...Object.fromEntries(Object.keys(ROLES).map((role) => [`limits.${role}`, limitOf(settings.limits, role)])) }, {
    check: (values) => ({
      limit_currency: /^[A-Za-z]{3}$/.test(values.limit_currency.trim()) ? "" : "has three letters, such as USD",
      over_delivery_percent: /^\d+$/.test(values.over_delivery_percent.trim()) && Number(values.over_delivery_percent) <= MOST_PERCENT ? "" : `has to be a whole number from 0 to ${MOST_PERCENT}`,
      ...Object.fromEntries(Object.keys(ROLES).map((role) => [`limits.${role}`, /^\s*(\d+([.,]\d+)?)?\s*$/.test(values[`limits.${role}`]) ? "" : "has to be an amount, such as 5000, or empty for no limit"])),
    }),
    submit: async (values) => {
      const limits = Object.fromEntries(Object.keys(ROLES).map((role) => [role, values[`limits.${role}`].trim().replace(",", ".") || null]));
      onSaved(await put("procurement/settings", { step: settings.step, limit_currency: values.limit_currency.trim().toUpperCase(), limits, over_delivery_percent: Number(values.over_delivery_percent) }));
      toast("The limits are saved");
    },
  });
  const field = (name, props) => html`<${Field} key=${name} label=${LABELS[name]} readonly=${!manage} ...${form.bind(name)} ...${props} />`;
  return html`<form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${LABELS} />
    ${field("limit_currency", { hint: "Orders in another currency count at the rate stated under Costs.", maxlength: "3", autocomplete: "off" })}
    ${Object.keys(ROLES).map((role) => field(`limits.${role}`, { hint: "The most one order may cost. Empty: no limit. 0: nothing.", inputmode: "decimal", autocomplete: "off" }))}
    ${field("over_delivery_percent", { hint: "So much more than ordered can be received: 0 to 100.", inputmode: "numeric", autocomplete: "off" })}
    ${manage ? html`<${Button} type="submit" kind="primary" busy=${form.busy}>Save<//>` : html`<p class="fine">Owners and admins of your organisation can change this.</p>`}</form>`;
}

export function Screen() {
  const { data, problem, reload, put: show } = useResource("purchase-settings", (signal) => get("procurement/settings", { signal }));
  return html`<${PageHead} title="Purchasing" about="Who may approve orders up to what amount, and how much more than ordered can be received." /><${PurchaseViews} />
    <div class="narrow"><${Card} title="Limits"><div class="card-body">${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} />` : null}${data ? html`<${Form} key=${data.step} settings=${data} onSaved=${show} />` : problem ? null : html`<p role="status" aria-label="Reading the limits"><${Bone} width="22ch" /></p>`}</div><//></div>`;
}
