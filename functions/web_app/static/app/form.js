import { useState } from "./lib.js";
import { Problem } from "./api.js";

/**
 * State of a form: what is typed, what is wrong, and whether it is on its way.
 *
 * `check(values)` returns `{field: text}` for what can be seen wrong here; the server has the last word, and its words are
 * shown beside the same fields. What was typed always stays.
 */
export function useForm(initial, { check = () => ({}), submit }) {
  const [values, setValues] = useState(initial);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);

  const fields = problem?.fields ?? [];
  const of = (name) => fields.find((field) => field.name === name)?.text;

  async function onSubmit(event) {
    event?.preventDefault();
    if (busy) return;
    const found = Object.entries(check(values)).filter(([, text]) => text);
    if (found.length) {
      setProblem(new Problem({ title: "There is a problem", fields: found.map(([name, detail]) => ({ name, detail })) }));
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      await submit(values);
    } catch (error) {
      setProblem(error instanceof Problem ? error : new Problem({ title: "That did not work", detail: String(error.message || error), action: "Try again." }));
    } finally {
      setBusy(false);
    }
  }

  return {
    values, problem, busy, onSubmit, setProblem, fields,
    set: (name, value) => setValues((old) => ({ ...old, [name]: value })),
    bind: (name) => ({ name, value: values[name], onInput: (value) => setValues((old) => ({ ...old, [name]: value })), problem: of(name) }),
  };
}

/** Is this plausibly an e-mail address? Only typing slips are caught here. */
export const looksLikeEmail = (text) => /^\S+@\S+\.\S+$/.test(text);
