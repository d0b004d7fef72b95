import { html, useState } from "../app/lib.js";
import { patch, post } from "../app/api.js";
import { Button, ButtonLink, Card, Dialog, ErrorSummary, Field, Icon, Link, PageHead, Segmented, State } from "../app/components.js";
import { useForm } from "../app/form.js";
import { durationWords, moment, sentence } from "../app/format.js";
import { now } from "../app/resource.js";
import { configuration, end, may, me } from "../app/session.js";
import { toast } from "../app/shell.js";
import { theme } from "../app/theme.js";
import { AuthenticatorKey } from "./qr.js";

function Name({ id, label, value, save, hint }) {
  const form = useForm({ [id]: value }, {
    check: (values) => ({ [id]: values[id].trim() ? "" : "Enter a name" }),
    submit: async (values) => {
      await save(values[id].trim());
      toast("Saved");
    },
  });
  return html`<form class="form name-form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields.map((field) => ({ ...field, name: field.name === "name" ? id : field.name }))} labels=${{ [id]: label }} /><div class="inline-form"><${Field} label=${label} hint=${hint} ...${form.bind(id)} /><${Button} type="submit" busy=${form.busy} disabled=${form.values[id].trim() === value}>Save<//></div></form>`;
}

function TwoStep() {
  const enabled = me.value.member.mfa_enabled;
  const required = configuration.value?.mfa_mode === "required";
  const [key, setKey] = useState(null);
  const [closing, setClosing] = useState(false);
  const [busy, setBusy] = useState(false);
  const asked = (on) => ({
    check: ({ code }) => ({ code: /^\d{6}$/.test(code.trim()) ? "" : "Enter the 6 digits the app shows" }),
    submit: async ({ code }) => {
      await post(on ? "auth/mfa/confirm" : "auth/mfa/disable", { code: code.trim() });
      me.value = { ...me.value, member: { ...me.value.member, mfa_enabled: on } };
      setKey(null);
      setClosing(false);
      toast(on ? "Two-step verification is on" : "Two-step verification is off");
    },
  });
  const on = useForm({ code: "" }, asked(true));
  const off = useForm({ code: "" }, asked(false));
  const [problem, setProblem] = useState(null);
  async function begin() {
    setBusy(true);
    setProblem(null);
    try {
      setKey(await post("auth/mfa/begin"));
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  }
  const code = (form) => html`<${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ code: "Code" }} /><${Field} label="Code from your authenticator app" code inputmode="numeric" autocomplete="one-time-code" maxlength="6" ...${form.bind("code")} />`;
  return html`<${Card} title="Two-step verification" end=${html`<${State} kind=${enabled ? "good" : "warn"}>${enabled ? "On" : "Off"}<//>`}><div class="card-body tight stack-s"><p>${enabled ? "Signing in asks for a code from your authenticator app as well." : "With it, a stolen password is not enough to get in. You need an authenticator app on your phone."}</p>
    <${ErrorSummary} problem=${problem} />
    <div>${enabled ? (required ? html`<p class="fine">This Quayside requires it for everyone.</p>` : html`<${Button} onClick=${() => setClosing(true)}>Switch off…<//>`) : html`<${Button} kind="primary" busy=${busy} onClick=${begin}>Switch on…<//>`}</div></div>
    ${key ? html`<${Dialog} title="Switch on two-step verification" onClose=${() => setKey(null)}><form class="form" noValidate onSubmit=${on.onSubmit}><${AuthenticatorKey} secret=${key.secret} uri=${key.otpauth_uri} />${code(on)}<${Button} type="submit" kind="primary wide" busy=${on.busy}>Switch on<//></form><//>` : null}
    ${closing ? html`<${Dialog} title="Switch off two-step verification?" onClose=${() => setClosing(false)}><form class="form" noValidate onSubmit=${off.onSubmit}><p>From then on your password alone opens your account.</p>${code(off)}<div class="form-actions"><${Button} type="submit" kind="danger" busy=${off.busy}>Switch off<//><${Button} kind="quiet" onClick=${() => setClosing(false)}>Keep it on<//></div></form><//>` : null}<//>`;
}

function Sessions() {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  async function out() {
    setBusy(true);
    try {
      await end({ everywhere: true });
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }
  return html`<${Card} title="Devices"><div class="card-body tight stack-s"><p>Lost a device, or used one that is not yours? End every session, this one too.</p><div class="form-actions"><${Button} onClick=${() => setAsking(true)}>Sign out everywhere…<//><${Button} kind="quiet" onClick=${() => end()}>Sign out here<//></div></div>
    ${asking ? html`<${Dialog} title="Sign out everywhere?" onClose=${() => setAsking(false)}><${ErrorSummary} problem=${problem} /><p>Every device, this one included, has to sign in again.</p><div class="form-actions"><${Button} kind="primary" busy=${busy} onClick=${out}>Sign out everywhere<//><${Button} kind="quiet" onClick=${() => setAsking(false)}>Stay signed in<//></div><//>` : null}<//>`;
}

export function Screen() {
  const { member, tenant } = me.value;
  const left = tenant.trial_ends_at ? (Date.parse(tenant.trial_ends_at) - now.value) / 1000 : 0;
  return html`<${PageHead} title="Settings" /><div class="settings"><div class="stack"><${Card} title="You"><div class="card-body tight stack-s"><${Name} id="your_name" label="Your name" value=${member.name ?? ""} save=${async (name) => { await patch("me", { name }); me.value = { ...me.value, member: { ...me.value.member, name } }; }} />
        <dl class="facts"><dt>E-mail</dt><dd>${member.email}</dd><dt>Role</dt><dd>${sentence(member.role)}</dd></dl></div><//>
      <${TwoStep} /><${Sessions} /></div>
    <div class="stack"><${Card} title="Organisation"><div class="card-body tight stack-s">${may("tenant.manage") ? html`<${Name} id="organisation_name" label="Name" value=${tenant.name} save=${async (name) => { await patch("tenant", { name }); me.value = { ...me.value, tenant: { ...me.value.tenant, name } }; }} />` : html`<dl class="facts"><dt>Name</dt><dd>${tenant.name}</dd></dl>`}
        <dl class="facts"><dt>Plan</dt><dd>${sentence(tenant.plan)}</dd><dt>Trial</dt><dd>${tenant.trial_ends_at ? (left > 0 ? `${durationWords(left)} left, until ${moment(tenant.trial_ends_at)}` : `Ended ${moment(tenant.trial_ends_at)}`) : "–"}</dd><dt>Since</dt><dd>${moment(tenant.created_at)}</dd></dl><p class="fine">No card is on file. A trial cannot bill.</p></div><//>
      <${Card} title="Appearance"><div class="card-body tight"><${Segmented} label="Theme" value=${theme.value} onChange=${(value) => (theme.value = value)} options=${[{ value: "system", label: "As the system" }, { value: "light", label: "Light" }, { value: "dark", label: "Dark" }]} /><p class="fine gap-above">Kept in this browser. Press <kbd>?</kbd> anywhere for keyboard shortcuts.</p></div><//>
      ${may("audit.read") ? html`<${Card} title="Audit trail"><div class="card-body tight"><p>Who signed in, what was changed, and what was refused.</p><${Link} to="/settings/audit" class="inline"><${Icon} name="lock" />Open the audit trail<//></div><//>` : null}
      <${Card} title="Your data"><div class="card-body tight stack-s"><p>What is being erased, the receipts of what was, and closing the account.</p><div><${ButtonLink} to="/settings/data">Your data<//></div></div><//>
      <${Card} title="Trust"><div class="card-body tight stack-s"><p>What is promised about your data, when it was last proved, and who else handles it.</p><${Link} to="/trust" class="inline"><${Icon} name="check" />Promises and their proof<//></div><//>
      <${Card} title="For developers"><div class="card-body tight"><${Link} to="/docs" class="inline"><${Icon} name="book" />API reference<//></div><//></div></div>`;
}
