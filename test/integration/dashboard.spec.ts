import { RedisKeys } from '../../src/redis/redis-keys';
import { RollUp } from '../../src/statistics/roll-up';
import { RollUpState } from '../../src/statistics/roll-up-state';
import { RollupStore } from '../../src/statistics/rollup-store';
import type { DashboardSummary } from '../../src/statistics/dashboard.schema';
import { insertEvents } from '../support/insert-events';
import { randomEvents, randomNumbers } from '../support/random-events';
import { OwnApi, ownApi } from '../support/search-api';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const FROM = Date.UTC(2026, 9, 20);

describe('the summary of a tenant', () => {
  let api: OwnApi;
  const events = randomEvents(randomNumbers(3), 1500, FROM - 10 * DAY, FROM + 10 * DAY);
  const query = `dashboard/summary?from=${new Date(FROM).toISOString()}&to=${new Date(FROM + 10 * DAY).toISOString()}&timezone=Asia/Kolkata`;
  const summary = (tenant = 'acme') => api.get<DashboardSummary>(tenant, query);
  const insert = (table: string, values: object[]) =>
    api.stores.clickhouse.insert({
      table,
      values,
      format: 'JSONEachRow',
      clickhouse_settings: { date_time_input_format: 'best_effort', async_insert: 0 },
    });

  beforeAll(async () => {
    api = await ownApi();
    const keys = new RedisKeys(api.stores.config.redis.prefix);
    await insertEvents(api.stores.clickhouse, 'acme', events, 0, 1);
    await insertEvents(api.stores.clickhouse, 'other', events.slice(0, 100), 0, 2);
    await api.stores.redis.mset(keys.ready(), '1', keys.batchNumber(), '2');
  });
  afterAll(() => api.close());

  it('says how much it does not count yet, and counts it', async () => {
    expect((await summary()).pipeline.uncountedBatches).toBe(2);
    const keys = new RedisKeys(api.stores.config.redis.prefix);
    const store = new RollupStore(api.stores.clickhouse);
    const rollUp = new RollUp(store, new RollUpState(api.stores.redis, keys));
    await rollUp.step('dashboard', (await store.readClock()) + 60_000);

    const inside = events.filter((e) => Date.parse(e.occurredAt ?? '') >= FROM);
    const before = events.filter((e) => Date.parse(e.occurredAt ?? '') < FROM);
    const failed = (of: typeof events) => of.filter((e) => e.outcome === 'failure' || e.outcome === 'denied').length;
    const different = (keyOf: (e: (typeof events)[number]) => string | undefined) =>
      new Set(inside.map(keyOf).filter((key) => key !== undefined)).size;
    const found = await summary();
    expect(found).toMatchObject({
      timezone: 'Asia/Kolkata',
      previous: { from: new Date(FROM - 10 * DAY).toISOString(), to: new Date(FROM).toISOString() },
      totals: {
        events: { count: inside.length, previous: before.length },
        failures: { count: failed(inside), previous: failed(before) },
        users: different((e) => e.context?.userId),
        addresses: different((e) => e.context?.ipAddress),
        resources: different((e) => e.context?.resourceId && `${e.context.resourceType} ${e.context.resourceId}`),
      },
      pipeline: { unaccounted: 0, uncountedBatches: 0 },
    });
    for (const severity of ['info', 'low', 'medium', 'high', 'critical']) {
      expect(found.bySeverity.find(({ key }) => key === severity)?.count).toBe(
        inside.filter((e) => e.severity === severity).length,
      );
    }
    expect(found.trend.starts[1]).toMatch(/T06:00:00\+05:30$/);
    expect(found.trend.events.reduce((a, b) => a + b)).toBe(inside.length);
    const first = found.topUsers[0];
    expect(first?.events).toBe(inside.filter((e) => e.context?.userId === first?.key).length);
    expect((await summary('other')).totals.events.count + (await summary('other')).totals.events.previous).toBe(100);
  });

  it('counts users anew when more of them is counted in days that it was asked about before', async () => {
    const before = await summary();
    const keys = new RedisKeys(api.stores.config.redis.prefix);
    const late = { eventType: 'DATA_READ', description: 'read it', context: { userId: 'late-comer' } };
    const more = Array.from({ length: 2000 }, () => ({ ...late, occurredAt: new Date(FROM + DAY).toISOString() }));
    await insertEvents(api.stores.clickhouse, 'acme', more, events.length, 3);
    await api.stores.redis.set(keys.batchNumber(), '3');
    const store = new RollupStore(api.stores.clickhouse);
    const rollUp = new RollUp(store, new RollUpState(api.stores.redis, keys));
    await rollUp.step('dashboard-more', (await store.readClock()) + 60_000);
    const after = await summary();
    expect(after.topUsers[0]).toMatchObject({ key: 'late-comer', events: 2000 });
    expect(after.totals.users).toBe(before.totals.users + 1);
    expect((await summary()).topUsers).toEqual(after.topUsers);
  });

  it('counts unresolved alerts by severity and age, in their newest state', async () => {
    const now = Date.now();
    const alert = (n: number, severity: string, status: string, ageMs: number, revision = 1, tenant = 'acme') => ({
      ...{ tenant, id: `00000000-0000-0000-0000-00000000000${n}`, revision, rule_id: 'r', severity, status },
      ...{ opened_at: new Date(now - ageMs).toISOString(), record: '{}' },
    });
    await insert('alerts', [
      alert(1, 'critical', 'open', 2 * HOUR),
      alert(2, 'critical', 'acknowledged', 30 * DAY),
      alert(3, 'low', 'open', 60_000),
      alert(4, 'low', 'open', 3 * DAY),
      alert(4, 'low', 'resolved', 3 * DAY, 2),
      alert(5, 'low', 'open', 3 * DAY, 1, 'other'),
    ]);
    const none = { under1h: 0, under24h: 0, under7d: 0, older: 0 };
    expect((await summary()).alerts).toEqual({
      open: 2,
      acknowledged: 1,
      oldestOpenAt: new Date(now - 2 * HOUR).toISOString(),
      bySeverity: [
        { severity: 'critical', open: 1, acknowledged: 1, age: { ...none, under24h: 1, older: 1 } },
        { severity: 'low', open: 1, acknowledged: 0, age: { ...none, under1h: 1 } },
      ],
    });
  });

  it('tells of erasures, holds, removals and checkpoints, of this tenant only', async () => {
    const within = new Date(FROM + DAY).toISOString();
    const id = (n: number) => `00000000-0000-0000-0000-00000000000${n}`;
    for (const [tenant, n] of [
      ['acme', 1],
      ['other', 2],
      ['other', 3],
    ] as const) {
      await insert('erasures', [
        { tenant, id: id(n), state: 'done', requested_at: within, finished_at: within, version: 1 },
      ]);
      await insert('legal_holds', [{ tenant, id: id(n), placed_at: within, released_at: null, version: 1 }]);
      await insert('retention_manifests', [{ tenant, id: id(n), created_at: within, leaf_count: 7 * n }]);
      await insert('checkpoints', [{ tenant, size: 1400 + n, signed_at: within }]);
    }
    await insert('erasures', [{ tenant: 'acme', id: id(4), state: 'begun', requested_at: within, version: 1 }]);
    await insert('legal_holds', [{ tenant: 'acme', id: id(5), placed_at: within, released_at: within, version: 1 }]);
    expect((await summary()).compliance).toMatchObject({
      erasures: { done: 1, underway: 1, inPeriod: 1 },
      legalHolds: 1,
      retention: { removed: 7, lastRemovalAt: within },
      integrity: { treeSize: 1401, signedAt: within, lastVerification: null },
    });
  });

  it('is there for a tenant that has nothing, and for the last 30 days if nobody says', async () => {
    const answer = await api.get<DashboardSummary>('nobody', 'dashboard/summary');
    expect(Date.parse(answer.to) - Date.parse(answer.from)).toBe(30 * DAY);
    expect(answer).toMatchObject({
      totals: { events: { count: 0, previous: 0, change: null }, users: 0 },
      byCategory: [],
      topUsers: [],
      alerts: { open: 0, oldestOpenAt: null, bySeverity: [] },
      compliance: { failedShare: null, integrity: { treeSize: 0, signedAt: null } },
    });
  });

  it('is not for those who may only send, and shows people only to those who may see them', async () => {
    expect((await api.request('acme', query, { role: 'ingest' })).status).toBe(403);
    expect((await api.request('acme', `${query}&reveal=true&reason=T-1`)).status).toBe(403);
    const officer = await api.request('acme', `${query}&reveal=true&reason=T-1`, { role: 'officer' });
    expect(officer.status).toBe(200);
    expect(officer.headers.get('cache-control')).toBe('no-store');
    const bad = await api.request('acme', 'dashboard/summary?from=yesterday&zone=UTC');
    expect(((await bad.json()) as { detail: string }).detail).toMatch(
      /zone is no parameter of this route.*from must be a time/,
    );
  });
});
