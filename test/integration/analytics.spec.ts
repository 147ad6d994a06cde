import { DateTime } from 'luxon';
import { RedisKeys } from '../../src/redis/redis-keys';
import { findAnomalies } from '../../src/statistics/anomalies';
import { RollUp } from '../../src/statistics/roll-up';
import { RollUpState } from '../../src/statistics/roll-up-state';
import { RollupStore } from '../../src/statistics/rollup-store';
import { EVENT_TYPES } from '../../src/events/event-types';
import { insertEvents, TestEvent } from '../support/insert-events';
import { randomEvents, randomNumbers } from '../support/random-events';
import { OwnApi, ownApi } from '../support/search-api';

interface Series {
  interval: string;
  starts: string[];
  total: { events: number[]; failures: number[] };
  series: { key: string | null; total: number; events: number[] }[];
  others: { groups: number; total: number; events: number[] } | null;
}
interface Page<T> {
  items: T[];
  total: number;
  nextOffset: number | null;
}
interface Top {
  key: string | null;
  resourceType?: string;
  events: number;
  failures: number;
  firstAt?: string;
  lastAt?: string;
}

const HOUR = 3_600_000;
// Clocks change on 25 October (Berlin) and 1 November (New York).
const FROM = Date.UTC(2026, 9, 10);
const TO = Date.UTC(2026, 10, 9);
const timeOf = (event: TestEvent) => Date.parse(event.occurredAt ?? '');
const failed = (event: TestEvent) => event.outcome === 'failure' || event.outcome === 'denied';

describe('statistics over HTTP, beside a count of the events in the test', () => {
  const random = randomNumbers(5);
  const events = randomEvents(random, 3000, FROM, TO);
  const strange = randomEvents(random, 200, FROM, TO);
  let api: OwnApi;
  let batch = 0;

  const put = async (tenant: string, given: TestEvent[]): Promise<void> => {
    const keys = new RedisKeys(api.stores.config.redis.prefix);
    await insertEvents(api.stores.clickhouse, tenant, given, batch * 10_000, ++batch);
    await api.stores.redis.set(keys.ready(), '1');
    await api.stores.redis.set(keys.batchNumber(), batch);
    const store = new RollupStore(api.stores.clickhouse);
    const rollUp = new RollUp(store, new RollUpState(api.stores.redis, keys));
    while ((await rollUp.step(`analytics-${batch}`, (await store.readClock()) + 60_000)) === 'more') continue;
  };
  const ask = <T>(path: string, query: Record<string, string>, tenant = 'acme') =>
    api.get<T>(tenant, `analytics/${path}?${new URLSearchParams(query).toString()}`);
  const within = (from: number, to: number, of = events) => of.filter((e) => timeOf(e) >= from && timeOf(e) < to);
  const range = (from: number, to: number) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });
  const counts = (keys: (string | undefined)[]) => {
    const found = new Map<string, number>();
    for (const key of keys) if (key !== undefined) found.set(key, (found.get(key) ?? 0) + 1);
    return found;
  };

  beforeAll(async () => {
    api = await ownApi();
    await put('acme', events.slice(0, 1800));
    await put('acme', events.slice(1800));
    await put('other', strange);
  });
  afterAll(() => api.close());

  describe.each(['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Lord_Howe'])(
    'in %s',
    (timezone) => {
      it.each([
        ['1d', 0, 'day'],
        ['1h', 5 * HOUR + 1, 'hour'],
        ['1w', 7, 'week'],
        ['1M', 0, 'month'],
      ] as const)('a series by %s counts each event in its point', async (interval, shift, unit) => {
        const [from, to] = [FROM + shift, TO - 3 * HOUR - 17];
        const answer = await ask<Series>('series', { ...range(from, to), interval, timezone });
        const expected = counts(
          within(from, to).map((e) =>
            // Of an hour that comes twice the offset tells the two apart.
            DateTime.fromMillis(timeOf(e), { zone: timezone }).toFormat(
              unit === 'hour' ? 'yyyy-MM-dd HH ZZ' : 'yyyy-MM-dd',
            ),
          ),
        );
        const got = new Map<string, number>();
        answer.starts.forEach((start, i) => {
          const at = DateTime.fromISO(start, { zone: timezone });
          const n = answer.total.events[i] ?? -1;
          if (n > 0) got.set(unit === 'hour' ? at.toFormat('yyyy-MM-dd HH ZZ') : at.toFormat('yyyy-MM-dd'), n);
        });
        const longer = new Map<string, number>();
        for (const [day, n] of expected) {
          const key = unit === 'hour' ? day : (DateTime.fromISO(day).startOf(unit).toISODate() as string);
          longer.set(key, (longer.get(key) ?? 0) + n);
        }
        expect(got).toEqual(longer);
      });

      it('a heat map counts each event by the clock of the zone', async () => {
        const [from, to] = [FROM + 1234, TO - 4321];
        const {
          events: got,
          failures,
          largest,
        } = await ask<{ events: number[][]; failures: number[][]; largest: number }>('heatmap', {
          ...range(from, to),
          timezone,
        });
        const expected = Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => 0));
        for (const e of within(from, to)) {
          const { weekday, hour } = DateTime.fromMillis(timeOf(e), { zone: timezone });
          (expected[weekday - 1] as number[])[hour] = (expected[weekday - 1]?.[hour] ?? 0) + 1;
        }
        expect(got).toEqual(expected);
        expect(largest).toBe(Math.max(...expected.flat()));
        expect(failures.flat().reduce((a, b) => a + b)).toBe(within(from, to).filter(failed).length);
      });
    },
  );

  it('a series has steps of any length, also shorter than those of the rollups', async () => {
    for (const interval of ['1m', '10m', '15m', '6h', '3d']) {
      const [from, to] = [FROM + 100 * HOUR + 61_234, FROM + 100 * HOUR + (interval.endsWith('m') ? 20 : 200) * HOUR];
      const answer = await ask<Series>('series', { ...range(from, to), interval, timezone: 'Asia/Kathmandu' });
      const starts = answer.starts.map((start) => Date.parse(start));
      const expected = starts.map(
        (start, i) => within(Math.max(start, from), Math.min(starts[i + 1] ?? to, to)).length,
      );
      expect(answer).toMatchObject({ interval, total: { events: expected } });
      expect(expected.reduce((a, b) => a + b)).toBe(within(from, to).length);
    }
  });

  it('a series is split by a kind, with the rest of the groups added up', async () => {
    const query = { ...range(FROM + 1, TO), interval: '1d', groupBy: 'eventType', top: '2' };
    const answer = await ask<Series>('series', query);
    const expected = [...counts(events.map((e) => e.eventType))].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    expect(answer.series.map(({ key, total }) => [key, total])).toEqual(expected.slice(0, 2));
    expect(answer.others).toMatchObject({ groups: 4, total: expected.slice(2).reduce((sum, [, n]) => sum + n, 0) });
    answer.total.events.forEach((n, i) => {
      const parts = [...answer.series.map((s) => s.events[i] ?? 0), answer.others?.events[i] ?? 0];
      expect(parts.reduce((a, b) => a + b)).toBe(n);
    });
  });

  it('filters narrow it down', async () => {
    const query = { ...range(FROM + 1, TO - 1), severity: 'high', service: 'portal', interval: '1d' };
    const { total } = await ask<Series>('series', query);
    const expected = events.filter((e) => e.severity === 'high' && e.context?.service === 'portal');
    expect(total.events.reduce((a, b) => a + b)).toBe(expected.length);
    expect(total.failures.reduce((a, b) => a + b)).toBe(expected.filter(failed).length);
  });

  it.each([
    ['user', (e: TestEvent) => e.context?.userId],
    ['address', (e: TestEvent) => e.context?.ipAddress],
    ['resource', (e: TestEvent) => e.context?.resourceId && `${e.context.resourceType} ${e.context.resourceId}`],
    ['category', (e: TestEvent) => EVENT_TYPES.get(e.eventType ?? '')?.category],
    ['service', (e: TestEvent) => e.context?.service ?? '(none)'],
    ['outcome', (e: TestEvent) => e.outcome],
  ] as const)('the top %s are all there, page by page, with their numbers', async (of, keyOf) => {
    // Whole days inside, parts of days at both ends.
    const [from, to] = [FROM + 31 * HOUR + 5, TO - 29 * HOUR - 5];
    for (const order of ['events', 'failures'] as const) {
      const chosen = within(from, to);
      const all = counts(chosen.map(keyOf));
      const failures = counts(chosen.filter(failed).map(keyOf));
      const got: Top[] = [];
      for (let offset: number | null = 0; offset !== null;) {
        const page: Page<Top> = await ask('top', { ...range(from, to), of, order, limit: '7', offset: String(offset) });
        got.push(...page.items);
        expect(page.total).toBe(order === 'events' ? all.size : failures.size);
        offset = page.nextOffset;
      }
      const named = got.map((item) => [
        item.resourceType === undefined ? (item.key ?? '(none)') : `${item.resourceType} ${item.key}`,
        item.events,
        item.failures,
      ]);
      const expected = [...(order === 'events' ? all : failures).keys()].map((key) => [
        key,
        all.get(key),
        failures.get(key) ?? 0,
      ]);
      const byName = (a: unknown[], b: unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1);
      expect([...named].sort(byName)).toEqual(expected.sort(byName));
      const sizes = got.map((item) => item[order]);
      expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
      if (of === 'address') {
        const times = chosen.filter((e) => keyOf(e) === got[0]?.key).map(timeOf);
        expect(got[0]).toMatchObject({
          firstAt: new Date(Math.min(...times)).toISOString(),
          lastAt: new Date(Math.max(...times)).toISOString(),
        });
      }
    }
  });

  it('finds who and what was seen for the first time', async () => {
    const newcomers: TestEvent[] = ['sub_new', 'sub_later'].map((userId, i) => ({
      eventType: 'DATA_READ',
      occurredAt: new Date(FROM + 20 * 24 * HOUR + i * HOUR).toISOString(),
      context: { userId, ipAddress: `198.51.100.${i}` },
    }));
    await put('newcomers', [...newcomers, ...events.slice(0, 500)]);
    const all = [...newcomers, ...events.slice(0, 500)];
    const from = FROM + 12 * HOUR + 1;
    for (const [of, keyOf] of [
      ['user', (e: TestEvent) => e.context?.userId],
      ['address', (e: TestEvent) => e.context?.ipAddress],
    ] as const) {
      const first = new Map<string, number>();
      for (const e of all) {
        const key = keyOf(e);
        if (key !== undefined) first.set(key, Math.min(first.get(key) ?? Infinity, timeOf(e)));
      }
      const expected = [...first]
        .filter(([, at]) => at >= from && at < TO)
        .sort((a, b) => b[1] - a[1])
        .map(([key, at]) => ({
          key,
          firstAt: new Date(at).toISOString(),
          events: all.filter((e) => keyOf(e) === key).length,
        }));
      expect(expected.length).toBeGreaterThan(2);
      const answer = await ask<Page<unknown>>('first-seen', { ...range(from, TO), of }, 'newcomers');
      expect(answer).toMatchObject({ items: expected, total: expected.length, nextOffset: null });
    }
  });

  it('finds the hour of an attack against the weeks before, in the clock of the zone', async () => {
    const zone = 'America/New_York';
    const start = DateTime.fromISO('2026-09-07T00:00', { zone });
    const usual: TestEvent[] = [];
    const login = (at: DateTime): TestEvent => ({
      eventType: 'LOGIN_FAILED',
      occurredAt: new Date(at.toMillis()).toISOString(),
    });
    // Ten weeks over the change of the clock: four events in each hour of office by the clock on the wall.
    for (let day = 0; day < 70; day++)
      for (let hour = 9; hour < 17; hour++)
        for (let n = 0; n < 4; n++) usual.push(login(start.plus({ days: day }).set({ hour, minute: 13 * n })));
    const attack = DateTime.fromISO('2026-11-11T03:00', { zone });
    await put('attacked', [...usual, ...Array.from({ length: 60 }, (_, i) => login(attack.plus({ minutes: i })))]);
    const query = {
      ...range(start.plus({ days: 60 }).toMillis(), start.plus({ days: 70 }).toMillis()),
      timezone: zone,
    };
    const answer = await ask<Page<object> & { judged: number }>('anomalies', query, 'attacked');
    expect(answer).toMatchObject({
      judged: 240,
      total: 1,
      items: [{ at: '2026-11-11T03:00:00-05:00', events: 60, expected: 0, deviation: 1, score: 60, weeks: 8 }],
    });
    const grouped = await ask<Page<object>>('anomalies', { ...query, groupBy: 'outcome' }, 'attacked');
    expect(grouped.items).toMatchObject([{ key: 'failure', events: 60 }]);
    // In another zone the change of the clock moves the offices' hours, which is unusual.
    expect((await ask<Page<object>>('anomalies', { ...query, timezone: 'UTC' }, 'attacked')).total).toBeGreaterThan(1);
    expect(findAnomalies([], { from: 0, weeks: 8, least: 4, threshold: 4 })).toEqual([]);
  });

  it('shows a tenant nothing of another, and zeros to one that has nothing', async () => {
    const mine = await ask<Series>('series', { ...range(FROM, TO), interval: '1M' }, 'other');
    expect(mine.total.events.reduce((a, b) => a + b)).toBe(strange.length);
    const query = range(FROM, TO);
    expect(await ask('series', { ...query, interval: '1M', groupBy: 'severity' }, 'nobody')).toMatchObject({
      total: { events: [0, 0] },
      series: [],
      others: null,
    });
    for (const path of ['top?of=user', 'first-seen?of=address', 'anomalies?timezone=UTC']) {
      expect(await api.get('nobody', `analytics/${path}`)).toMatchObject({ items: [], total: 0, nextOffset: null });
    }
    expect(await ask('heatmap', query, 'nobody')).toMatchObject({ largest: 0 });
  });

  it.each([
    ['series?interval=7m', 'interval must divide 60m'],
    ['series?from=2026-11-02&to=2026-11-01', 'from must be before to'],
    ['series?from=2020-01-01&to=2026-01-01&interval=1h', 'interval would give more than 2500 points'],
    ['series?timezone=Mars/Base', 'timezone must be an IANA time zone'],
    ['series?groupBy=user', 'is none of category'],
    ['top', 'of is needed: one of user'],
    ['top?of=user&limit=0', 'limit must be at least 1'],
    ['top?of=user&reveal=true', 'reveal needs the permission'],
    ['first-seen?of=user&ofs=1', 'ofs is no parameter of this route'],
    ['anomalies?from=2026-01-01&to=2026-11-01', 'from must be at most 31 days before to'],
    ['anomalies?threshold=x', 'threshold must be a number'],
  ])('says what is wrong with %s', async (path, message) => {
    const answer = await api.request('acme', `analytics/${path}`);
    expect([400, 403]).toContain(answer.status);
    expect(((await answer.json()) as { detail: string }).detail).toContain(message);
  });

  it('is for those who may read events', async () => {
    for (const path of ['series', 'top?of=user', 'heatmap', 'first-seen?of=user', 'anomalies']) {
      expect((await api.request('acme', `analytics/${path}`, { role: 'ingest' })).status).toBe(403);
    }
  });
});
