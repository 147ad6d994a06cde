import { DateTime } from 'luxon';

/** Whether a calendar day (`2026-11-20`) is a public holiday. Weekends are none. */
export type Holidays = (day: string) => boolean;

export const NO_HOLIDAYS: Holidays = () => false;

/** The holidays that somebody named, such as those of a Member State. */
export function namedHolidays(days: Iterable<string>): Holidays {
  const named = new Set(days);
  return (day) => named.has(day);
}

/** Laws 662/1949 and 10.607/2002, 6.802/1980, 14.759/2023: month and day, and the first year in which it was one. */
const BRAZILIAN: readonly [monthAndDay: string, since: number][] = [
  ['01-01', 1949],
  ['04-21', 1949],
  ['05-01', 1949],
  ['09-07', 1949],
  ['10-12', 1980],
  ['11-02', 2003],
  ['11-15', 1949],
  ['11-20', 2024],
  ['12-25', 1949],
];

/**
 * The holidays of the Brazilian Union. Good Friday is one through Law 9.093/1995 and the yearly ordinance of the federal government;
 * Carnival and Corpus Christi are optional days, hence working days here.
 */
export const brazilianHolidays: Holidays = (day) => {
  const year = Number(day.slice(0, 4));
  if (BRAZILIAN.some(([monthAndDay, since]) => monthAndDay === day.slice(5) && year >= since)) return true;
  return day === DateTime.fromISO(easterSunday(year), { zone: 'utc' }).minus({ days: 2 }).toISODate();
};

/** Easter of the Gregorian calendar as `2026-04-05`, by the rule of 1582 (epact and Sunday letter). */
export function easterSunday(year: number): string {
  const golden = year % 19;
  const century = Math.floor(year / 100);
  const leapsLeftOut = century - Math.floor(century / 4);
  const moonCorrected = Math.floor((8 * century + 13) / 25);
  const age = (19 * golden + leapsLeftOut - moonCorrected + 15) % 30;
  const moon = age - (age === 29 || (age === 28 && golden > 10) ? 1 : 0);
  const weekday = (year + Math.floor(year / 4) + moon + 2 - leapsLeftOut) % 7;
  const afterMarch21 = moon - weekday + 7;
  return DateTime.utc(year, 3, 21).plus({ days: afterMarch21 }).toISODate() ?? '';
}

/** Monday to Friday, and no holiday. */
export function isWorkingDay(day: DateTime, holidays: Holidays): boolean {
  return day.weekday <= 5 && !holidays(day.toISODate() ?? '');
}
