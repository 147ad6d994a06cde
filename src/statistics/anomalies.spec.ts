import { findAnomalies, historyStart, Hour, median } from './anomalies';

const HOUR = 3_600_000;
/** Hours of `weeks` weeks; by default nights of 2 and days of 100 with a little noise. */
const hours = (
  weeks: number,
  events = (slot: number, week: number) => (slot % 24 < 8 ? 2 : 100 + ((slot + week) % 3)),
) =>
  Array.from({ length: weeks * 168 }, (_, i): Hour => ({
    at: i * HOUR,
    slot: i % 168,
    events: events(i % 168, Math.floor(i / 168)),
  }));
const judge = (given: Hour[], from: number) =>
  findAnomalies(given, { from: from * 168 * HOUR, weeks: 8, least: 4, threshold: 4 });

describe('anomalies', () => {
  it('are none in weeks that are like those before', () => {
    expect(judge(hours(10), 8)).toEqual([]);
  });

  it('are what is unusual for its hour of the week, and not for another', () => {
    const given = hours(9);
    const night = given[8 * 168 + 3] as Hour;
    night.events = 100;
    expect(judge(given, 8)).toEqual([
      { at: night.at, events: 100, expected: 2, deviation: Math.SQRT2, score: 98 / Math.SQRT2, weeks: 8 },
    ]);
  });

  it('are hours with too few events as well', () => {
    const given = hours(9);
    (given[8 * 168 + 12] as Hour).events = 0;
    const [found] = judge(given, 8);
    expect(found).toMatchObject({ events: 0, expected: 101 });
    expect(found?.score).toBeCloseTo(-101 / Math.sqrt(101));
  });

  it('are found beside one of the weeks before, which a mean would hide behind', () => {
    const given = hours(9);
    for (const week of [5, 6, 8]) (given[week * 168 + 3] as Hour).events = 5000;
    expect(judge(given, 8).map(({ at }) => at / HOUR)).toEqual([8 * 168 + 3]);
  });

  it('are not judged without enough weeks, and by no more than asked for', () => {
    const given = hours(12, (_, week) => (week < 3 ? 1000 : 10));
    (given[2 * 168] as Hour).events = 1_000_000;
    expect(judge(given.slice(0, 4 * 168), 1)).toEqual([]);
    expect(judge(given, 11)).toEqual([]);
  });

  it('do not come from the scatter of small counts', () => {
    expect(
      judge(
        hours(10, (slot, week) => (week === 9 ? 3 : 0) + (slot % 2)),
        9,
      ),
    ).toEqual([]);
  });

  it('use the middle, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 2])).toBe(3.5);
  });
});

describe('the history that is compared with', () => {
  const busyFrom = (week: number) => hours(12, (slot, now) => (now >= week ? 10 : now === 2 && slot === 5 ? 1 : 0));

  it('begins with the log, not with a single event of an old time', () => {
    expect(historyStart(busyFrom(7))).toBe(7 * 168 * HOUR);
    expect(historyStart(busyFrom(0))).toBe(0);
  });

  it('keeps quiet weeks inside', () => {
    expect(historyStart(hours(6, (_, week) => (week === 3 ? 0 : 5)))).toBe(0);
  });

  it('is none where there is nothing', () => {
    expect(historyStart(hours(3, () => 0))).toBeUndefined();
    expect(historyStart([])).toBeUndefined();
  });
});
