// What this browser remembers: the theme and the hint that a session may exist. Never a token, never data of a seller.
const PREFIX = "quayside.";

/** Return a remembered word, or null when there is none or storage is switched off. */
export function recall(name) {
  try {
    return window.localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** Remember a word; null forgets it. A browser without storage forgets at once, which harms nothing. */
export function remember(name, value) {
  try {
    if (value === null) window.localStorage.removeItem(PREFIX + name);
    else window.localStorage.setItem(PREFIX + name, value);
  } catch {
    // See above.
  }
}

/** Call back when another tab changes a remembered word. */
export function onRemoteChange(name, callback) {
  window.addEventListener("storage", (event) => {
    if (event.key === PREFIX + name) callback(event.newValue);
  });
}
