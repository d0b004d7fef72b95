import { html, useState } from "../app/lib.js";
import { post } from "../app/api.js";
import { Button, ErrorSummary, Field, Link, Notice } from "../app/components.js";
import { looksLikeEmail, useForm } from "../app/form.js";
import { go, place } from "../app/router.js";
import { Doorstep } from "../app/shell.js";
import { configuration } from "../app/session.js";

const LABELS = { email: "E-mail", code: "Code", new_password: "New password" };
const EMAIL_PROBLEM = "Enter an e-mail address, like name@example.com";

function Ask({ onSent }) {
  const form = useForm({ email: place.value.query.get("email") ?? "" }, {
    check: ({ email }) => ({ email: looksLikeEmail(email.trim()) ? "" : EMAIL_PROBLEM }),
    submit: async ({ email }) => {
      await post("auth/forgot-password", { email: email.trim() }, { public: true });
      onSent(email.trim());
    },
  });
  return html`<form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${LABELS} />
    <${Field} label="E-mail" type="email" autocomplete="username" inputmode="email" spellcheck=${false} ...${form.bind("email")} /><${Button} type="submit" kind="primary wide" busy=${form.busy}>Send a code<//></form>`;
}

function Reset({ email }) {
  const form = useForm({ code: "", new_password: "" }, {
    check: (values) => ({ code: /^\d{6}$/.test(values.code.trim()) ? "" : "Enter the 6 digits from the e-mail", new_password: values.new_password.length >= 12 ? "" : "Use at least 12 characters" }),
    submit: async (values) => {
      await post("auth/reset-password", { email, code: values.code.trim(), new_password: values.new_password }, { public: true });
      go("/sign-in", { query: { email, reset: "1" } });
    },
  });
  return html`<form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${LABELS} />
    <${Notice} title="Look in your inbox"><p>If ${email} has an account, a code of 6 digits is on its way. It works for one hour.</p><//>
    <${Field} label="Code" code inputmode="numeric" autocomplete="one-time-code" maxlength="6" ...${form.bind("code")} />
    <${Field} label="New password" type="password" autocomplete="new-password" hint=${configuration.value?.password_rules?.join(" · ")} ...${form.bind("new_password")} />
    <${Button} type="submit" kind="primary wide" busy=${form.busy}>Change the password<//></form>`;
}

export function Screen() {
  const [sentTo, setSentTo] = useState(null);
  return html`<${Doorstep} title=${sentTo ? "Choose a new password" : "Forgot your password?"} about=${sentTo ? null : "Tell us your e-mail address and we send you a code to choose a new one."} foot=${html`<p>Remembered it? <${Link} to="/sign-in">Sign in<//></p>`}>${sentTo ? html`<${Reset} email=${sentTo} />` : html`<${Ask} onSent=${setSentTo} />`}<//>`;
}
