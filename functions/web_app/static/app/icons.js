// Our own line icons on a 20-pixel grid; they always stand beside a word or carry a label.
import { html } from "./lib.js";

const PATHS = {
  overview: "M3 10.5 10 4l7 6.5M5 9v7h10V9M8.5 16v-4h3v4",
  orders: "M5 3h10v14l-2.5-1.5L10 17l-2.5-1.5L5 17zM7.5 7h5M7.5 10.5h5",
  stock: "M3 6.5 10 3l7 3.5v7L10 17l-7-3.5zM3 6.5 10 10l7-3.5M10 10v7",
  money: "M3 5h14v10H3zM10 12.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM5.5 10h.1M14.5 10h.1",
  connections: "M8 12l4-4M7 9 5 11a2.8 2.8 0 0 0 4 4l2-2M13 11l2-2a2.8 2.8 0 0 0-4-4L9 7",
  settings: "M4 6h7M15 6h1M4 14h1M9 14h7M13 4v4M7 12v4",
  operations: "M3 11h3l2-6 4 11 2-5h3",
  more: "M4 6h12M4 10h12M4 14h12",
  search: "M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12zM13.5 13.5 17 17",
  close: "M5 5l10 10M15 5 5 15",
  check: "M4.5 10.5 8.5 14.5 15.5 6",
  warning: "M10 3.5 18 16.5H2zM10 8.5v3.5M10 14.3v.2",
  info: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 9v5M10 6.3v.2",
  error: "M6.9 2.5h6.2L17.5 6.9v6.2L13.1 17.5H6.9L2.5 13.1V6.9zM10 6.5v4.5M10 13.6v.2",
  arrow: "M4 10h12M11 5l5 5-5 5",
  back: "M16 10H4M9 5l-5 5 5 5",
  external: "M8 5H4v11h11v-4M11 4h5v5M16 4l-7 7",
  sun: "M10 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M15.7 4.3l-1.1 1.1M5.4 14.6l-1.1 1.1",
  moon: "M16.5 12A7 7 0 0 1 8 3.5a7 7 0 1 0 8.5 8.5z",
  system: "M3 4h14v9H3zM7 17h6M10 13v4",
  keyboard: "M2.5 5.5h15v9h-15zM5.5 8.5h.1M8.5 8.5h.1M11.5 8.5h.1M14.5 8.5h.1M6.5 11.5h7",
  download: "M10 3v9M6 8.5l4 4 4-4M4 16h12",
  refresh: "M16 10a6 6 0 1 1-1.8-4.3L16 7.5M16 3.5v4h-4",
  lock: "M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9",
  person: "M10 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4 17c.6-3 2.9-4.5 6-4.5s5.4 1.5 6 4.5",
  out: "M8 4H4v12h4M12 6l4 4-4 4M16 10H8",
  book: "M4 4h5a2 2 0 0 1 2 2v10a2 2 0 0 0-2-1H4zM16 4h-3a2 2 0 0 0-2 2v10a2 2 0 0 1 2-1h3z",
  sync: "M4 8.5A6 6 0 0 1 15.5 7M16 3.5V7h-3.5M16 11.5A6 6 0 0 1 4.5 13M4 16.5V13h3.5",
  play: "M6.5 4.5v11l8.5-5.5z",
  pause: "M7 4.5v11M13 4.5v11",
  key: "M12.5 11a4 4 0 1 0-3.7-2.5L3.5 13.8V16.5h2.7v-2h2v-2h1.6l.6-1.6a4 4 0 0 0 2.1.1zM13.4 6.6h.1",
  cloud: "M6 15.5a3.5 3.5 0 0 1-.4-7A4.7 4.7 0 0 1 14.6 8a3.8 3.8 0 0 1-.3 7.5zM10 9v2.5M10 13.3v.2",
  file: "M5 3h6.5L15 6.5V17H5zM11.5 3v3.5H15M7.5 10h5M7.5 13h5",
  clock: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 6v4l3 2",
  star: "M10 3l2.2 4.5 5 .7-3.6 3.5.9 5L10 14.3l-4.5 2.4.9-5L2.8 8.2l5-.7z",
  idea: "M10 3a5 5 0 0 0-3 9c.6.5 1 1.2 1 2h4c0-.8.4-1.5 1-2a5 5 0 0 0-3-9zM8 16.5h4M9 18h2",
  mail: "M3 5h14v10H3zM3.5 5.5L10 11l6.5-5.5",
  chart: "M3 17h14M5.5 14V9M10 14V4M14.5 14v-3",
  ship: "M3 12h14l-2 4.5H5zM5.5 12V8h9v4M10 8V4h3",
  table: "M3 4h14v12H3zM3 8h14M8 8v8",
  cart: "M3 4h2l2 9h8l2-6.5H6M8 16.5h.1M14 16.5h.1",
  tag: "M3 10V3h7l7 7-7 7zM6.5 6.5h.1",
};

/** A line icon; decorative, so hidden from screen readers. */
export function Icon({ name, size = 16 }) {
  return html`<svg width=${size} height=${size} viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;
}
