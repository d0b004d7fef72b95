import { html, useState } from "../app/lib.js";
import { post } from "../app/api.js";
import { Button, ErrorSummary, Field, Link, Notice } from "../app/components.js";
import { looksLikeEmail, useForm } from "../app/form.js";
import { go, place } from "../app/router.js";
import { Doorstep } from "../app/shell.js";
import { begin, configuration } from "../app/session.js";
import { AuthenticatorKey } from "./qr.js";

function Arrival() {
  const { query } = place.value;
  if (query.get("ended")) return html`<${Notice} kind="warn" title="Your session has ended"><p>Sign in again and you are back where you were.</p><//>`;
  if (query.get("out") === "everywhere") return html`<${Notice} kind="good" title="Signed out everywhere"><p>Every device has to sign in again.</p><//>`;
  if (query.get("out")) return html`<${Notice} kind="good" title="You are signed out"><//>`;
  if (query.get("confirmed")) return html`<${Notice} kind="good" title="Your e-mail is confirmed"><p>Sign in to start your trial.</p><//>`;
  if (query.get("reset")) return html`<${Notice} kind="good" title="Your password is changed"><p>Sign in with the new one.</p><//>`;
  if (query.get("return")) return html`<${Notice} title="Sign in to see that page"><//>`;
  return null;
}

function Credentials({ email, onAnswer }) {
  const form = useForm({ email, password: "" }, {
    check: ({ email: address, password }) => ({ email: looksLikeEmail(address.trim()) ? "" : "Enter an e-mail address, like name@example.com", password: password ? "" : "Enter your password" }),
    submit: async ({ email: address, password }) => {
      try {
        await onAnswer(await post("auth/sign-in", { email: address.trim(), password }, { public: true }), address.trim());
      } catch (problem) {
        if (problem.code === "email_not_confirmed") go("/confirm", { query: { email: address.trim() } });
        else if (problem.code === "password_reset_required") go("/forgot-password", { query: { email: address.trim() } });
        else throw problem;
      }
    },
  });
  return html`<form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ email: "E-mail", password: "Password" }} />
    <${Field} label="E-mail" type="email" autocomplete="username" inputmode="email" spellcheck=${false} ...${form.bind("email")} />
    <${Field} label="Password" type="password" autocomplete="current-password" ...${form.bind("password")} />
    <${Button} type="submit" kind="primary wide" busy=${form.busy}>Sign in<//><p class="door-links"><${Link} to="/forgot-password" query=${{ email: form.values.email.trim() }}>Forgot your password?<//></p></form>`;
}

/** A question between the password and the session: a code, a new authenticator, a new password. */
function Challenge({ email, answer, onAnswer, onBack }) {
  const kind = answer.challenge;
  const wantsPassword = kind === "NEW_PASSWORD_REQUIRED";
  const form = useForm({ code: "", new_password: "" }, {
    check: ({ code, new_password: password }) => (wantsPassword ? { new_password: password.length >= 12 ? "" : "Use at least 12 characters" } : { code: /^\d{6}$/.test(code.trim()) ? "" : "Enter the 6 digits the app shows" }),
    submit: async ({ code, new_password: password }) => onAnswer(await post("auth/challenge", { email, challenge: kind, session: answer.session, ...(wantsPassword ? { new_password: password } : { code: code.trim() }) }, { public: true }), email),
  });
  const rules = configuration.value?.password_rules;
  return html`<form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${{ code: "Code", new_password: "New password" }} />
    ${kind === "MFA_SETUP" ? html`<${AuthenticatorKey} secret=${answer.secret} uri=${answer.otpauth_uri} />` : null}
    ${wantsPassword ? html`<${Field} label="New password" type="password" autocomplete="new-password" hint=${rules?.join(" · ")} ...${form.bind("new_password")} />`
      : html`<${Field} label="Code from your authenticator app" code inputmode="numeric" autocomplete="one-time-code" maxlength="6" ...${form.bind("code")} />`}
    <${Button} type="submit" kind="primary wide" busy=${form.busy}>Continue<//><p class="door-links"><button type="button" class="link-button" onClick=${onBack}>Use another account</button></p></form>`;
}

const CHALLENGES = {
  SOFTWARE_TOKEN_MFA: ["One more step", "Two-step verification keeps your account safe even if someone learns your password."],
  MFA_SETUP: ["Set up two-step verification", "This Quayside asks everyone for a second step. It takes a minute, once."],
  NEW_PASSWORD_REQUIRED: ["Choose your own password", "The one you used was a first password from someone else."],
};

export function Screen() {
  const [email, setEmail] = useState(place.value.query.get("email") ?? "");
  const [answer, setAnswer] = useState(null);
  async function onAnswer(next, address) {
    setEmail(address);
    // Amazon's answer waits in memory for a person who had to sign in first.
    if (next.kind === "session") await begin(next, place.value.path === "/connect/callback" ? { to: "/connect/callback" } : {});
    else setAnswer(next);
  }
  const [title, about] = answer ? CHALLENGES[answer.challenge] ?? ["One more step", ""] : ["Sign in", null];
  const days = configuration.value?.trial_days;
  return html`<${Doorstep} title=${title} about=${about} foot=${answer ? null : html`<p>New here? <${Link} to="/sign-up">Start a free trial<//>${days ? ` of ${days} days. No card needed.` : "."}</p><p><${Link} to="/trust">What we promise about your data<//></p>`}>
    ${answer ? html`<${Challenge} key=${answer.session} email=${email} answer=${answer} onAnswer=${onAnswer} onBack=${() => setAnswer(null)} />` : html`<${Arrival} /><${Credentials} email=${email} onAnswer=${onAnswer} />`}<//>`;
}
