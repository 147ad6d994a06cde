import { randomUUID } from 'node:crypto';
import { ApiKeysService } from '../../src/access/api-keys.service';
import { readEventStream, StreamMessage } from '../../src/cli/event-stream';
import { Clock } from '../../src/common/clock';
import { RedisKeys } from '../../src/redis/redis-keys';
import { HEARTBEAT_MS, LiveEvents, MAX_STREAMS_OF_TENANT, STALL_MS } from '../../src/search/live-events';
import { SearchStore } from '../../src/search/search-store';
import { insertEvents, TestEvent } from '../support/insert-events';
import { OwnApi, ownApi } from '../support/search-api';
import { waitFor } from '../support/system';

/** A reader of one stream; `seen` grows as it goes. */
interface Reader {
  seen: StreamMessage[];
  raw: () => string;
  ended: Promise<void>;
  leave: () => void;
}

describe('the live stream', () => {
  let api: OwnApi;
  let keys: RedisKeys;
  const readers: Reader[] = [];
  beforeAll(async () => {
    api = await ownApi();
    keys = new RedisKeys(api.stores.config.redis.prefix);
  });
  afterEach(() => readers.splice(0).forEach((reader) => reader.leave()));

  /** Events that are stored and committed: the counter stands behind them, and nothing of them is in flight. */
  const land = async (tenant: string, events: TestEvent[], firstLeaf: number) => {
    await insertEvents(api.stores.clickhouse, tenant, events, firstLeaf);
    await api.stores.redis.set(keys.nextLeaf(tenant), firstLeaf + events.length);
    const tenants = [{ tenant, start: firstLeaf, count: events.length }];
    await api.stores.redis.publish(keys.landed(), JSON.stringify({ batch: randomUUID(), tenants }));
  };

  const read = async (tenant: string, query = '', lastEventId?: string): Promise<Reader> => {
    const abort = new AbortController();
    const answer = await api.request(tenant, `events/stream?${query}`, {
      signal: abort.signal,
      ...(lastEventId !== undefined && { headers: { 'last-event-id': lastEventId } }),
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const seen: StreamMessage[] = [];
    let raw = '';
    const body = answer.body as unknown as AsyncIterable<Uint8Array>;
    const tapped = async function* () {
      for await (const chunk of body) {
        raw += Buffer.from(chunk).toString();
        yield chunk;
      }
    };
    const follow = async () => {
      for await (const message of readEventStream(tapped())) seen.push(message);
    };
    const reader = {
      seen,
      raw: () => raw,
      ended: follow().catch((error: Error) => {
        if (error.name !== 'AbortError') throw error;
      }),
      leave: () => abort.abort(),
    };
    readers.push(reader);
    await waitFor(() => Promise.resolve(raw.includes('retry:') ? true : undefined), { what: () => 'the first line' });
    return reader;
  };
  const leaves = (reader: Reader) => reader.seen.map((message) => Number(message.id));
  const until = (reader: Reader, count: number) =>
    waitFor(() => Promise.resolve(reader.seen.length >= count ? true : undefined), {
      what: () => `${count} events, seen ${leaves(reader).join()}`,
    });
  const some = (count: number, event: TestEvent = {}): TestEvent[] => Array.from({ length: count }, () => event);

  it('starts at the frontier and gives each event that lands, once and in order', async () => {
    await land('live', some(3), 0);
    const reader = await read('live');
    await land('live', some(2), 3);
    await until(reader, 2);
    await land('live', some(1, { description: 'line\nbreak' }), 5);
    await until(reader, 3);
    expect(leaves(reader)).toEqual([3, 4, 5]);
    expect(JSON.parse(reader.seen[2]?.data ?? '')).toMatchObject({ leafIndex: 5, description: 'line\nbreak' });
  });

  it('hears of a batch at once, without waiting for its tick', async () => {
    await land('quick', some(1), 0);
    const reader = await read('quick');
    // A busy machine may be late with any one of them, not with all.
    let quickest = Infinity;
    for (let i = 1; i <= 50 && quickest >= 700; i++) {
      const from = Date.now();
      await land('quick', some(1), i);
      await until(reader, i);
      quickest = Math.min(quickest, Date.now() - from);
    }
    expect(quickest).toBeLessThan(700);
  });

  it('back-fills everything behind Last-Event-ID, in pages', async () => {
    await land('history', some(950), 0);
    const reader = await read('history', '', '99');
    await until(reader, 850);
    await land('history', some(1), 950);
    await until(reader, 851);
    expect(leaves(reader)).toEqual(Array.from({ length: 851 }, (_, i) => 100 + i));
  });

  it('sends everything behind -1, also what the first id of a stream said', async () => {
    const first = await read('fresh');
    expect(first.raw()).toContain('id: -1\n');
    await land('fresh', some(2), 0);
    const second = await read('fresh', '', '-1');
    await until(second, 2);
    expect(leaves(second)).toEqual([0, 1]);
  });

  it('filters', async () => {
    const events: TestEvent[] = [{ severity: 'high' }, { severity: 'low' }, { severity: 'critical' }];
    await land('filtered', events, 0);
    const reader = await read('filtered', 'minSeverity=high', '-1');
    await until(reader, 2);
    expect(leaves(reader)).toEqual([0, 2]);
  });

  it('gives only what lies before the lowest batch in flight, and the rest when that has landed', async () => {
    const tenant = 'gaps';
    const { redis } = api.stores;
    await insertEvents(api.stores.clickhouse, tenant, some(2), 0);
    await redis.set(keys.nextLeaf(tenant), 4);
    await redis.zadd(keys.inFlight(tenant), 2, 'slow');
    const reader = await read(tenant, '', '-1');
    // A later batch is stored and even announced while an earlier one is still in flight.
    await land(tenant, some(3), 4);
    await until(reader, 2);
    const marker = await read(tenant, '', '-1');
    await until(marker, 2);
    expect(leaves(reader)).toEqual([0, 1]);
    await insertEvents(api.stores.clickhouse, tenant, some(2), 2);
    await redis.zrem(keys.inFlight(tenant), 'slow');
    await until(reader, 7);
    expect(leaves(reader)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('shows nothing of another tenant', async () => {
    const reader = await read('mine', '', '-1');
    await land('yours', some(2), 0);
    await land('mine', some(1), 0);
    await until(reader, 1);
    expect(JSON.parse(reader.seen[0]?.data ?? '')).toMatchObject({ tenant: 'mine' });
    expect(reader.seen).toHaveLength(1);
  });

  it('refuses a Last-Event-ID that is none, bad filters, and keys that may only send', async () => {
    const headers = { 'last-event-id': 'x' };
    expect((await api.request('bad', 'events/stream', { headers })).status).toBe(400);
    expect((await api.request('bad', 'events/stream?limit=3')).status).toBe(400);
    expect((await api.request('bad', 'events/stream', { role: 'ingest' })).status).toBe(403);
  });

  it('ends when its key is revoked', async () => {
    const reader = await read('revoked');
    const service = api.app.get(ApiKeysService, { strict: false });
    for (const { id } of await service.list('revoked')) await service.revoke('revoked', id);
    await reader.ended;
  });

  /** A stream of which nobody reads more than the first bytes. */
  const openOnly = async (tenant: string) => {
    const abort = new AbortController();
    const headers = { 'last-event-id': '-1' };
    const answer = await api.request(tenant, 'events/stream', { signal: abort.signal, headers });
    expect(answer.status).toBe(200);
    const body = answer.body?.getReader();
    await body?.read();
    return { leave: () => abort.abort(), rest: body };
  };

  it('reads no further than its reader does', async () => {
    const large = some(3000, { details: { text: 'x'.repeat(20_000) } });
    await land('stalled', large, 0);
    await land('brisk', large, 0);
    const rows = jest.spyOn(SearchStore.prototype, 'rows');
    const queries = (tenant: string) => rows.mock.calls.filter(([, params]) => params?.['tenant'] === tenant).length;
    const stalled = await openOnly('stalled');
    await until(await read('brisk', '', '-1'), 3000);
    expect(queries('brisk')).toBeGreaterThanOrEqual(15);
    expect(queries('stalled')).toBeLessThan(8);
    stalled.leave();
    rows.mockRestore();
  });

  it('gives its places back, and refuses more streams of a tenant than there are', async () => {
    await land('many', some(1), 0);
    const streams = await Promise.all(Array.from({ length: MAX_STREAMS_OF_TENANT }, () => openOnly('many')));
    const refused = await api.request('many', 'events/stream');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '30']);
    expect((await openOnly('few')).rest).toBeDefined();
    streams.forEach((stream) => stream.leave());
    await waitFor(async () => {
      const answer = await api.request('many', 'events/stream', { signal: AbortSignal.timeout(2000) });
      await answer.body?.cancel();
      return answer.status === 200 ? true : undefined;
    });
  });

  describe('as time passes', () => {
    let ahead = 0;
    let now: jest.SpyInstance;
    beforeAll(() => {
      now = jest.spyOn(api.app.get(Clock, { strict: false }), 'now').mockImplementation(() => Date.now() + ahead);
    });
    afterAll(() => now.mockRestore());

    it('shows that it is alive', async () => {
      const reader = await read('quiet');
      ahead += HEARTBEAT_MS;
      const heard = () => Promise.resolve(reader.raw().includes(': heartbeat\n') ? true : undefined);
      await waitFor(heard, { what: () => 'a heartbeat' });
    });

    it('cuts off who takes nothing for minutes, or has lost the key meanwhile, and no one else', async () => {
      const large = some(1000, { details: { text: 'x'.repeat(20_000) } });
      for (const tenant of ['asleep', 'locked-out']) await land(tenant, large, 0);
      const ended = async (tenant: string) => {
        const { rest } = await openOnly(tenant);
        return async () => {
          for (let bytes = 0; ;) {
            const part = await rest?.read();
            if (!part || part.done) throw new Error(`came to an end after ${bytes} bytes`);
            bytes += (part.value as Uint8Array).length;
          }
        };
      };
      const awake = await read('awake', '', '-1');
      const [asleep, lockedOut] = [await ended('asleep'), await ended('locked-out')];
      const service = api.app.get(ApiKeysService, { strict: false });
      for (const { id } of await service.list('locked-out')) await service.revoke('locked-out', id);
      const open = api.app.get(LiveEvents, { strict: false });
      await waitFor(() => Promise.resolve(open.count('locked-out') === 0 ? true : undefined), {
        what: () => 'the end',
      });
      expect(open.count('asleep')).toBe(1);
      ahead += STALL_MS;
      await waitFor(() => Promise.resolve(open.count('asleep') === 0 ? true : undefined), { what: () => 'the end' });
      await Promise.all([asleep, lockedOut].map((rest) => expect(rest()).rejects.toThrow('terminated')));
      await land('awake', some(1), 0);
      await until(awake, 1);
    });
  });

  it('ends on shutdown', async () => {
    const reader = await read('closing');
    await api.close();
    await reader.ended;
    expect(reader.raw()).toContain('retry:');
  });
});
