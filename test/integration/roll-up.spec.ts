import { RedisKeys } from '../../src/redis/redis-keys';
import { RollUp } from '../../src/statistics/roll-up';
import { RollUpState } from '../../src/statistics/roll-up-state';
import { RollupStore } from '../../src/statistics/rollup-store';
import { EventWriter } from '../../src/writer/event-writer';
import { OwnStores, ownStores } from '../support/engines';
import { insertEvents } from '../support/insert-events';
import { OwnWriter, ownWriter } from '../support/own-writer';
import { randomEvents, randomNumbers } from '../support/random-events';
import { differences, differentProjections } from '../support/recount';
import { freshTenant, putSegment } from '../support/segments';

const SAME = { type: 0, type_day: 0, user: 0, address: 0, resource: 0 };
const FROM = Date.UTC(2026, 9, 20);
const DAY = 86_400_000;

describe('the counting of events for statistics', () => {
  const random = randomNumbers(11);
  let stores: OwnStores;
  let keys: RedisKeys;
  let own: OwnWriter;
  let store: RollupStore;
  let rollUp: RollUp;
  let inserts = 0;

  beforeEach(async () => {
    stores = await ownStores();
    own = await ownWriter(stores);
    keys = own.keys;
    store = new RollupStore(stores.clickhouse);
    rollUp = new RollUp(store, new RollUpState(stores.redis, keys));
  });
  afterEach(() => stores.close());

  const later = async () => (await store.readClock()) + 60_000;
  const step = async (deadline?: number) =>
    rollUp.step(`test-${stores.config.clickhouse.database}-${++inserts}`, deadline ?? (await later()));
  const all = async () => {
    while ((await step()) === 'more');
  };
  const same = () => differences(stores.clickhouse, stores.config.clickhouse.database);
  const write = async (n: number, writer = own.writer) => {
    const events = randomEvents(random, n, FROM, FROM + 3 * DAY);
    const segments = [
      await putSegment(stores.redis, keys, freshTenant(), events.slice(0, n / 2)),
      await putSegment(stores.redis, keys, freshTenant(), events.slice(n / 2)),
    ];
    await writer.write(segments);
  };
  const count = async (table: string, where = '1'): Promise<number> => {
    const answer = await stores.clickhouse.query({
      query: `SELECT toUInt32(count()) AS n FROM ${table} WHERE ${where}`,
      format: 'JSONEachRow',
    });
    return (await answer.json<{ n: number }>())[0]?.n ?? -1;
  };

  it('counts every event of several tenants once, also what comes later, in one part for each insert', async () => {
    await write(400);
    await all();
    expect(await same()).toEqual(SAME);
    const before = await count('rollups');
    await all();
    expect(await count('rollups')).toBe(before);
    await write(300);
    expect((await same()).type).toBeGreaterThan(0);
    await stores.clickhouse.command({ query: 'SYSTEM STOP MERGES rollups' });
    const parts = "active AND table = 'rollups' AND database = currentDatabase()";
    const old = await count('system.parts', parts);
    await all();
    expect(await count('system.parts', parts)).toBe(old + 1);
    expect(await same()).toEqual(SAME);
    expect(await count('rollups', "key = 'gone'")).toBe(0);
    expect(await differentProjections(stores.clickhouse, stores.config.clickhouse.database)).toEqual([]);
    // Something whose time is over leaves with the merge, from the projections too.
    const over = "'old', 'user', '2020-01-01', 'gone', 5, '2020-02-01'";
    await stores.clickhouse.command({
      query: `INSERT INTO rollups (tenant, dimension, at, key, events, keep_until) VALUES (${over})`,
    });
    expect(await count('rollups', "key = 'gone'")).toBe(1);
    await stores.clickhouse.command({ query: 'SYSTEM START MERGES rollups' });
    await stores.clickhouse.command({ query: 'OPTIMIZE TABLE rollups FINAL' });
    expect(await same()).toEqual(SAME);
    expect(await differentProjections(stores.clickhouse, stores.config.clickhouse.database)).toEqual([]);
  });

  it('counts nothing of a batch that is not committed, and all of it once it is', async () => {
    const [whole, partly] = [freshTenant(), freshTenant()];
    await insertEvents(stores.clickhouse, whole, randomEvents(random, 50, FROM, FROM + DAY), 0, 1);
    await insertEvents(stores.clickhouse, partly, randomEvents(random, 20, FROM, FROM + DAY), 0, 2);
    await insertEvents(stores.clickhouse, whole, randomEvents(random, 30, FROM, FROM + DAY), 50, 3);
    await stores.redis.set(keys.batchNumber(), '3');
    await stores.redis.hset(keys.assigned(), 'a segment', 2);
    await all();
    expect(await count('rollups', `tenant = '${partly}'`)).toBe(0);
    expect(await count('rollups', "dimension = 'batch'")).toBe(2);
    await insertEvents(stores.clickhouse, partly, randomEvents(random, 20, FROM, FROM + DAY), 20, 2);
    await stores.redis.del(keys.assigned());
    await all();
    expect(await same()).toEqual(SAME);
  });

  it('counts a batch of which nothing was stored yet when Redis had forgotten how far counting was', async () => {
    await stores.redis.set(keys.batchNumber(), '2');
    await stores.redis.hset(keys.assigned(), 'a segment', 2);
    await all();
    await insertEvents(stores.clickhouse, freshTenant(), randomEvents(random, 20, FROM, FROM + DAY), 0, 2);
    await stores.redis.del(keys.assigned());
    await all();
    expect(await count('rollups', "dimension = 'batch'")).toBe(1);
    expect(await same()).toEqual(SAME);
  });

  it('counts once what the writer had to complete after it was killed in the middle of an insert', async () => {
    const half = new EventWriter(stores.clickhouse);
    const pass = half.insert.bind(half);
    jest.spyOn(half, 'insert').mockImplementation(async (batch, attempt, deadline, rows) => {
      // Slices of a batch are its segments here: the first is stored, the second is not.
      await pass(batch, attempt, deadline, attempt === 1 ? rows.slice(0, 1) : rows);
      if (attempt === 1) throw new Error('killed');
    });
    await write(200, (await ownWriter(stores, half)).writer);
    await all();
    expect(await count('events')).toBe(200);
    expect(await same()).toEqual(SAME);
  });

  it('counts once when the answer of its insert is lost, when it is killed before it notes so, and when Redis forgets', async () => {
    await write(100);
    jest.spyOn(store, 'counted').mockRejectedValueOnce(new Error('killed'));
    await expect(step()).rejects.toThrow('killed');
    await all();
    expect(await same()).toEqual(SAME);
    await write(100);
    await all();
    await stores.redis.set(keys.rollupProgress(), JSON.stringify({ upTo: 0, holes: [] }));
    await all();
    expect(await same()).toEqual(SAME);
    await stores.redis.del(keys.rollupProgress());
    await write(100);
    await all();
    expect(await same()).toEqual(SAME);
  });

  it('stores nothing when the insert of a leader starts after its time', async () => {
    await write(60);
    await expect(step((await store.readClock()) - 1)).rejects.toThrow('were not counted');
    expect(await count('rollups')).toBe(0);
    await all();
    expect(await same()).toEqual(SAME);
  });

  it('counts what was stored before there were rollups, in several inserts', async () => {
    for (let batch = 1; batch <= 6; batch++) {
      const events = randomEvents(random, 40, FROM, FROM + 10 * DAY);
      await insertEvents(stores.clickhouse, freshTenant(), events, 0, batch * 700);
    }
    await stores.redis.set(keys.batchNumber(), 6 * 700);
    await all();
    expect(await same()).toEqual(SAME);
    expect(JSON.parse((await stores.redis.get(keys.rollupProgress())) ?? '')).toEqual({ upTo: 4200, holes: [] });
  });

  it('gives no batch the number of one that was counted, when Redis is lost and retention has removed all events', async () => {
    await write(20);
    await all();
    await stores.clickhouse.command({ query: 'TRUNCATE TABLE events' });
    await stores.redis.del(keys.ready(), keys.batchNumber());
    own = await ownWriter(stores);
    expect(Number(await stores.redis.get(keys.batchNumber()))).toBe(1);
  });
});
