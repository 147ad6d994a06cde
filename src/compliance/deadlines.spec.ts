import { DateTime } from 'luxon';
import { addWorkingDays, gdprAnswer, gdprBreach, isOverdue, lgpdAnswer, lgpdBreach } from './deadlines';
import { brazilianHolidays, easterSunday, namedHolidays } from './holidays';

const at = (text: string, zone = 'Europe/Lisbon') => DateTime.fromISO(text, { zone }).toMillis();
const inSaoPaulo = (text: string) => at(text, 'America/Sao_Paulo');

describe('Art. 12(3) GDPR: a month', () => {
  it.each([
    ['2026-03-05T09:30', '2026-04-06', 'Monday, since the fifth is a Sunday'],
    ['2026-05-05T23:59', '2026-06-05', 'the same number of the next month'],
    ['2026-08-31T12:00', '2026-09-30', 'the last day of a shorter month'],
    ['2027-01-31T12:00', '2027-03-01', 'Monday, since 28 February is a Sunday'],
    ['2028-01-30T12:00', '2028-02-29', 'the last day of a leap February'],
    ['2026-12-14T12:00', '2027-01-14', 'the same number in the next year'],
  ])('of a request of %s ends with %s: %s', (received, lastDay) => {
    expect(gdprAnswer(at(received), 'Europe/Lisbon').lastDay).toBe(lastDay);
  });

  it('is in time to the last instant of the last day, in the zone', () => {
    const deadline = gdprAnswer(at('2026-05-05T10:00'), 'Europe/Lisbon');
    expect(new Date(deadline.end).toISOString()).toBe('2026-06-05T23:00:00.000Z');
    expect(isOverdue(deadline, deadline.end - 1)).toBe(false);
    expect(isOverdue(deadline, deadline.end)).toBe(true);
    expect(isOverdue(deadline, deadline.end + 1, deadline.end - 1)).toBe(false);
    expect(isOverdue(deadline, deadline.end - 9, deadline.end)).toBe(true);
  });

  it('counts the day on which the request came in where the tenant is', () => {
    const late = Date.parse('2026-05-04T23:30:00Z');
    expect(gdprAnswer(late, 'UTC').lastDay).toBe('2026-06-04');
    expect(gdprAnswer(late, 'Europe/Berlin').lastDay).toBe('2026-06-05');
  });

  it('may be two months longer, and moves past the holidays it is told of', () => {
    expect(gdprAnswer(at('2026-09-25T10:00'), 'Europe/Lisbon', { extended: true }).lastDay).toBe('2026-12-25');
    const holidays = namedHolidays(['2026-12-25']);
    expect(gdprAnswer(at('2026-09-25T10:00'), 'Europe/Lisbon', { extended: true, holidays }).lastDay).toBe(
      '2026-12-28',
    );
  });

  it('keeps to the clock of the wall when that changes', () => {
    const { end } = gdprAnswer(at('2026-09-30T10:00', 'Europe/Berlin'), 'Europe/Berlin');
    expect(new Date(end).toISOString()).toBe('2026-10-30T23:00:00.000Z');
  });
});

describe('Art. 33(1) GDPR: 72 hours', () => {
  it('runs through a weekend and the change to summer time', () => {
    const aware = at('2026-03-27T18:20', 'Europe/Berlin');
    const { end, lastDay } = gdprBreach(aware, 'Europe/Berlin');
    expect(end - aware).toBe(72 * 3_600_000);
    expect(lastDay).toBe('2026-03-30');
    expect(DateTime.fromMillis(end, { zone: 'Europe/Berlin' }).toFormat('HH:mm')).toBe('19:20');
  });
});

describe('Art. 19 LGPD: 15 days', () => {
  it.each([
    ['2026-11-03T08:00', '2026-11-18', 'a Wednesday'],
    ['2026-11-06T08:00', '2026-11-21', 'a Saturday, which moves nothing'],
    ['2026-11-07T08:00', '2026-11-23', 'a Sunday'],
    ['2026-11-05T08:00', '2026-11-23', 'Friday 20 November, the day of Black Consciousness'],
    ['2026-03-19T08:00', '2026-04-06', 'Good Friday'],
    ['2026-12-17T08:00', '2027-01-04', 'Friday, New Year'],
    ['2026-02-02T08:00', '2026-02-17', 'Carnival Tuesday is a working day'],
  ])('of a request of %s end with %s: %s', (received, lastDay) => {
    expect(lgpdAnswer(inSaoPaulo(received), 'America/Sao_Paulo').lastDay).toBe(lastDay);
  });
});

describe('Art. 48 LGPD: three working days', () => {
  it.each([
    ['2026-11-16T10:00', '2026-11-19', 'Monday: Tuesday to Thursday'],
    ['2026-11-18T10:00', '2026-11-24', '20 November and a weekend between'],
    ['2026-11-13T23:50', '2026-11-18', 'Friday night: Monday to Wednesday'],
    ['2026-11-14T10:00', '2026-11-18', 'Saturday'],
    ['2026-04-01T10:00', '2026-04-07', 'Good Friday and a weekend between'],
    ['2026-12-23T10:00', '2026-12-29', 'Christmas and a weekend between'],
    ['2023-11-17T10:00', '2023-11-22', '20 November was no federal holiday before 2024'],
  ])('of an incident known on %s end with %s: %s', (aware, lastDay) => {
    expect(lgpdBreach(inSaoPaulo(aware), 'America/Sao_Paulo').lastDay).toBe(lastDay);
  });

  it('are six for a small agent, and end at midnight in the zone', () => {
    const deadline = lgpdBreach(inSaoPaulo('2026-11-16T10:00'), 'America/Sao_Paulo', { small: true });
    expect(deadline.lastDay).toBe('2026-11-25');
    expect(new Date(deadline.end).toISOString()).toBe('2026-11-26T03:00:00.000Z');
  });
});

describe('calendars', () => {
  it.each(['2000-04-23', '2008-03-23', '2011-04-24', '2024-03-31', '2025-04-20', '2026-04-05', '2038-04-25'])(
    'knows Easter of %s',
    (day) => expect(easterSunday(Number(day.slice(0, 4)))).toBe(day),
  );

  it('knows the ten federal holidays of Brazil of 2026, and no optional day', () => {
    const days = Array.from({ length: 365 }, (_, n) => DateTime.utc(2026, 1, 1).plus({ days: n }).toISODate() ?? '');
    expect(days.filter(brazilianHolidays).map((day) => day.slice(5))).toEqual([
      ...['01-01', '04-03', '04-21', '05-01', '09-07', '10-12', '11-02', '11-15', '11-20', '12-25'],
    ]);
  });

  it('adds no working days at all if none are asked for', () => {
    const sunday = DateTime.utc(2026, 11, 22);
    expect(addWorkingDays(sunday, 0, brazilianHolidays).toISODate()).toBe('2026-11-22');
  });
});
