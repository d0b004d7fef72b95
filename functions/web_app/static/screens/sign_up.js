import { html, useState } from "../app/lib.js";
import { post } from "../app/api.js";
import { Button, ErrorSummary, Field, Link, Notice } from "../app/components.js";
import { looksLikeEmail, useForm } from "../app/form.js";
import { go, place } from "../app/router.js";
import { Doorstep } from "../app/shell.js";
import { configuration } from "../app/session.js";

const LABELS = { name: "Your name", organisation: "Company", email: "E-mail", password: "Password", code: "Code" };

export function Screen() {
  const form = useForm({ name: "", organisation: "", email: "", password: "" }, {
    check: (values) => ({
      name: values.name.trim() ? "" : "Enter your name",
      organisation: values.organisation.trim() ? "" : "Enter the name of your company or shop",
      email: looksLikeEmail(values.email.trim()) ? "" : "Enter an e-mail address, like name@example.com",
      password: values.password.length >= 12 ? "" : "Use at least 12 characters",
    }),
    submit: async (values) => {
      const email = values.email.trim();
      await post("auth/sign-up", { email, password: values.password, name: values.name.trim(), organisation: values.organisation.trim() }, { public: true });
      go("/confirm", { query: { email } });
    },
  });
  const days = configuration.value?.trial_days;
  const rules = configuration.value?.password_rules;
  return html`<${Doorstep} title="Start your free trial" about=${days ? `${days} days, all features, no card. It ends by itself and costs nothing.` : "All features, no card. It ends by itself and costs nothing."} foot=${html`<p>Already have an account? <${Link} to="/sign-in">Sign in<//></p>`}>
    <form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${LABELS} />
      <${Field} label=${LABELS.name} autocomplete="name" ...${form.bind("name")} /><${Field} label=${LABELS.organisation} autocomplete="organization" hint="Your company or shop. Colleagues will see it." ...${form.bind("organisation")} />
      <${Field} label=${LABELS.email} type="email" autocomplete="username" inputmode="email" spellcheck=${false} ...${form.bind("email")} />
      <${Field} label=${LABELS.password} type="password" autocomplete="new-password" hint=${rules?.length ? rules.join(" · ") : "At least 12 characters"} ...${form.bind("password")} />
      <${Button} type="submit" kind="primary wide" busy=${form.busy}>Create account<//></form><//>`;
}

export function Confirm() {
  const email = place.value.query.get("email") ?? "";
  const [sent, setSent] = useState(false);
  const form = useForm({ email, code: "" }, {
    check: (values) => ({ email: looksLikeEmail(values.email.trim()) ? "" : "Enter the e-mail address you signed up with", code: /^\d{6}$/.test(values.code.trim()) ? "" : "Enter the 6 digits from the e-mail" }),
    submit: async (values) => {
      await post("auth/confirm", { email: values.email.trim(), code: values.code.trim() }, { public: true });
      go("/sign-in", { query: { email: values.email.trim(), confirmed: "1", return: "/welcome" } });
    },
  });
  async function again() {
    try {
      await post("auth/resend-code", { email: form.values.email.trim() }, { public: true });
      setSent(true);
    } catch (problem) {
      form.setProblem(problem);
    }
  }
  return html`<${Doorstep} title="Confirm your e-mail" about=${email ? html`We sent a code of 6 digits to <strong>${email}</strong>.` : "Enter the code of 6 digits we sent you."} foot=${html`<p>Wrong address? <${Link} to="/sign-up">Start again<//></p>`}>
    <form class="form" noValidate onSubmit=${form.onSubmit}><${ErrorSummary} problem=${form.problem} fields=${form.fields} labels=${LABELS} />
      ${sent ? html`<${Notice} kind="good" live title="A new code is on its way"><p>Codes sent before no longer work. Look in the spam folder too.</p><//>` : null}
      ${email ? null : html`<${Field} label="E-mail" type="email" autocomplete="username" inputmode="email" ...${form.bind("email")} />`}
      <${Field} label="Code" code inputmode="numeric" autocomplete="one-time-code" maxlength="6" ...${form.bind("code")} />
      <${Button} type="submit" kind="primary wide" busy=${form.busy}>Confirm<//><p class="door-links"><button type="button" class="link-button" onClick=${again}>Send a new code</button></p></form><//>`;
}
