import { html } from "../app/lib.js";
import { get } from "../app/api.js";
import { ButtonLink, Card, Icon, Link, PageHead } from "../app/components.js";
import { durationWords, moment } from "../app/format.js";
import { now, useResource } from "../app/resource.js";
import { configuration, me } from "../app/session.js";

export function Screen() {
  const { member, tenant } = me.value;
  const { data } = useResource("connections", (signal) => get("connections", { signal }));
  const connected = (data?.connections ?? []).some((connection) => !["disconnected", "revoked", "erasing"].includes(connection.status));
  const steps = [
    { title: "Your account", text: `${tenant.name} is set up and you own it.`, done: true },
    { title: "Connect an Amazon account", text: "You see what is read and why, then agree on Amazon's own page. It takes about two minutes.", done: connected, to: "/connect", action: "Connect an Amazon account" },
    { title: "See your orders arrive", text: "Recent orders show within a minute; older ones follow in the background.", done: false, to: connected ? "/" : null, action: "Open the overview" },
    { title: "Protect your account", text: "Switch on two-step verification, so that a stolen password is not enough.", done: member.mfa_enabled, to: "/settings", action: "Open the settings", quiet: true },
  ];
  const current = steps.findIndex((step) => !step.done);
  const left = tenant.trial_ends_at ? (Date.parse(tenant.trial_ends_at) - now.value) / 1000 : 0;
  return html`<${PageHead} title=${`Welcome, ${(member.name || "").split(" ")[0] || "there"}`} about="Three short steps and your shop is on screen." />
    <div class="welcome"><${Card} title="What to do first"><ol class="todo" key=${data ? "known" : "wait"}>${steps.map((step, index) => html`<li key=${step.title} class=${step.done ? "done" : index === current ? "current" : ""}><span class="dot" aria-hidden="true">${step.done ? html`<${Icon} name="check" size=${14} />` : index + 1}</span><div><h3>${step.title}${step.done ? html`<span class="visually-hidden">, done</span>` : null}</h3><p>${step.text}</p>${step.to && !step.done ? (step.quiet ? html`<${Link} to=${step.to} class="inline">${step.action}<//>` : html`<${ButtonLink} to=${step.to} kind=${index === current ? "primary" : ""}>${step.action}<//>`) : null}</div></li>`)}</ol><//>
      <div class="stack"><${Card} title="Your trial"><div class="card-body tight"><p class="big">${left > 0 ? durationWords(left) : "Ended"}</p><p>${left > 0 ? html`left of ${configuration.value?.trial_days ?? ""} days, until ${moment(tenant.trial_ends_at)}.` : "Your data is kept; nothing is billed."}</p>
        <ul class="ticks"><li><${Icon} name="check" />All features</li><li><${Icon} name="check" />No card asked for, so nothing can be billed</li><li><${Icon} name="check" />Ends by itself</li></ul></div><//>
        <${Card} title="What Quayside never does"><div class="card-body tight"><ul class="ticks"><li><${Icon} name="lock" />Ask for your Amazon password or keys</li><li><${Icon} name="lock" />Mix your data with another seller's</li><li><${Icon} name="lock" />Keep access after you disconnect</li></ul></div><//></div></div>`;
}
