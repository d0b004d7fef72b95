// Cursor paging: a cursor only leads forward, so the way back is remembered while the list is open.
import { html, useEffect, useState } from "../app/lib.js";
import { Button } from "../app/components.js";

/** The cursor of the shown page. A new `key` (other filters) begins at the first page. */
export function useCursor(key) {
  const [state, setState] = useState({ key, trail: [""] });
  const trail = state.key === key ? state.trail : [""];
  useEffect(() => {
    if (state.key !== key) setState({ key, trail: [""] });
  }, [key]);
  return {
    cursor: trail[trail.length - 1],
    page: trail.length,
    forward: (cursor) => { setState({ key, trail: [...trail, cursor] }); window.scrollTo(0, 0); },
    back: () => { setState({ key, trail: trail.slice(0, -1) }); window.scrollTo(0, 0); },
  };
}

export function Pager({ pages, next, about }) {
  return html`<div class="card-foot pager"><span>${about}</span><span class="pager-buttons"><span>Page ${pages.page}</span><${Button} kind="small" disabled=${pages.page === 1} onClick=${pages.back}>Previous<//><${Button} kind="small" disabled=${!next} onClick=${() => pages.forward(next)}>Next<//></span></div>`;
}

/** Hand a table over as a CSV file; cells that a spreadsheet would run as formulas are kept as text. */
export function downloadCsv(name, header, rows) {
  const cell = (value) => {
    const text = String(value ?? "");
    const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const text = [header, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  const address = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(address), 1000);
}
