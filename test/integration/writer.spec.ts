import type { ClickHouseClient } from '@clickhouse/client';
import { connectClickHouse } from '../../src/clickhouse/clickhouse.module';
import { FLAG_ID_GIVEN, findRows, rowChecksum, rowFlags, rowId } from '../../src/events/row';
import { uuidFromBytes, uuidV7 } from '../../src/events/uuid';
import { PipelineStateReader } from '../../src/health/pipeline-state';
import { EventWriter } from '../../src/writer/event-writer';
import type { Segment } from '../../src/writer/batch';
import { OwnStores, ownStores } from '../support/engines';
import { OwnWriter, ownWriter } from '../support/own-writer';
import { freshTenant, putRows, putSegment, rowsOf } from '../support/segments';
import { waitFor } from '../support/system';
import { TcpProxy } from '../support/tcp-proxy';

type Insert = EventWriter['insert'];

/** Does something else for the first inserts; the others go through. */
class StrangeEvents extends EventWriter {
  attempts = 0;
  constructor(
    stores: OwnStores,
    private readonly strange: (attempt: number, pass: Insert, ...args: Parameters<Insert>) => Promise<void>,
  ) {
    super(stores.clickhouse);
  }
  override insert(...args: Parameters<Insert>): Promise<void> {
    return this.strange(++this.attempts, (...given) => super.insert(...given), ...args);
  }
}

const events = (n: number, over: object = {}) =>
  Array.from({ length: n }, (_, i) => ({ description: `event ${i}`, ...over }));

describe('the batch writer', () => {
  let stores: OwnStores;
  let own: OwnWriter;
  let tenant: string;

  beforeAll(async () => {
    stores = await ownStores();
    own = await ownWriter(stores);
  });
  afterAll(() => stores.close());
  beforeEach(() => {
    tenant = freshTenant();
  });

  const put = (...given: object[]) => putSegment(stores.redis, own.keys, tenant, given);
  const idsOf = ({ payload }: Segment) => findRows(payload).map((row) => uuidFromBytes(rowId(payload, row)));
  const query = async <T>(sql: string, params: object = {}): Promise<T[]> => {
    const answer = await stores.clickhouse.query({
      query: sql,
      query_params: { tenant, ...params },
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    });
    return answer.json<T>();
  };
  const stored = (of = tenant) =>
    query<{ id: string; leaf: number; batch: number; type: string; sum: string }>(
      `SELECT toString(id) AS id, leaf_index AS leaf, batch, event_type AS type, lower(hex(checksum)) AS sum
       FROM events WHERE tenant = {of:String} ORDER BY leaf_index, id`,
      { of },
    );
  const books = async (of = tenant) => {
    const state = await new PipelineStateReader(stores.redis, own.keys, { now: Date.now }).read(of);
    const { accepted, stored: kept, waiting, waitingBytes, deadLettered, quarantined, duplicates, unaccounted } = state;
    return { accepted, stored: kept, waiting, waitingBytes, deadLettered, quarantined, duplicates, unaccounted };
  };
  const settledBooks = (n: number, over: object = {}) => ({
    ...{ accepted: n, stored: n, waiting: 0, waitingBytes: 0 },
    ...{ deadLettered: 0, quarantined: 0, duplicates: 0, unaccounted: 0 },
    ...over,
  });
  /** All events of the segments are stored once, with contiguous leaves, and nothing of them is left in Redis. */
  const expectLanded = async (...segments: Segment[]) => {
    const rows = await stored();
    expect(rows.map((row) => row.id).sort()).toEqual(segments.flatMap(idsOf).sort());
    expect(rows.map((row) => row.leaf)).toEqual(rows.map((_, i) => i));
    expect(await books()).toEqual(settledBooks(rows.length));
    for (const { id } of segments) {
      expect(await stores.redis.exists(own.keys.segment(id))).toBe(0);
      expect(await stores.redis.hexists(own.keys.pointers(), id)).toBe(0);
      expect(await own.manifests.batchOf(id)).toBeUndefined();
    }
    expect(await stores.redis.exists(own.keys.claims(tenant), own.keys.inFlight(tenant))).toBe(0);
  };
  const batchOf = async (segment: Segment): Promise<number> => {
    const batch = await own.manifests.batchOf(segment.id);
    if (batch === undefined) throw new Error('the segment is in no batch');
    return batch;
  };
  /** What ten seconds would do: the lease of a batch runs out. */
  const endLease = (batch: number) => stores.redis.hset(own.keys.manifest(String(batch)), 'deadline', 1);

  it('lands a segment once, in its order, under a manifest that stood before the insert', async () => {
    let manifest: Awaited<ReturnType<OwnWriter['manifests']['read']>>;
    const observed = new StrangeEvents(stores, async (_, pass, batch, ...rest) => {
      manifest = await own.manifests.read(batch);
      return pass(batch, ...rest);
    });
    const segments = [await put(...events(3, { id: undefined })), await put({ id: uuidV7(1) }, {})];
    const heard: string[] = [];
    const listener = stores.redis.duplicate();
    await listener.subscribe(own.keys.landed());
    listener.on('message', (_, message: string) => heard.push(message));
    await (await ownWriter(stores, observed)).writer.write(segments);
    await expectLanded(...segments);
    const rows = await stored();
    expect(rows.map((row) => row.id)).toEqual(segments.flatMap(idsOf));
    const checksums = segments.flatMap(({ payload }) => findRows(payload).map((view) => rowChecksum(payload, view)));
    expect(rows.map((row) => row.sum)).toEqual(checksums.map((sum) => sum.toString('hex')));
    const range = { tenant, start: 0, count: 5 };
    expect(manifest).toMatchObject({ batch: rows[0]?.batch, attempt: 1, ranges: [range] });
    expect(manifest?.plan.segments).toEqual(segments.map(({ id }) => id));
    expect(await own.manifests.read(rows[0]?.batch ?? 0)).toBeUndefined();
    await waitFor(() => Promise.resolve(heard.length > 0 ? true : undefined));
    listener.disconnect();
    expect(heard.map((message) => JSON.parse(message) as unknown)).toEqual([
      { batch: rows[0]?.batch, tenants: [range] },
    ]);
  });

  it('lands a segment once that it was given twice, since it had slept past the lock of its job', async () => {
    const [twice, other] = [await put(...events(3)), await put(...events(2))];
    await own.writer.write([twice, other, twice]);
    await expectLanded(twice, other);
  });

  it('makes no batch in which a segment stands twice', async () => {
    const segment = await put(...events(3));
    const plan = { ...(await own.repeats.plan([segment])), segments: [segment.id, segment.id] };
    const made = await own.manifests.sequence(plan, [{ tenant, count: 6 }], Date.now() + 10_000);
    expect(made).toEqual({ refused: 'assigned', segment: segment.id });
    await own.writer.write([segment]);
    await expectLanded(segment);
  });

  it('lands one batch of several tenants, each with leaves of its own', async () => {
    const other = freshTenant();
    await own.writer.write([await put(...events(2))]);
    const both = [await put(...events(2)), await putSegment(stores.redis, own.keys, other, events(3))];
    await own.writer.write(both);
    expect((await stored()).map((row) => row.leaf)).toEqual([0, 1, 2, 3]);
    expect((await stored(other)).map((row) => row.leaf)).toEqual([0, 1, 2]);
    expect([await books(), await books(other)]).toEqual([settledBooks(4), settledBooks(3)]);
  });

  describe('behind a network that fails', () => {
    let proxy: TcpProxy;
    let client: ClickHouseClient;
    let through: EventWriter;
    let far: OwnWriter;

    beforeAll(async () => {
      const target = new URL(stores.config.clickhouse.url ?? '');
      proxy = await TcpProxy.start(Number(target.port));
      target.port = String(proxy.port);
      const { config } = stores;
      client = connectClickHouse({ ...config, clickhouse: { ...config.clickhouse, url: target.href } });
      through = new EventWriter(client);
      far = await ownWriter(stores, through);
    });
    afterAll(async () => {
      await client.close();
      await proxy.close();
    });
    const isInsert = (head: string) => /INSERT(%20|\+)INTO(%20|\+)events/.test(head);

    it('does not double an insert whose answer is lost', async () => {
      const segment = await put(...events(50));
      const cut = proxy.trap(({ direction, head }) => {
        return direction === 'down' && isInsert(head) ? 'cut' : 'pass';
      }, 10_000);
      await far.writer.write([segment]);
      expect(await cut).toBe(true);
      await expectLanded(segment);
    });

    it('inserts again what was cut on its way', async () => {
      const segment = await put(...events(3000));
      const cut = proxy.trap(({ direction, head, request }) => {
        return direction === 'up' && isInsert(head) && request > 200_000 ? 'cut' : 'pass';
      }, 10_000);
      await far.writer.write([segment]);
      expect(await cut).toBe(true);
      await expectLanded(segment);
    });

    it('stores each of many segments once while connections are cut again and again', async () => {
      const segments = await Promise.all(Array.from({ length: 24 }, () => put(...events(20))));
      const other = await ownWriter(stores, through);
      const written = Array.from({ length: 8 }, (_, i) =>
        (i % 2 ? far : other).writer.write(segments.slice(3 * i, 3 * i + 3)),
      );
      for (let cuts = 0; cuts < 5; cuts++) {
        await proxy.trap(({ head }) => (isInsert(head) ? 'cut' : 'pass'), 2000);
        proxy.cutAll();
      }
      await Promise.all(written);
      await expectLanded(...segments);
    });
  });

  describe('when a worker dies', () => {
    const dies = () => Promise.reject(new Error('killed'));
    /** A worker that dies in place of its first insert, or after it. */
    const dyingWorker = async (when: 'before' | 'after' | 'inside'): Promise<OwnWriter> => {
      const worker: OwnWriter = await ownWriter(
        stores,
        new StrangeEvents(stores, async (_, pass, batch, attempt, deadline, rows) => {
          const half = firstRows(rows, 3);
          if (when !== 'before') await pass(batch, attempt, deadline, when === 'inside' ? [half] : rows);
          worker.writer.stop();
          return dies();
        }),
      );
      return worker;
    };

    it.each([
      ['before its insert', 'before', 0],
      ['in an insert of which a part was stored', 'inside', 3],
      ['after its insert and before it could say so', 'after', 7],
    ] as const)('another finishes its batch: %s', async (_, when, there) => {
      const segment = await put(...events(7));
      await expect((await dyingWorker(when)).writer.write([segment])).rejects.toThrow('killed');
      expect(await stored()).toHaveLength(there);
      const batch = await batchOf(segment);
      await endLease(batch);
      await own.writer.takeOver(batch);
      await expectLanded(segment);
      expect(new Set((await stored()).map((row) => row.batch))).toEqual(new Set([batch]));
    });

    it('one of several that want to finish it does, once', async () => {
      const segment = await put(...events(7));
      await expect((await dyingWorker('inside')).writer.write([segment])).rejects.toThrow('killed');
      const batch = await batchOf(segment);
      await endLease(batch);
      const others = await Promise.all(Array.from({ length: 4 }, () => ownWriter(stores)));
      await Promise.allSettled(others.map(({ writer }) => writer.takeOver(batch)));
      await waitFor(async () => ((await own.manifests.read(batch)) ? undefined : true));
      await expectLanded(segment);
    });

    it('nobody takes its batch before its lease has run out', async () => {
      const segment = await put(...events(2));
      await expect((await dyingWorker('before')).writer.write([segment])).rejects.toThrow('killed');
      const batch = await batchOf(segment);
      const taken = own.writer.takeOver(batch);
      expect(await Promise.race([taken.then(() => 'taken'), settleAfter(300)])).toBe('waits');
      expect((await own.manifests.read(batch))?.attempt).toBe(1);
      await endLease(batch);
      await taken;
      await expectLanded(segment);
    });

    it('and was only suspended, it writes nothing when it goes on after its lease', async () => {
      const segment = await put(...events(7));
      let goOn = (): void => undefined;
      const suspended = new Promise<void>((resolve) => (goOn = resolve));
      const slow = await ownWriter(
        stores,
        new StrangeEvents(stores, async (attempt, pass, batch, number, deadline, rows) => {
          if (attempt > 1) return pass(batch, number, deadline, rows);
          await suspended;
          // By now the lease, fixed when the attempt began, is over.
          return pass(batch, number, Date.now() - 1, rows);
        }),
      );
      const written = slow.writer.write([segment]);
      await waitFor(() => own.manifests.batchOf(segment.id));
      const batch = await batchOf(segment);
      await endLease(batch);
      await own.writer.takeOver(batch);
      goOn();
      await written;
      await expectLanded(segment);
    });
  });

  describe('that meets rows which ClickHouse refuses', () => {
    /** Rows of which some have an envelope of a severity that does not exist. */
    const withPoison = (n: number, bad: number[]) => {
      const made = rowsOf(tenant, events(n));
      for (const [i, row] of findRows(made.payload).entries()) {
        if (bad.includes(i)) made.payload.write('"sevirety"', made.payload.indexOf('"severity"', row.envelopeStart));
      }
      return putRows(stores.redis, own.keys, tenant, made);
    };

    it('keeps them as dead letters, lands the rest, and leaves a quarantine event in each place', async () => {
      const first = await withPoison(9, [0, 4, 5]);
      const second = await withPoison(2, [1]);
      await own.writer.write([first]);
      await own.writer.write([second]);
      const rows = await stored();
      expect(rows.map((row) => row.leaf)).toEqual(Array.from({ length: 11 }, (_, i) => i));
      const bad = rows.filter((row) => row.type === 'AUDIT_EVENT_QUARANTINED');
      expect(bad.map((row) => row.leaf)).toEqual([0, 4, 5, 10]);
      const good = rows.filter((row) => row.type !== 'AUDIT_EVENT_QUARANTINED').map((row) => row.id);
      const all = [...idsOf(first), ...idsOf(second)];
      expect(good).toEqual(all.filter((_, i) => ![0, 4, 5, 10].includes(i)));
      const letters = await query<{ id: string; event: string; code: string; leaf: number }>(
        `SELECT toString(id) AS id, toString(event_id) AS event, reason_code AS code, leaf_index AS leaf
         FROM dead_letters FINAL WHERE tenant = {tenant:String} ORDER BY leaf_index`,
      );
      expect(letters).toEqual(bad.map(({ id, leaf }) => ({ id, event: all[leaf], code: 'REFUSED_BY_STORE', leaf })));
      expect(await books()).toEqual(settledBooks(11, { stored: 7, deadLettered: 4, quarantined: 4 }));
    });

    it('does so for a batch that holds nothing else', async () => {
      await own.writer.write([await withPoison(2, [0, 1])]);
      expect((await stored()).map((row) => row.leaf)).toEqual([0, 1]);
      expect(await books()).toEqual(settledBooks(2, { stored: 0, deadLettered: 2, quarantined: 2 }));
    });

    it('does so once when the worker dies between the insert and the commit', async () => {
      const segment = await withPoison(5, [2]);
      const dying = await ownWriter(stores);
      jest.spyOn(dying.manifests, 'commit').mockImplementation(() => {
        dying.writer.stop();
        return Promise.reject(new Error('killed'));
      });
      await expect(dying.writer.write([segment])).rejects.toThrow('killed');
      const batch = await batchOf(segment);
      await endLease(batch);
      await own.writer.takeOver(batch);
      expect((await stored()).map((row) => row.leaf)).toEqual([0, 1, 2, 3, 4]);
      expect(await query('SELECT id FROM dead_letters FINAL WHERE tenant = {tenant:String}')).toHaveLength(1);
      expect(await books()).toEqual(settledBooks(5, { stored: 4, deadLettered: 1, quarantined: 1 }));
    });
  });

  it('drops what was stored before, and makes a dead letter of another event with a known id', async () => {
    const id = uuidV7(Date.now());
    const event = { id, occurredAt: '2026-01-02T03:04:05.000Z' };
    await own.writer.write([await put(event, {})]);
    const again = await put(event, { ...event, description: 'other' });
    expect(findRows(again.payload).map((row) => rowFlags(again.payload, row))).toEqual([FLAG_ID_GIVEN, FLAG_ID_GIVEN]);
    await own.writer.write([again]);
    const rows = await stored();
    expect(rows.map((row) => row.leaf)).toEqual([0, 1]);
    expect(await books()).toEqual(settledBooks(4, { stored: 2, duplicates: 1, deadLettered: 1 }));
  });

  it('adds nothing to a batch that has rows which should not be there, and keeps trying until it is stopped', async () => {
    const segment = await put(...events(3));
    const twice = new StrangeEvents(stores, async (_, pass, batch, attempt, deadline, rows) => {
      await pass(batch, attempt, deadline, rows);
      await pass(batch, attempt, deadline, rows);
    });
    const worker = await ownWriter(stores, twice);
    const written = worker.writer.write([segment]);
    written.catch(() => undefined);
    await waitFor(async () => {
      const batch = await own.manifests.batchOf(segment.id);
      const manifest = batch === undefined ? undefined : await own.manifests.read(batch);
      return (manifest?.attempt ?? 0) >= 3 ? true : undefined;
    });
    worker.writer.stop();
    await expect(written).rejects.toThrow('has rows it should not have');
    expect(await stored()).toHaveLength(6);
    expect(await books()).toMatchObject({ stored: 0, waiting: 3, unaccounted: 0 });
  });

  it('goes on with the next leaf and the next batch after Redis was lost', async () => {
    await own.writer.write([await put(...events(4))]);
    const [before] = await stored();
    const { ready, nextLeaf, batchNumber } = own.keys;
    await stores.redis.del(ready(), nextLeaf(tenant), batchNumber());
    await own.writer.write([await put(...events(2))]);
    const rows = await stored();
    expect(rows.map((row) => row.leaf)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(rows.at(-1)?.batch).toBeGreaterThan(before?.batch ?? Infinity);
  });
});

/** The first `n` of the rows that stand in `rows`. */
function firstRows(rows: Buffer[], n: number): Buffer {
  const payload = Buffer.concat(rows);
  return payload.subarray(0, findRows(payload)[n - 1]?.end);
}

const settleAfter = (ms: number) => new Promise<string>((resolve) => setTimeout(resolve, ms, 'waits'));
