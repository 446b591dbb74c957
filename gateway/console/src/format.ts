/** Numbers, units and times as people read them. */

const UNITS: Readonly<Record<string, string>> = {
  celsius: '°C',
  degc: '°C',
  'deg c': '°C',
  degrees: '°',
  degree: '°',
  deg: '°',
  percent: '%',
  'meters per second squared': 'm/s²',
  'm/s^2': 'm/s²',
  'm/s2': 'm/s²',
  'degrees per second': '°/s',
  'deg/s': '°/s',
  'cm/s': 'cm/s',
  ohm: 'Ω',
};

export function prettyUnit(unit: string): string {
  return UNITS[unit.toLowerCase()] ?? unit;
}

const integer = new Intl.NumberFormat('en-US');
const decimals = [0, 1, 2, 3, 4, 5, 6].map(
  (digits) => new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

export function formatCount(value: number): string {
  return integer.format(value);
}

/** `1 batch`, `1,204 batches`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`;
}

/** Digits after the point that a value of this size deserves. */
export function digitsOf(value: number, unit: string): number {
  if (Number.isInteger(value)) return 0;
  if (prettyUnit(unit) === '°') return 5;
  const size = Math.abs(value);
  if (size >= 1000) return 0;
  if (size >= 100) return 1;
  return size >= 1 ? 2 : 4;
}

/** A number without its unit. Not-a-number and infinities are words, very large and very small are powers of ten. */
export function formatNumber(value: number, digits: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not a number' : value > 0 ? '∞' : '−∞';
  if (value !== 0 && (Math.abs(value) >= 1e12 || Math.abs(value) < 1e-6)) return value.toExponential(3);
  return decimals[Math.min(Math.max(digits, 0), 6)].format(value);
}

/** `42.5 km/h`, `90 °C`, `6.5°`. */
export function withUnit(text: string, unit: string): string {
  const pretty = prettyUnit(unit);
  if (pretty === '') return text;
  return pretty === '°' ? `${text}°` : `${text} ${pretty}`;
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Decimal multiples: `390 kB`, `1.4 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let at = 0;
  while (value >= 999.5 && at < BYTE_UNITS.length - 1) {
    value /= 1000;
    at++;
  }
  return `${decimals[at > 0 && value < 9.95 ? 1 : 0].format(value)} ${BYTE_UNITS[at]}`;
}

/** The two largest units: `12 s`, `3 min`, `2 h 5 min`, `4 d 3 h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dayAndClock = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const fullDay = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** Local time, with the day where it is not today's, with the year where it is not this year's. */
export function formatTime(ms: number, nowMs: number): string {
  const time = new Date(ms);
  const now = new Date(nowMs);
  if (time.toDateString() === now.toDateString()) return clock.format(time);
  if (time.getFullYear() === now.getFullYear()) return dayAndClock.format(time);
  return `${fullDay.format(time)}, ${clock.format(time)}`;
}

/** `2026-11-23 04:00:59.250 UTC`, for the pointer that rests on a local time. */
export function utcTime(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/(\.000)?Z$/, ' UTC');
}

/** `store-evicted` → `Store evicted`. */
export function sentence(name: string): string {
  const words = name.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The last part of a signal's name, which tells it apart, and the path before it. */
export function splitName(name: string): { readonly path: string; readonly leaf: string } {
  const at = name.lastIndexOf('.');
  return { path: name.slice(0, at + 1).replace(/^Vehicle\.(?=.)/, ''), leaf: name.slice(at + 1) };
}
