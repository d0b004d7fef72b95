import { html, useState } from "../app/lib.js";
import { get, post, put } from "../app/api.js";
import { Ago, Bone, Button, ButtonLink, Card, Empty, Icon, Link, Notice, PageHead, ProblemNotice, Segmented, Select } from "../app/components.js";
import { Tile, TileBone } from "../app/figures.js";
import { useForm } from "../app/form.js";
import { count, day, plural } from "../app/format.js";
import { useResource } from "../app/resource.js";
import { place, setQuery } from "../app/router.js";
import { may } from "../app/session.js";
import { toast } from "../app/shell.js";
import { marketplaceOptions, useMarketplaces } from "./marketplaces.js";
import { CampaignState } from "./review_words.js";

const PERIODS = [{ value: "7", label: "7 days" }, { value: "30", label: "30 days" }, { value: "90", label: "90 days" }];
const NEW_CAMPAIGN = "/reviews/campaigns/new";
const LABELS = ["Requests sent", "Waiting", "Skipped", "Eligible rate"];
const PARTS = [["sent", "Sent", "one"], ["tested", "Tested", "three"], ["skipped", "Skipped", "hollow"]];

/** Bars of a few counts a day, one above the other, with a zero line, and the table behind them. */
function Days({ days }) {
  const [at, setAt] = useState(null);
  const most = Math.max(1, ...days.map((item) => item.sent + item.tested + item.skipped));
  const width = 720, height = 160, left = 40, step = (width - left) / days.length;
  const shown = at === null ? null : days[at];
  const sum = (name) => days.reduce((total, item) => total + item[name], 0);
  const describe = `Orders decided a day from ${day(days[0].day)} to ${day(days[days.length - 1].day)}: ${PARTS.map(([name, label]) => `${count(sum(name))} ${label.toLowerCase()}`).join(", ")}. Use the arrow keys to read single days.`;
  const move = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    setAt((old) => Math.max(0, Math.min(days.length - 1, (old ?? (by > 0 ? -1 : days.length)) + by)));
  };
  const bar = (item, index) => {
    let top = height;
    return PARTS.map(([name, , key]) => {
      const tall = (item[name] / most) * (height - 12);
      top -= tall;
      return tall ? html`<rect key=${name + index} class=${`bar-${key}`} x=${left + index * step + step * 0.14} y=${top} width=${Math.max(1, step * 0.72)} height=${tall} />` : null;
    });
  };
  const every = Math.ceil(days.length / 8);
  return html`<div class="chart review-chart"><p class="chart-read" aria-live="polite">${shown ? html`<strong>${day(shown.day, { weekday: true })}</strong>${PARTS.map(([name, label, key]) => html`<span key=${name}><i class=${`key ${key}`}></i>${count(shown[name])} ${label.toLowerCase()}</span>`)}` : PARTS.map(([name, label, key]) => html`<span key=${name}><i class=${`key ${key}`}></i>${label}</span>`)}</p>
    <svg viewBox=${`0 0 ${width + 18} ${height + 24}`} role="img" tabindex="0" aria-label=${describe} onKeyDown=${move} onBlur=${() => setAt(null)} onMouseLeave=${() => setAt(null)} onMouseMove=${(event) => { const box = event.currentTarget.getBoundingClientRect(); const x = ((event.clientX - box.left) / box.width) * (width + 18) - left; setAt(x < 0 ? null : Math.min(days.length - 1, Math.floor(x / step))); }}>
      <text x=${left - 6} y="14" text-anchor="end">${count(most)}</text><text x=${left - 6} y=${height} text-anchor="end">0</text><line x1=${left} x2=${width} y1=${height} y2=${height} />
      ${days.map(bar)}${days.map((item, index) => ((days.length - 1 - index) % every === 0 ? html`<text key=${item.day} x=${left + index * step + step / 2} y=${height + 18} text-anchor="middle">${day(item.day)}</text>` : null))}</svg>
    <details><summary>As a table</summary><div class="table-wrap days-table" tabindex="0" role="region" aria-label="Orders decided a day, as a table"><table><thead><tr><th>Day</th>${PARTS.map(([name, label]) => html`<th key=${name} class="number">${label}</th>`)}</tr></thead><tbody>${[...days].reverse().map((item) => html`<tr key=${item.day}><td>${day(item.day, { weekday: true })}</td>${PARTS.map(([name]) => html`<td key=${name} class="number">${count(item[name])}</td>`)}</tr>`)}</tbody></table></div></details></div>`;
}

/** What goes when, day by day. */
function Calendar({ days }) {
  const total = days.reduce((sum, item) => sum + item.planned, 0);
  return html`<${Card} title="What goes when" about=${total ? `${plural(total, "request")} in the next 5 weeks` : null}><div class="card-body">${total ? html`<ol class="calendar">${days.map((item) => html`<li key=${item.day} class=${item.planned ? "some" : ""}><span>${day(item.day, { weekday: true })}</span><strong>${item.planned ? count(item.planned) : "–"}</strong></li>`)}</ol>` : html`<p class="fine">Nothing is planned. Orders appear here when they are shipped and a campaign is on or in test.</p>`}</div><//>`;
}

function Campaigns({ campaigns }) {
  const manage = may("reviews.manage");
  return html`<${Card} title="Campaigns" end=${manage ? html`<${Link} to=${NEW_CAMPAIGN}>New campaign<//>` : null}>${campaigns.length ? html`<ul class="feed">${campaigns.map(({ campaign_id: id, campaign }) => html`<li key=${id}><div><${Link} to=${`/reviews/campaigns/${id}`} class="row-link clip">${campaign.name}<//><small>${campaign.delay_days} days after delivery, from ${String(campaign.send_hour).padStart(2, "0")}:00 · priority ${campaign.priority}</small></div><div class="feed-end"><${CampaignState} state=${campaign.state} /></div></li>`)}</ul>`
    : html`<${Empty} icon="star" title="No campaign yet" action=${manage ? html`<${ButtonLink} to=${NEW_CAMPAIGN} kind="primary">Make a campaign<//>` : null}>A campaign says whose buyers are asked for a review, and when. Try it out before anything is sent.<//>`}<//>`;
}

function Barred() {
  const { data, problem, reload, put: show } = useResource("reviews:barred", (signal) => get("reviews/do-not-solicit", { signal }));
  const manage = may("reviews.manage");
  const form = useForm({ order_ids: "" }, {
    check: ({ order_ids: text }) => ({ order_ids: text.trim() ? "" : "Enter an order number" }),
    submit: async ({ order_ids: text }) => {
      show(await post("reviews/do-not-solicit", { order_ids: text.split(/[\s,;]+/).filter(Boolean) }));
      form.set("order_ids", "");
      toast("These buyers are never asked");
    },
  });
  const wrong = form.fields.find((field) => field.name === "order_ids")?.text;
  return html`<${Card} title="Do not solicit" about="Orders whose buyers are never asked"><div class="card-body stack-s">
    ${manage ? html`<form class="form" noValidate onSubmit=${form.onSubmit}><div class="field"><label for="order_ids">Order numbers</label>${wrong || form.problem ? html`<span class="problem" id="order_ids-problem" role="alert"><${Icon} name="error" size=${18} />${wrong ?? form.problem.detail}</span>` : null}<input id="order_ids" class="input" value=${form.values.order_ids} placeholder="114-1234567-1234567" aria-invalid=${wrong ? "true" : undefined} aria-describedby=${wrong ? "order_ids-problem" : undefined} onInput=${(event) => form.set("order_ids", event.currentTarget.value)} /></div><div class="form-actions"><${Button} type="submit" busy=${form.busy}>Put on the list<//></div></form>` : null}
    ${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact />` : null}
    ${data && !data.orders.length ? html`<p class="fine">The list is empty.</p>` : null}
    ${data?.orders.length ? html`<ul class="feed">${data.orders.map((order) => html`<li key=${order.order_id}><div><${Link} to=${`/orders/${encodeURIComponent(order.order_id)}`} class="row-link">${order.order_id}<//><small>since <${Ago} at=${order.added_at} /></small></div><div class="feed-end">${manage ? html`<${Button} kind="small" aria-label=${`Take ${order.order_id} off the list`} onClick=${async () => show(await post(`reviews/do-not-solicit/${encodeURIComponent(order.order_id)}/remove`))}>Take off<//>` : null}</div></li>`)}</ul>` : null}</div><//>`;
}

export function Screen() {
  const { query } = place.value;
  const days = PERIODS.some((item) => item.value === query.get("days")) ? query.get("days") : "30";
  const marketplaceId = query.get("marketplace_id") ?? "";
  const marketplaces = useMarketplaces();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState(null);
  const { data, problem, reload } = useResource(`reviews:${days}:${marketplaceId}`, (signal) => get("reviews", { query: { days, marketplace_id: marketplaceId }, signal }), { every: 30_000 });
  async function pause(paused) {
    setBusy(true);
    setRefused(null);
    try {
      await put("reviews/pause", { paused });
      toast(paused ? "All requests are paused" : "Requests go on");
      reload();
    } catch (error) {
      setRefused(error);
    } finally {
      setBusy(false);
    }
  }
  const about = data ? (data.as_of ? html`Decided <${Ago} at=${data.as_of} />` : "Nothing was decided yet.") : problem ? "The requests could not be read." : html`<${Bone} width="20ch" />`;
  return html`<${PageHead} title="Reviews" about=${about}><${Select} label="Marketplace" value=${marketplaceId} options=${marketplaceOptions(marketplaces)} onChange=${(value) => setQuery({ marketplace_id: value }, { replace: true })} /><${Segmented} label="Period" value=${days} options=${PERIODS} onChange=${(value) => setQuery({ days: value === "30" ? "" : value }, { replace: true })} />
      <${ButtonLink} to="/reviews/log"><${Icon} name="file" />Log<//>${may("reviews.manage") ? html`<${Button} class="pause-all" busy=${busy} disabled=${!data} onClick=${() => pause(!data.paused)}><${Icon} key=${data?.paused ? "play" : "pause"} name=${data?.paused ? "play" : "pause"} />${data?.paused ? "Go on" : "Pause all"}<//>` : null}<//>
    <div class="stack">${refused ? html`<${ProblemNotice} problem=${refused} />` : null}${problem ? html`<${ProblemNotice} problem=${problem} retry=${reload} compact=${Boolean(data)} />` : null}
    ${data?.paused ? html`<${Notice} kind="warn" title="All review requests are paused"><p>Nothing goes out since <${Ago} at=${data.paused_at} />. An order whose window closes meanwhile is not asked any more.</p><//>` : null}
    ${data ? html`<div class="tiles reviews-tiles">${data.figures.map((figure, index) => html`<${Tile} key=${figure.method.id} label=${LABELS[index]} figure=${figure} against="" />`)}</div>
      <div class="two"><div class="stack"><${Card} title="Decided" about="by day of the marketplace"><div class="card-body"><${Days} days=${data.days} /></div><//><${Calendar} days=${data.calendar} /></div><div class="stack"><${Campaigns} campaigns=${data.campaigns} /><p class="fine">${data.policy} Requests go through Amazon alone; Quayside reads nothing of the buyer.</p><${Barred} /></div></div>`
      : problem ? null : html`<div class="stack" role="status" aria-label="Loading the review requests"><div class="tiles" aria-hidden="true">${LABELS.map((label) => html`<${TileBone} key=${label} label=${label} />`)}</div><div class="two"><div class="card bone-card"></div><div class="card bone-card"></div></div></div>`}</div>`;
}

