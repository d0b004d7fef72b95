import { signal, useCallback, useEffect, useRef, useState } from "./lib.js";
import { Problem } from "./api.js";

const known = new Map();
const arrivals = new WeakMap();

/** When an answer arrived here, in milliseconds: an age in it has grown since. */
export const arrivedAt = (data) => arrivals.get(data) ?? Date.now();

/** Drop everything read so far: on sign-out nothing of a seller stays behind. */
export function forgetResources() {
  known.clear();
}

/** Ticks every ten seconds; ages on screen are read from it. */
export const now = signal(Date.now());
window.setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 10_000);

/**
 * Read something from the API and keep it.
 *
 * `key` names what is read; the last answer under a key shows at once while a new one is on its way. With `every`
 * (milliseconds) it is read again and again, paused while the tab is hidden. Data stays on screen when a later read
 * fails; `problem` then says why the figures are old. `put` shows an answer that came another way, such as that of a change.
 */
export function useResource(key, load, { every = 0 } = {}) {
  const [state, setState] = useState({ key, data: known.get(key), problem: null, loading: true });
  const loader = useRef(load);
  loader.current = load;
  const run = useRef(null);

  const put = useRef(null);
  const reload = useCallback(() => run.current?.(), []);
  const show = useCallback((data) => put.current?.(data), []);

  useEffect(() => {
    if (key === null) return undefined;
    let stopped = false;
    let timer = 0;
    let abort = null;
    let readAt = 0;

    async function readOnce() {
      window.clearTimeout(timer);
      abort?.abort();
      abort = new AbortController();
      const mine = abort;
      setState((old) => ({ key, data: old.key === key ? old.data : known.get(key), problem: old.key === key ? old.problem : null, loading: true }));
      try {
        const data = await loader.current(mine.signal);
        if (stopped || mine !== abort) return;
        keep(data);
      } catch (error) {
        if (stopped || mine !== abort || error.name === "AbortError") return;
        const problem = error instanceof Problem ? error : new Problem({ title: "This part could not be shown", detail: String(error.message || error), action: "Reload the page." });
        setState((old) => ({ ...old, key, problem, loading: false }));
      }
      plan();
    }
    function keep(data) {
      known.set(key, data);
      readAt = Date.now();
      now.value = readAt;
      arrivals.set(data, readAt);
      setState({ key, data, problem: null, loading: false });
    }
    function plan() {
      if (every && !stopped && !document.hidden) timer = window.setTimeout(readOnce, every);
    }
    function visible() {
      window.clearTimeout(timer);
      if (!document.hidden && every) {
        if (Date.now() - readAt >= every) readOnce();
        else plan();
      }
    }
    run.current = readOnce;
    put.current = (data) => {
      if (stopped) return;
      // A reading that began before the change would show what was before it.
      window.clearTimeout(timer);
      abort?.abort();
      abort = null;
      keep(data);
      plan();
    };
    readOnce();
    document.addEventListener("visibilitychange", visible);
    window.addEventListener("online", readOnce);
    return () => {
      stopped = true;
      window.clearTimeout(timer);
      abort?.abort();
      document.removeEventListener("visibilitychange", visible);
      window.removeEventListener("online", readOnce);
    };
  }, [key, every]);

  if (state.key !== key) return { data: known.get(key), problem: null, loading: true, reload, put: show };
  return { ...state, reload, put: show };
}
