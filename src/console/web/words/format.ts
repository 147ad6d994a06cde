import { preferences } from '../preferences';

const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const { language, zone } = preferences.value;
  const key = `${name}|${language}|${zone}`;
  const known = formats.get(key);
  if (known) return known;
  const locale = language === 'pt' ? 'pt-BR' : 'en-GB';
  const made = new Intl.DateTimeFormat(locale, { timeZone: zone, ...options });
  formats.set(key, made);
  return made;
}

type Instant = string | number | Date;
const date = (at: Instant) => new Date(at);

/** Date and time to the second, in the chosen zone. */
export const dateTime = (at: Instant): string =>
  format('dateTime', { dateStyle: 'medium', timeStyle: 'medium' }).format(date(at));
/** Date and time to the millisecond with the zone's name. */
export const exactTime = (at: Instant): string =>
  format('exact', {
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' },
    ...{ fractionalSecondDigits: 3, timeZoneName: 'short' },
  }).format(date(at));
export const dayOf = (at: Instant): string => format('day', { dateStyle: 'medium' }).format(date(at));
export const timeOf = (at: Instant): string => format('time', { timeStyle: 'medium' }).format(date(at));

const locale = () => (preferences.value.language === 'pt' ? 'pt-BR' : 'en-GB');
export const number = (value: number, digits = 0): string =>
  value.toLocaleString(locale(), { maximumFractionDigits: digits });
/** A number of things: `one` is the word for a single one. */
export const counted = (value: number, one: string, many: string): string =>
  `${number(value)} ${value === 1 ? one : many}`;
export const percent = (share: number, digits = 0): string =>
  share.toLocaleString(locale(), { style: 'percent', maximumFractionDigits: digits });

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** "3 minutes ago", "in 2 days". */
export function relative(at: Instant, now = Date.now()): string {
  const ms = date(at).getTime() - now;
  const [unit, size] = UNITS.find(([, each]) => Math.abs(ms) >= each) ?? UNITS[3];
  return new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(Math.round(ms / size), unit);
}

/** "3 h 20 min" of a duration in ms: its two largest units. */
export function duration(ms: number): string {
  const parts = [
    [Math.floor(ms / 86_400_000), 'd'],
    [Math.floor(ms / 3_600_000) % 24, 'h'],
    [Math.floor(ms / 60_000) % 60, 'min'],
    [Math.floor(ms / 1000) % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** Bytes in the largest binary unit that keeps the figure above one. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = count < 1 ? 0 : Math.min(Math.floor(Math.log2(count) / 10), units.length - 1);
  return `${number(count / 1024 ** power, power === 0 ? 0 : 1)} ${units[power] ?? 'B'}`;
}
