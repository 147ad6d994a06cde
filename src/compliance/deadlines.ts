import { DateTime } from 'luxon';
import { brazilianHolidays, Holidays, isWorkingDay, NO_HOLIDAYS } from './holidays';

/** Until when something has to be done. */
export interface Deadline {
  /** The last day on which it is in time, in the zone it was counted in: `2026-04-07`. */
  lastDay: string;
  /** The first instant that is too late, ms since the epoch. */
  end: number;
}

const HOUR_MS = 3_600_000;

/** Whether what was done at `doneAt`, or is not done by `now`, keeps a deadline. */
export const isOverdue = (deadline: Deadline, now: number, doneAt?: number | null): boolean =>
  (doneAt ?? now) >= deadline.end;

/**
 * When a request under Art. 12(3) GDPR has to be answered: one month after the day it came in, three if it was extended in time.
 * Regulation (EEC, Euratom) 1182/71, Art. 3: the period ends with the day of the same number, or with the last of a shorter month;
 * if that is a Saturday, Sunday or holiday, with the next working day.
 * @param zone IANA zone whose calendar counts
 * @param holidays of the Member State; without them only weekends move the end, which errs on the early side
 */
export function gdprAnswer(
  receivedAt: number,
  zone: string,
  { extended = false, holidays = NO_HOLIDAYS }: { extended?: boolean; holidays?: Holidays } = {},
): Deadline {
  const last = dayOf(receivedAt, zone).plus({ months: extended ? 3 : 1 });
  return endOf(isWorkingDay(last, holidays) ? last : nextWorkingDay(last, holidays));
}

/**
 * When a request under Art. 19(II) LGPD has to be answered in full: 15 days, that of the request not counted. The LGPD says nothing of
 * days on which nobody works; by Art. 132(1) of the Civil Code a period that ends on a holiday or Sunday ends with the next working day.
 * It says so of no Saturday.
 */
export function lgpdAnswer(receivedAt: number, zone: string, holidays: Holidays = brazilianHolidays): Deadline {
  const last = dayOf(receivedAt, zone).plus({ days: 15 });
  const moves = last.weekday === 7 || holidays(last.toISODate() ?? '');
  return endOf(moves ? nextWorkingDay(last, holidays) : last);
}

/**
 * When the supervisory authority has to know of a breach, Art. 33(1) GDPR: 72 hours after the controller became aware of it. They run
 * through nights, weekends and holidays, and to the minute: the rounding up to whole hours of Regulation 1182/71 is not used.
 */
export function gdprBreach(awareAt: number, zone: string): Deadline {
  const end = awareAt + 72 * HOUR_MS;
  return { lastDay: DateTime.fromMillis(end, { zone }).toISODate() ?? '', end };
}

/**
 * When the ANPD and the persons have to know of an incident, Art. 48 LGPD with Resolution CD/ANPD 15/2024, Arts. 6 and 9: three
 * working days after the day on which the controller learnt that personal data is concerned; six for small agents.
 */
export function lgpdBreach(
  awareAt: number,
  zone: string,
  { small = false, holidays = brazilianHolidays }: { small?: boolean; holidays?: Holidays } = {},
): Deadline {
  return endOf(addWorkingDays(dayOf(awareAt, zone), small ? 6 : 3, holidays));
}

/** The day that is `count` working days after `day`, which itself is not counted. */
export function addWorkingDays(day: DateTime, count: number, holidays: Holidays): DateTime {
  let last = day;
  for (let left = count; left > 0; left--) last = nextWorkingDay(last, holidays);
  return last;
}

function nextWorkingDay(day: DateTime, holidays: Holidays): DateTime {
  let next = day.plus({ days: 1 });
  while (!isWorkingDay(next, holidays)) next = next.plus({ days: 1 });
  return next;
}

const dayOf = (ms: number, zone: string): DateTime => DateTime.fromMillis(ms, { zone }).startOf('day');

function endOf(day: DateTime): Deadline {
  return { lastDay: day.toISODate() ?? '', end: day.plus({ days: 1 }).startOf('day').toMillis() };
}
