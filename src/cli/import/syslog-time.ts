import { DateTime } from 'luxon';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const CLASSIC = /^([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) (.*)$/s;
const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)) (.*)$/s;
/** A month that comes this much earlier than the one before it belongs to the next year; less is mere disorder. */
const ROLLOVER_MONTHS = 6;

/** The time at the head of a syslog line, as written. */
export type SyslogHead =
  | { kind: 'classic'; month: number; day: number; hour: number; minute: number; second: number; rest: string }
  | { kind: 'iso'; time: string; rest: string };

export function readSyslogHead(line: string): SyslogHead | undefined {
  const classic = CLASSIC.exec(line);
  if (classic) {
    const [, name = '', day, hour, minute, second, rest = ''] = classic;
    const month = MONTHS.indexOf(name) + 1;
    if (month === 0) return undefined;
    return {
      kind: 'classic',
      month,
      day: Number(day),
      hour: Number(hour),
      minute: Number(minute),
      second: Number(second),
      rest,
    };
  }
  const iso = ISO.exec(line);
  return iso ? { kind: 'iso', time: iso[1] ?? '', rest: iso[2] ?? '' } : undefined;
}

/** Follows the months of a file: how often the year has turned since its first line. */
export class YearTurns {
  turns = 0;
  private lastMonth: number | undefined;

  see(month: number): number {
    if (this.lastMonth !== undefined) {
      // A stray line of December right after the turn belongs to the year before.
      if (this.lastMonth === 1 && month === 12 && this.turns > 0) return this.turns - 1;
      if (this.lastMonth - month >= ROLLOVER_MONTHS) this.turns += 1;
    }
    this.lastMonth = month;
    return this.turns;
  }
}

/** The newest year in which this day exists and does not lie more than a day after `reference` (ms; zones differ). */
export function newestYear(month: number, day: number, reference: number, zone: string): number {
  const limit = DateTime.fromMillis(reference, { zone }).plus({ days: 1 });
  // 29 February may need eight years.
  for (let year = limit.year; year > limit.year - 9; year--) {
    const date = DateTime.fromObject({ year, month, day }, { zone });
    if (date.isValid && date <= limit) return year;
  }
  return limit.year;
}

/** ms since the epoch of the minute that a classic head names, or undefined for one that does not exist. */
export function classicMinute(head: SyslogHead & { kind: 'classic' }, year: number, zone: string): number | undefined {
  const { month, day, hour, minute } = head;
  const time = DateTime.fromObject({ year, month, day, hour, minute }, { zone });
  return time.isValid ? time.toMillis() : undefined;
}
