/**
 * The negative control: a writer as it is often written, careful in everything but one. It persists the plan of each batch
 * before it inserts, never regroups, deletes nothing before the insert succeeded, and when the outcome of an insert is not
 * known it inserts again with the same deduplication token, trusting that ClickHouse stores it once. The checks must catch it.
 */
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Job, Worker } from 'bullmq';
import { connectClickHouse } from '../../src/clickhouse/clickhouse.module';
import { parseConfig } from '../../src/config/config';
import { findRows, ROW_STRUCTURE, RowView, setLeafIndex } from '../../src/events/row';
import { EVENTS_QUEUE, SegmentPointer } from '../../src/queues/segment';
import { connectRedis } from '../../src/redis/redis.module';
import { RedisKeys } from '../../src/redis/redis-keys';

interface Plan {
  batch: string;
  ranges: { tenant: string; start: number; count: number }[];
}

/** KEYS: assigned, batch number. ARGV: segment, prefix of leaf keys, prefix of manifests, then tenant and rows of each run. */
const PLAN = `
local known = redis.call('hget', KEYS[1], ARGV[1])
if known then return {known, redis.call('hget', ARGV[3] .. known, 'ranges')} end
local batch = redis.call('incr', KEYS[2])
local ranges = {}
for i = 4, #ARGV, 2 do
  local count = tonumber(ARGV[i + 1])
  ranges[#ranges + 1] = {tenant = ARGV[i], start = redis.call('incrby', ARGV[2] .. ARGV[i], count) - count, count = count}
end
redis.call('hset', ARGV[3] .. batch, 'ranges', cjson.encode(ranges))
redis.call('hset', KEYS[1], ARGV[1], batch)
return {tostring(batch), cjson.encode(ranges)}`;

const INSERT = `
INSERT INTO events (tenant, id, event_type, category, severity, outcome, occurred_at, received_at, correlation_id, description,
                    retention, retain_until, envelope, checksum, key_id, signature, leaf_index, batch)
SELECT JSONExtractString(envelope, 'tenant'), toUUID(JSONExtractString(envelope, 'id')),
       JSONExtractString(envelope, 'eventType'), JSONExtractString(envelope, 'category'),
       JSONExtractString(envelope, 'severity'), JSONExtractString(envelope, 'outcome'),
       parseDateTime64BestEffort(JSONExtractString(envelope, 'occurredAt'), 3, 'UTC'),
       parseDateTime64BestEffort(JSONExtractString(envelope, 'receivedAt'), 3, 'UTC'),
       JSONExtractString(envelope, 'context', 'correlationId'), JSONExtractString(envelope, 'description'),
       JSONExtractString(envelope, 'retention'), toDate(JSONExtractString(envelope, 'retainUntil')),
       envelope, checksum, key_id, signature, leaf_index, {batch:UInt64}
FROM input('${ROW_STRUCTURE}') FORMAT RowBinary`;

const config = parseConfig(process.env);
const redis = connectRedis(config, { blocking: true });
const clickhouse = connectClickHouse(config);
const keys = new RedisKeys(config.redis.prefix);

async function write(job: Job<SegmentPointer>): Promise<void> {
  const { segment } = job.data;
  const payload = await redis.getBuffer(keys.segment(segment));
  if (!payload) return; // Committed; only the job's end was lost.
  const { batch, ranges } = await plan(job.data);
  const leaves = ranges.flatMap(({ start, count }) => Array.from({ length: count }, (_, i) => start + i));
  const rows = findRows(payload);
  for (const [i, row] of rows.entries()) setLeafIndex(payload, row, leaves[i] ?? 0);
  await insert(batch, payload);
  await commit(job.data, batch, rows);
}

async function plan({ segment, runs }: SegmentPointer): Promise<Plan> {
  const args = runs.flatMap(({ tenant, rows }) => [tenant, String(rows)]);
  const books = [keys.assigned(), keys.batchNumber(), segment, keys.nextLeaf(''), keys.manifest('')];
  const [batch, ranges] = (await redis.eval(PLAN, 2, ...books, ...args)) as [string, string];
  return { batch, ranges: JSON.parse(ranges) as Plan['ranges'] };
}

/** Until ClickHouse says yes: that is the fault under test. */
async function insert(batch: string, payload: Buffer): Promise<void> {
  for (;;) {
    try {
      const { stream } = await clickhouse.exec({
        query: INSERT,
        values: Readable.from([payload], { objectMode: false }),
        query_params: { batch },
        clickhouse_settings: { insert_deduplicate: 1, insert_deduplication_token: batch },
      });
      for await (const chunk of stream) void chunk;
      return;
    } catch (error) {
      process.stdout.write(`batch ${batch} is tried again: ${String(error).slice(0, 200)}\n`);
      await pause(100);
    }
  }
}

async function commit({ segment, runs }: SegmentPointer, batch: string, rows: RowView[]): Promise<void> {
  const multi = redis
    .multi()
    .del(keys.segment(segment), keys.manifest(batch))
    .hdel(keys.pointers(), segment)
    .hdel(keys.assigned(), segment)
    .zrem(keys.segments(), segment);
  let next = 0;
  for (const run of runs) {
    const own = rows.slice(next, (next += run.rows));
    const bytes = own.reduce((sum, { start, end }) => sum + end - start, 0);
    for (const books of [keys.totals(), keys.tenantTotals(run.tenant)]) {
      multi
        .hincrby(books, 'stored', run.rows)
        .hincrby(books, 'waitingRows', -run.rows)
        .hincrby(books, 'waitingBytes', -bytes);
    }
  }
  await multi.exec();
}

const worker = new Worker<SegmentPointer>(EVENTS_QUEUE, write, {
  connection: connectRedis(config, { blocking: true }),
  prefix: keys.prefix,
  concurrency: 8,
  lockDuration: 5000,
  stalledInterval: 2000,
  maxStalledCount: Number.MAX_SAFE_INTEGER,
});
worker.on('error', (error) => process.stdout.write(`worker: ${error.message}\n`));
process.once('SIGTERM', () => void worker.close().then(() => process.exit(0)));
process.once('disconnect', () => process.exit(0));
// The API calls a system degraded whose workers say nothing.
setInterval(() => {
  const alive = JSON.stringify({ at: Date.now(), metrics: [] });
  redis.hset(keys.metrics(), `worker/control/${process.pid}`, alive).catch(() => undefined);
}, 1000);
process.send?.({ ready: true });
