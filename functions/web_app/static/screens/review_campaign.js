import { html, useEffect, useRef, useState } from "../app/lib.js";
import { get, post, put } from "../app/api.js";
import { Bone, Button, Card, Empty, ErrorSummary, Field, Icon, Link, PageHead, ProblemNotice, Segmented, Select } from "../app/components.js";
import { useForm } from "../app/form.js";
import { count, decimals, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { go } from "../app/router.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { useMarketplaces } from "./marketplaces.js";
import { ruleWords } from "./review_words.js";

const NEW = { name: "", state: "off", priority: 10, delay_days: 7, send_hour: 10, marketplace_ids: [], channels: [], include_skus: [], exclude_skus: [], include_asins: [], exclude_asins: [], price_currency: null, minimum_price_minor: null, maximum_price_minor: null, maximum_age_days: null, exclude_refunded: true, exclude_returned: true, exclude_late: true };
const STATES = [{ value: "off", label: "Off" }, { value: "test", label: "Test" }, { value: "on", label: "On" }];
const ABOUT = { off: "Decides nothing and sends nothing.", test: "Decides and logs, sends nothing.", on: "Sends requests." };
const LISTS = ["include_skus", "exclude_skus", "include_asins", "exclude_asins"];
const LABELS = { name: "Name", delay_days: "Days after delivery", send_hour: "From hour", priority: "Priority", include_skus: "Only these SKUs", exclude_skus: "Not these SKUs", include_asins: "Only these ASINs", exclude_asins: "Not these ASINs", minimum_price_minor: "Lowest price", maximum_price_minor: "Highest price", price_currency: "Currency of the prices", maximum_age_days: "Oldest order, days", marketplace_ids: "Marketplaces" };
const QUIET_MS = 700;

const whole = (text) => (/^\d+$/.test(String(text).trim()) ? Number(text) : String(text).trim());
const items = (text) => text.split(/[\s,;]+/).filter(Boolean);

/** A campaign as the form holds it: lists and prices as people write them. */
function typed(campaign) {
  const scale = 10 ** decimals(campaign.price_currency ?? "USD");
  const price = (minor) => (minor === null ? "" : String(minor / scale));
  return { ...campaign, ...Object.fromEntries(LISTS.map((name) => [name, campaign[name].join(", ")])), minimum_price: price(campaign.minimum_price_minor), maximum_price: price(campaign.maximum_price_minor), price_currency: campaign.price_currency ?? "", maximum_age_days: campaign.maximum_age_days ?? "" };
}

/** The form as the API wants it. */
function draftOf(values) {
  const { minimum_price: low, maximum_price: high, ...rest } = values;
  const scale = 10 ** decimals(values.price_currency || "USD");
  const minor = (text) => (String(text).trim() === "" ? null : Math.round(Number(String(text).replace(",", ".")) * scale));
  return { ...rest, ...Object.fromEntries(LISTS.map((name) => [name, items(values[name])])), delay_days: whole(values.delay_days), send_hour: whole(values.send_hour), priority: whole(values.priority), price_currency: values.price_currency || null, minimum_price_minor: minor(low), maximum_price_minor: minor(high), maximum_age_days: String(values.maximum_age_days).trim() === "" ? null : whole(values.maximum_age_days) };
}

/** What is wrong that can be seen here; the rest is the server's to say, with Amazon's sentence. */
function check(values) {
  const number = (name) => (/^\d+$/.test(String(values[name]).trim()) ? "" : "Enter a whole number");
  const price = (name) => (Number.isFinite(Number(String(values[name]).replace(",", "."))) ? "" : "Enter an amount, such as 12.50");
  return { name: values.name.trim() ? "" : "Enter a name", delay_days: number("delay_days"), priority: number("priority"), minimum_price_minor: price("minimum_price"), maximum_price_minor: price("maximum_price"), maximum_age_days: String(values.maximum_age_days).trim() === "" ? "" : number("maximum_age_days") };
}

/** What the campaign would have done, added up page by page while the form stands still. */
function Preview({ values, id }) {
  const draft = draftOf(values);
  const valid = !Object.values(check(values)).some(Boolean);
  const drawn = JSON.stringify({ ...draft, name: "", state: "" });
  const [state, setState] = useState({ sums: null, running: false, problem: null });
  const [again, setAgain] = useState(0);
  const round = useRef(0);
  useEffect(() => {
    const mine = (round.current += 1);
    if (!valid) {
      setState({ sums: null, running: false, problem: null });
      return undefined;
    }
    const timer = window.setTimeout(async () => {
      const sums = { examined: 0, would_send: 0, other_campaign: 0, not_its_own: 0, skipped: new Map() };
      let cursor = null;
      setState((old) => ({ ...old, running: true, problem: null }));
      try {
        do {
          const part = await post("reviews/preview", { campaign: { ...draft, name: draft.name || "Preview" }, campaign_id: id, cursor });
          if (mine !== round.current) return;
          for (const name of ["examined", "would_send", "other_campaign", "not_its_own"]) sums[name] += part[name];
          for (const each of part.skipped) sums.skipped.set(each.rule, { ...each, count: each.count + (sums.skipped.get(each.rule)?.count ?? 0) });
          cursor = part.next_cursor;
          setState({ sums: { ...sums, skipped: [...sums.skipped.values()] }, running: Boolean(cursor), problem: null });
        } while (cursor);
      } catch (problem) {
        if (mine === round.current) setState({ sums: null, running: false, problem });
      }
    }, QUIET_MS);
    return () => window.clearTimeout(timer);
  }, [drawn, again]);
  const { sums, running, problem } = state;
  const skipped = sums ? sums.skipped.reduce((total, each) => total + each.count, 0) : 0;
  return html`<${Card} title="Preview" about="Orders of the last 90 days"><div class="card-body stack-s" aria-live="polite" aria-busy=${String(running)}>
    ${problem ? html`<${ProblemNotice} problem=${problem} retry=${() => setAgain(again + 1)} compact />` : null}
    ${!sums && !problem ? html`<p class="fine">${valid ? html`<${Bone} width="24ch" />` : "Fill in the form to see what it would do."}</p>` : null}
    ${sums ? html`<p class="preview-said">Would have asked <strong>${count(sums.would_send)}</strong>, skipped <strong>${count(skipped)}</strong>.</p>
      ${running ? html`<p class="fine">${plural(sums.examined, "order")} looked at so far …</p>` : html`<p class="fine">${plural(sums.examined, "order")} looked at.${sums.other_campaign ? ` ${plural(sums.other_campaign, "order")} would go to other campaigns.` : ""}${sums.not_its_own ? ` ${plural(sums.not_its_own, "order")} would be none of its own.` : ""}</p>`}
      ${sums.skipped.length ? html`<table class="skips"><thead><tr><th>Skipped because</th><th class="number">Orders</th></tr></thead><tbody>${sums.skipped.map((each) => html`<tr key=${each.rule}><td>${ruleWords(each.rule)}<small>${each.example} (${each.example_order_id})</small></td><td class="number">${count(each.count)}</td></tr>`)}</tbody></table>` : null}` : null}</div><//>`;
}

function Editor({ id, version, campaign, policy, marketplaces }) {
  const currencies = [...new Set(marketplaces.map((item) => item.currency).filter(Boolean))];
  const form = useForm(typed(campaign), {
    check,
    submit: async (values) => {
      const draft = draftOf(values);
      if (id) await put(`reviews/campaigns/${id}`, { version, campaign: draft });
      else await post("reviews/campaigns", draft);
      toast(draft.state === "on" ? "The campaign is on" : draft.state === "test" ? "The campaign is in test" : "The campaign is kept");
      go("/reviews");
    },
  });
  const { values } = form;
  const wrong = (name) => form.fields.find((field) => field.name === name)?.text;
  const field = (name, props = {}) => html`<${Field} label=${LABELS[name]} ...${form.bind(name)} ...${props} />`;
  const price = (name, bound) => html`<${Field} label=${LABELS[name]} name=${name} inputmode="decimal" value=${values[bound]} onInput=${(value) => form.set(bound, value)} problem=${wrong(name)} />`;
  const box = (name, label) => html`<label class="check" key=${name}><input type="checkbox" checked=${values[name]} onChange=${(event) => form.set(name, event.currentTarget.checked)} />${label}</label>`;
  const among = (name, value, label) => html`<label class="check" key=${value}><input type="checkbox" checked=${values[name].includes(value)} onChange=${(event) => form.set(name, event.currentTarget.checked ? [...values[name], value] : values[name].filter((each) => each !== value))} />${label}</label>`;
  const hours = Array.from({ length: 24 }, (_, hour) => ({ value: String(hour), label: `${String(hour).padStart(2, "0")}:00` }));
  const remove = async () => {
    try {
      await post(`reviews/campaigns/${id}/remove`);
      toast("The campaign is removed");
      go("/reviews");
    } catch (error) {
      form.setProblem(error);
    }
  };
  return html`<div class="two campaign"><form class="stack" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${LABELS} />
      <${Card} title="Campaign"><div class="card-body form">${field("name")}<div class="field"><span class="label" id="state-label">State</span><${Segmented} label="State" value=${values.state} options=${STATES} onChange=${(value) => form.set("state", value)} /><span class="hint">${ABOUT[values.state]}</span></div>
        <div class="field-pair">${field("delay_days", { inputmode: "numeric", hint: "5 to 30, after Amazon's latest delivery date" })}<${Select} label="From hour" hideLabel=${false} value=${String(values.send_hour)} options=${hours} onChange=${(value) => form.set("send_hour", Number(value))} /></div>
        ${field("priority", { inputmode: "numeric", hint: "When several fit an order, the lowest number counts" })}<p class="fine">${policy}</p></div><//>
      <${Card} title="Whose buyers"><div class="card-body form"><fieldset><legend>Marketplaces</legend><p class="hint">None chosen means all</p>${marketplaces.map((item) => among("marketplace_ids", item.marketplace_id, item.name ?? item.country_code))}</fieldset>
        <fieldset><legend>Shipped by</legend><p class="hint">None chosen means both</p>${among("channels", "AMAZON", "Amazon")}${among("channels", "MERCHANT", "Yourself")}</fieldset>
        ${LISTS.map((name) => html`<div key=${name}>${field(name, { hint: "Separated by commas; empty means no limit", autocomplete: "off", spellcheck: false })}</div>`)}
        <div class="field-pair">${price("minimum_price_minor", "minimum_price")}${price("maximum_price_minor", "maximum_price")}</div><${Select} label="Currency of the prices" hideLabel=${false} id="price_currency" value=${values.price_currency} options=${[{ value: "", label: "No price limit" }, ...currencies.map((code) => ({ value: code, label: code }))]} onChange=${(value) => form.set("price_currency", value)} />
        ${field("maximum_age_days", { inputmode: "numeric", hint: "Empty means no limit" })}</div><//>
      <${Card} title="Left out"><div class="card-body form"><fieldset><legend class="visually-hidden">Orders that are left out</legend>${box("exclude_refunded", "Refunded orders")}${box("exclude_returned", "Returned orders")}${box("exclude_late", "Orders shipped after their ship-by date")}</fieldset><p class="fine">Cancelled orders, replacements and orders on your do-not-solicit list are never asked.</p></div><//>
      <div class="form-actions"><${Button} type="submit" kind="primary" busy=${form.busy}>Save<//>${id ? html`<${Button} kind="danger" onClick=${remove}>Remove<//>` : null}</div></form>
    <div class="stack"><${Preview} values=${values} id=${id} /></div></div>`;
}

export function Screen({ campaign_id: campaignId }) {
  const { data, problem, reload } = useResource(`review-campaign:${campaignId}`, (signal) => get("reviews/campaigns", { signal }));
  const marketplaces = useMarketplaces();
  const isNew = campaignId === "new";
  const found = data?.campaigns.find((each) => each.campaign_id === campaignId);
  const crumb = html`<${Link} to="/reviews"><${Icon} name="back" size=${14} />Reviews<//>`;
  if (!may("reviews.manage")) return html`<${PageHead} title="Campaign" crumb=${crumb} /><div class="card"><${Empty} icon="lock" title="Your role does not include this">Owners and admins of your organisation make campaigns.<//></div>`;
  if (data && !isNew && !found) return html`<${PageHead} title="Campaign not found" crumb=${crumb} /><div class="card"><${Empty} icon="star" title="No such campaign">It may have been removed.<//></div>`;
  return html`<${PageHead} title=${isNew ? "New campaign" : (found?.campaign.name ?? "Campaign")} crumb=${crumb} about="Try it out on the right before anything is sent." />
    ${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} />` : null}
    ${data && marketplaces ? html`<${Editor} marketplaces=${marketplaces} key=${campaignId} id=${isNew ? null : campaignId} version=${found?.version} campaign=${isNew ? NEW : found.campaign} policy=${data.policy} />` : problem ? null : html`<div class="two" role="status" aria-label="Loading the campaign"><div class="card bone-card"></div><div class="card bone-card"></div></div>`}`;
}
