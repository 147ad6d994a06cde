import { register } from 'prom-client';
import { KeyKeeper } from '../../src/keys/key-keeper';
import { KeyStore } from '../../src/keys/key-store';
import { RedisKeys } from '../../src/redis/redis-keys';
import { uuidV7 } from '../../src/events/uuid';
import { BatchPlan, countByTenant, keptRows, Segment } from '../../src/writer/batch';
import { BatchWriter } from '../../src/writer/batch-writer';
import { Counters } from '../../src/writer/counters';
import { DeadLetterStore } from '../../src/writer/dead-letter-store';
import { EventWriter } from '../../src/writer/event-writer';
import { ManifestStore } from '../../src/writer/manifest-store';
import { RepeatFinder } from '../../src/writer/repeat-finder';
import { WriterMetrics } from '../../src/writer/writer-metrics';
import { OwnStores, ownStores } from '../support/engines';
import { freshTenant, putSegment } from '../support/segments';

describe('events that were sent more than once', () => {
  let stores: OwnStores;
  let keys: RedisKeys;
  let manifests: ManifestStore;
  let finder: RepeatFinder;
  let writer: BatchWriter;
  let tenant: string;
  let id: string;

  beforeAll(async () => {
    stores = await ownStores();
    const { clickhouse, redis, config } = stores;
    keys = new RedisKeys(config.redis.prefix);
    manifests = new ManifestStore(redis, keys);
    const events = new EventWriter(clickhouse);
    finder = new RepeatFinder(manifests, events, redis, keys);
    const counters = new Counters(clickhouse, redis, keys);
    await counters.restore();
    const letters = new DeadLetterStore(clickhouse);
    const keeper = new KeyKeeper(redis, keys, new KeyStore(clickhouse));
    const metrics = new WriterMetrics();
    writer = new BatchWriter(manifests, finder, events, letters, counters, metrics, keeper, redis, keys, config);
  });
  afterAll(async () => {
    register.clear();
    await stores.close();
  });
  beforeEach(() => {
    tenant = freshTenant();
    id = uuidV7(Date.now());
  });

  const segment = (...events: object[]) =>
    putSegment(stores.redis, keys, tenant, events.length > 0 ? events : [{ id }]);
  const kept = (segments: Segment[], plan: BatchPlan) => [...keptRows(segments, plan)].map((row) => row.segment.id);
  const storedRows = async () => {
    const answer = await stores.clickhouse.query({
      query: 'SELECT toUInt32(count()) AS n FROM events WHERE tenant = {tenant:String}',
      query_params: { tenant },
      format: 'JSONEachRow',
    });
    return (await answer.json<{ n: number }>())[0]?.n;
  };

  it('keeps one of them when they meet in a batch after the later one had been claimed by an attempt that failed', async () => {
    const [first, second] = [await segment(), await segment()];
    await finder.plan([second]);
    const plan = await finder.plan([first, second]);
    expect(kept([first, second], plan)).toEqual([second.id]);
    expect(plan.duplicates).toEqual({ [tenant]: 1 });
  });

  it('still knows an event in flight after a repeat of it was dropped and committed', async () => {
    const inFlight = await segment();
    const plan = await finder.plan([inFlight]);
    await manifests.sequence(plan, countByTenant([inFlight], plan), Date.now());
    await writer.write([await segment()]);
    const third = await segment();
    expect(kept([third], await finder.plan([third]))).toEqual([]);
  });

  it('stores one of many repeats in flight at the same time, whoever writes them', async () => {
    const segments = await Promise.all(Array.from({ length: 8 }, () => segment()));
    await Promise.all([
      writer.write(segments.slice(0, 3)),
      writer.write(segments.slice(3, 4)),
      writer.write(segments.slice(4)),
    ]);
    expect(await storedRows()).toBe(1);
  });
});
