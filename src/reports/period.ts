import { DateTime } from 'luxon';
import { AppError } from '../common/app-error';

/** Whole periods before a moment, by the calendar of a zone. */
export const PERIODS = [
  'previous_day',
  'previous_week',
  'previous_month',
  'previous_quarter',
  'previous_year',
] as const;
export type Period = (typeof PERIODS)[number];

/** UTC, ISO 8601; `to` is exclusive. */
export interface Span {
  from: string;
  to: string;
}

const UNITS = {
  previous_day: 'day',
  previous_week: 'week',
  previous_month: 'month',
  previous_quarter: 'quarter',
  previous_year: 'year',
} as const;

/** The last whole period that had ended at `now` (ms). Weeks begin on Monday. */
export function periodBefore(now: number, period: Period, timeZone: string): Span {
  const unit = UNITS[period];
  const to = DateTime.fromMillis(now, { zone: timeZone }).startOf(unit);
  const from = to.minus({ [`${unit}s`]: 1 });
  return { from: iso(from), to: iso(to) };
}

/** What may be asked for; longer ones are a mistake in the year more often than not. */
const LONGEST_YEARS = 10;

/**
 * A period as people write it: days or local times without offset are those of the zone, `to` as a day is that day's start.
 * @throws AppError 400 `PERIOD_INVALID` that names the field
 */
export function readPeriod(from: string, to: string, timeZone: string, now: number): Span {
  const [start, end] = [instant('from', from, timeZone), instant('to', to, timeZone)];
  if (end <= start) throw invalid('to', 'must be later than `from`: the period is empty');
  if (start.toMillis() >= now) throw invalid('from', 'lies in the future: there is nothing to report yet');
  if (end > start.plus({ years: LONGEST_YEARS })) throw invalid('to', `must be at most ${LONGEST_YEARS} years later`);
  return { from: iso(start), to: iso(end) };
}

/** The day of an instant in a zone, `2026-11-01`. */
export function dayIn(iso: string, timeZone: string): string {
  return DateTime.fromISO(iso, { zone: timeZone }).toISODate() ?? iso.slice(0, 10);
}

/** Whether the zone data of this machine know the name. */
export function isZone(name: string): boolean {
  return DateTime.local({ zone: name }).isValid;
}

function instant(field: string, text: string, zone: string): DateTime {
  const time = DateTime.fromISO(text, { zone });
  if (!time.isValid) throw invalid(field, 'must be a day such as 2026-11-01, or a time such as 2026-11-01T00:00:00Z');
  return time;
}

const iso = (time: DateTime): string => time.toUTC().toISO() ?? '';

const invalid = (path: string, message: string) =>
  new AppError('PERIOD_INVALID', 400, `${path} ${message}`, { problems: [{ path, message }] });
