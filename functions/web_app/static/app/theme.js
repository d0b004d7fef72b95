import { effect, signal } from "./lib.js";
import { recall, remember } from "./storage.js";

const stored = recall("theme");

/** "system", "light" or "dark"; kept in this browser. */
export const theme = signal(stored === "light" || stored === "dark" ? stored : "system");

/** Counts changes of the shown theme, whoever made them: canvases repaint on it. */
export const themeChanges = signal(0);

const dark = window.matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", () => (themeChanges.value += 1));

effect(() => {
  const chosen = theme.value;
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  remember("theme", chosen === "system" ? null : chosen);
  themeChanges.value = themeChanges.peek() + 1;
});

/** Is the dark theme on screen now? */
export function isDark() {
  return theme.value === "dark" || (theme.value === "system" && dark.matches);
}

/** Return a token's colour as the browser paints it now. */
export function paint(token) {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
