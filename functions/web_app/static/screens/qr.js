// A QR code as one SVG path, drawn in the browser: the secret in it never leaves the page.
import { html, useEffect, useState } from "../app/lib.js";

/** Shows a text as a QR code of `size` pixels; the room is reserved while the library loads. */
export function QrCode({ text, size = 184, label }) {
  const [code, setCode] = useState(null);
  useEffect(() => {
    let gone = false;
    import("../vendor/uqr.js").then(({ encode }) => {
      if (gone) return;
      const { data, size: cells } = encode(text, { ecc: "M", border: 2 });
      setCode({ cells, path: data.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x} ${y}h1v1h-1z`] : []))).join("") });
    }, () => setCode({ failed: true }));
    return () => { gone = true; };
  }, [text]);
  return html`<div class="qr" style=${{ width: `${size}px`, height: `${size}px` }}>${code?.path ? html`<svg width=${size} height=${size} viewBox=${`0 0 ${code.cells} ${code.cells}`} role="img" aria-label=${label} shape-rendering="crispEdges"><path fill="#fff" d=${`M0 0h${code.cells}v${code.cells}H0z`} /><path fill="#10161c" d=${code.path} /></svg>` : code?.failed ? html`<p>Use the key below.</p>` : null}</div>`;
}

/** Scan or type: the two ways to bring a key into an authenticator app. */
export function AuthenticatorKey({ secret, uri }) {
  return html`<div class="authenticator"><${QrCode} text=${uri} label="QR code for your authenticator app" /><div><p>Scan this with an authenticator app, such as 1Password, Google Authenticator or Aegis.</p><p>Cannot scan it? Type this key into the app:</p><code class="secret">${secret.match(/.{1,4}/g).join(" ")}</code></div></div>`;
}
