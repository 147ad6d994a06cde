import { segmentPointer } from '../../src/queues/segment';
import { RedisKeys } from '../../src/redis/redis-keys';
import { openSegment, Segment } from '../../src/writer/batch';
import { BatchWriter } from '../../src/writer/batch-writer';
import { Counters } from '../../src/writer/counters';
import { DeadLetterStore } from '../../src/writer/dead-letter-store';
import { EventWriter } from '../../src/writer/event-writer';
import { ManifestStore } from '../../src/writer/manifest-store';
import { RepeatFinder } from '../../src/writer/repeat-finder';
import { WriterMetrics } from '../../src/writer/writer-metrics';
import type { OwnStores } from './engines';
import { keyProcess } from './key-process';

/** A batch writer of this process and its parts. */
export interface OwnWriter {
  keys: RedisKeys;
  manifests: ManifestStore;
  repeats: RepeatFinder;
  writer: BatchWriter;
  /** Writes everything that waits as one batch, in the order of acceptance. */
  drain: () => Promise<void>;
}

// prom-client knows each metric once.
let metrics: WriterMetrics | undefined;

/** A writer on `stores`; each is an owner of its own, as if it ran in another process. `events` speaks to ClickHouse. */
export async function ownWriter(
  stores: OwnStores,
  events: EventWriter = new EventWriter(stores.clickhouse),
): Promise<OwnWriter> {
  const { clickhouse, redis, config } = stores;
  const keys = new RedisKeys(config.redis.prefix);
  const manifests = new ManifestStore(redis, keys);
  const repeats = new RepeatFinder(manifests, events, redis, keys);
  const counters = new Counters(clickhouse, redis, keys);
  await counters.restore();
  const letters = new DeadLetterStore(clickhouse);
  const { keeper, sealer } = keyProcess(stores);
  await keeper.restore();
  metrics ??= new WriterMetrics();
  const writer = new BatchWriter(
    ...([manifests, repeats, events, letters, counters, metrics, keeper, sealer, redis, keys, config] as const),
  );
  const waiting = async (): Promise<Segment[]> => {
    const ids = await redis.zrange(keys.segments(), 0, '-1');
    return Promise.all(
      ids.map(async (id) => {
        const [pointer, payload] = [await redis.hget(keys.pointers(), id), await redis.getBuffer(keys.segment(id))];
        if (pointer === null || payload === null) throw new Error(`segment ${id} is not whole`);
        return openSegment(segmentPointer.parse(JSON.parse(pointer)), payload);
      }),
    );
  };
  const drain = async () => {
    const segments = await waiting();
    if (segments.length > 0) await writer.write(segments);
  };
  return { keys, manifests, repeats, writer, drain };
}
