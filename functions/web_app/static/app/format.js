// Words and figures as a person reads them, in the language of the browser.
const formats = new Map();

function numberFormat(options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(undefined, options));
  return formats.get(key);
}

function dateFormat(options) {
  const key = "d" + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("en-GB", options));
  return formats.get(key);
}

/** How many decimals a currency has: 2 for EUR, 0 for JPY. */
export function decimals(currency) {
  return numberFormat({ style: "currency", currency }).resolvedOptions().maximumFractionDigits;
}

/** Money from whole minor units, a loss with a true minus sign. `compact` is for axes. */
export function money(minor, currency, { compact = false } = {}) {
  const value = minor / 10 ** decimals(currency);
  return amountText(value, currency, compact).replace("-", "−");
}

function amountText(value, currency, compact) {
  if (compact) return numberFormat({ style: "currency", currency, notation: "compact", maximumFractionDigits: Math.abs(value) < 10 && value % 1 ? 2 : 1 }).format(value);
  return numberFormat({ style: "currency", currency }).format(value);
}

export const count = (value) => numberFormat({}).format(value);
/** Bytes in words. */
export const fileSize = (bytes) => (bytes < 100_000 ? `${count(Math.ceil(bytes / 1000))} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`);
export const compactCount = (value) => numberFormat({ notation: "compact", maximumFractionDigits: 1 }).format(value);
export const percent = (ratio) => numberFormat({ style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(ratio);
/** "1 order", "2 orders". */
export const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;
/** A name with its first letter raised. */
export const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) : text);

/** How long ago, in words: "4 min", "2 h", "3 days". */
export function ageWords(iso, at) {
  const seconds = Math.max(0, (at - Date.parse(iso)) / 1000);
  return seconds < 45 ? "just now" : durationWords(seconds);
}

/** A length of time in words. */
export function durationWords(seconds) {
  if (seconds < 90) return "1 min";
  if (seconds < 3570) return `${Math.round(seconds / 60)} min`;
  if (seconds < 3600 * 36) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

/** A length of time that somebody set, in the largest unit that says it exactly: "90 min", "26 h", "8 days". */
export function exactWords(seconds) {
  if (seconds >= 2 * 86400 && seconds % 86400 === 0) return `${seconds / 86400} days`;
  return seconds >= 3600 && seconds % 3600 === 0 ? `${seconds / 3600} h` : `${Math.max(1, Math.round(seconds / 60))} min`;
}

/** "4 min ago", "just now". */
export function agoWords(iso, at) {
  const words = ageWords(iso, at);
  return words === "just now" ? words : `${words} ago`;
}

/** A moment in a time zone: "21 Nov, 10:11"; with the year when it is not this one. */
export function moment(iso, timeZone, { seconds = false } = {}) {
  const date = new Date(iso);
  const year = date.getUTCFullYear() !== new Date().getUTCFullYear() ? { year: "numeric" } : {};
  return dateFormat({ day: "numeric", month: "short", ...year, hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}), ...(timeZone ? { timeZone } : {}) }).format(date);
}

/** A calendar day as given, `2026-11-21`: "21 Nov". A day has no time zone left in it, so none is applied. */
export function day(text, { weekday = false, year = false } = {}) {
  return dateFormat({ day: "numeric", month: "short", ...(weekday ? { weekday: "short" } : {}), ...(year ? { year: "numeric" } : {}), timeZone: "UTC" }).format(new Date(`${text}T00:00:00Z`));
}

/** From one day to another: "24 Oct to 22 Nov". */
export const dayRange = (from, to) => (from === to ? day(from, { weekday: true }) : `${day(from)} to ${day(to)}`);

/** The date of a moment in a time zone, `2026-11-21`. */
export function dayOf(date, timeZone) {
  const parts = dateFormat({ year: "numeric", month: "2-digit", day: "2-digit", ...(timeZone ? { timeZone } : {}) }).formatToParts(date);
  const part = (type) => parts.find((item) => item.type === type).value;
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** The short name of a time zone at a moment: "PST", "GMT+1". */
export function zoneName(timeZone, iso) {
  const parts = dateFormat({ timeZone, timeZoneName: "short", hour: "2-digit" }).formatToParts(new Date(iso));
  return parts.find((item) => item.type === "timeZoneName")?.value ?? timeZone;
}
