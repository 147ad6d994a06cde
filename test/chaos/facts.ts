import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { ALERTS_QUEUE } from '../../src/alerts/transition';
import { DELIVERIES_QUEUE } from '../../src/channels/delivery';
import { findRows } from '../../src/events/row';
import { EVENTS_QUEUE, segmentPointer } from '../../src/queues/segment';
import { RedisKeys } from '../../src/redis/redis-keys';
import { Cluster } from '../support/cluster';
import { redisLog } from './redis-log';

/** One row of the store, as far as the checks need it. */
export interface Stored {
  tenant: string;
  id: string;
  checksum: string;
  token: string;
  description: string;
}

/** What the engines hold after the drain, read past all proxies and with no code of the writer. */
export interface Facts {
  stored: Stored[];
  deadLetters: { tenant: string; eventId: string; reasonCode: string; token: string }[];
  tenants: TenantFacts[];
  /** Rows whose checksum is not the SHA-256 of their envelope. */
  corrupt: number;
  /** Rows by `batch tenant`: how many, from which leaf to which. */
  batches: Map<string, Run>;
  /** Books that ingest and writer keep in Redis, by tenant. */
  totals: Map<string, Record<string, number>>;
  nextLeaf: Map<string, number>;
  /** Keys that must be gone when nothing waits, and jobs of the queue by state. */
  left: string[];
  history: History;
}

export interface TenantFacts {
  tenant: string;
  rows: number;
  ids: number;
  leaves: number;
  firstLeaf: number;
  lastLeaf: number;
}

export interface Run {
  count: number;
  first: number;
  last: number;
}

/** The leaves of a tenant in a manifest. */
export interface LeafRange {
  tenant: string;
  start: number;
  count: number;
}

/** What Redis' own log says was ever accepted and planned. */
export interface History {
  /** Rows of all segments ever accepted, by tenant. */
  accepted: Map<string, number>;
  /** Leaves that each manifest gave to its tenants when it was first written, by batch number. */
  manifests: Map<string, LeafRange[]>;
}

export async function gatherFacts(cluster: Cluster, tenants: string[]): Promise<Facts> {
  const clickhouse = cluster.clickhouse();
  const redis = cluster.redis();
  try {
    return {
      ...(await readStore(clickhouse, tenants)),
      ...(await readBuffer(redis, cluster.keys, tenants)),
      history: await readHistory(join(cluster.options.dataDir, 'redis'), cluster.keys),
    };
  } finally {
    await clickhouse.close();
    redis.disconnect();
  }
}

async function readStore(clickhouse: ClickHouseClient, tenants: string[]) {
  const ask = async <T>(query: string): Promise<T[]> => {
    const result = await clickhouse.query({
      query,
      format: 'JSONEachRow',
      query_params: { tenants },
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0, max_execution_time: 280 },
    });
    return result.json<T>();
  };
  const stored = await ask<Stored>(`
    SELECT tenant, toString(id) AS id, lower(hex(checksum)) AS checksum, correlation_id AS token, description
    FROM events WHERE tenant IN {tenants:Array(String)}`);
  const deadLetters = await ask<Facts['deadLetters'][number]>(`
    SELECT tenant, toString(event_id) AS eventId, reason_code AS reasonCode,
           JSONExtractString(envelope, 'context', 'correlationId') AS token
    FROM dead_letters FINAL WHERE tenant IN {tenants:Array(String)}`);
  const perTenant = await ask<TenantFacts>(`
    SELECT tenant, count() AS rows, uniqExact(id) AS ids, uniqExact(leaf_index) AS leaves,
           min(leaf_index) AS firstLeaf, max(leaf_index) AS lastLeaf
    FROM events WHERE tenant IN {tenants:Array(String)} GROUP BY tenant ORDER BY tenant`);
  const [corrupt] = await ask<{ n: number }>(`
    SELECT count() AS n FROM events WHERE tenant IN {tenants:Array(String)} AND checksum != SHA256(envelope)`);
  const runs = await ask<Run & { batch: string; tenant: string }>(`
    SELECT toString(batch) AS batch, tenant, count() AS count, min(leaf_index) AS first, max(leaf_index) AS last
    FROM events WHERE tenant IN {tenants:Array(String)} GROUP BY batch, tenant`);
  return {
    stored,
    deadLetters,
    tenants: perTenant,
    corrupt: corrupt?.n ?? 0,
    batches: new Map(runs.map(({ batch, tenant, ...run }) => [`${batch} ${tenant}`, run])),
  };
}

async function readBuffer(redis: Redis, keys: RedisKeys, tenants: string[]) {
  const totals = new Map<string, Record<string, number>>();
  const nextLeaf = new Map<string, number>();
  for (const tenant of tenants) {
    const counts = Object.entries(await redis.hgetall(keys.tenantTotals(tenant)));
    totals.set(tenant, Object.fromEntries(counts.map(([name, count]) => [name, Number(count)])));
    nextLeaf.set(tenant, Number((await redis.get(keys.nextLeaf(tenant))) ?? 0));
  }
  return { totals, nextLeaf, left: await leftovers(redis, keys) };
}

/** Names of what still waits in Redis; empty when everything is stored and tidied up. */
export async function leftovers(redis: Redis, keys: RedisKeys): Promise<string[]> {
  const left: string[] = [];
  for (const name of [EVENTS_QUEUE, ALERTS_QUEUE, DELIVERIES_QUEUE]) {
    const queue = new Queue(name, { connection: redis, prefix: keys.prefix, skipVersionCheck: true });
    try {
      const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized', 'failed');
      for (const [state, count] of Object.entries(counts))
        if (count > 0) left.push(`${count} jobs of ${name} ${state}`);
    } finally {
      await queue.close();
    }
  }
  const alerting = {
    'steps of alerts': redis.xlen(keys.alertOutbox()),
    'alerts to save': redis.scard(keys.alertsUnsaved()),
    'alerts to escalate': redis.zcard(keys.alertsDue()),
    'notifications to log': redis.scard(keys.notificationsUnlogged()),
  };
  for (const [what, counting] of Object.entries(alerting)) {
    const count = await counting;
    if (count > 0) left.push(`${count} ${what}`);
  }
  const patterns = [keys.segment('*'), keys.manifest('*'), keys.inFlight('*'), keys.claims('*')];
  for (const pattern of [...patterns, keys.segments(), keys.pointers(), keys.assigned()]) {
    const found = await redis.keys(pattern);
    if (found.length > 0) left.push(`${found.length} × ${pattern}`);
  }
  return left;
}

async function readHistory(redisDir: string, keys: RedisKeys): Promise<History> {
  const accepted = new Map<string, number>();
  const manifests = new Map<string, LeafRange[]>();
  const payloads = new Map<string, number>();
  const [payload, manifest] = [keys.payload(''), keys.manifest('')];
  for await (const [name, first, ...rest] of redisLog(redisDir)) {
    const command = name?.toString().toLowerCase();
    const key = first?.toString('latin1') ?? '';
    if (command === 'set' && key.startsWith(payload)) payloads.set(key.slice(payload.length), countRows(rest[0]));
    if (command === 'hset' && key === keys.pointers()) {
      for (let i = 0; i + 1 < rest.length; i += 2) {
        const pointer = segmentPointer.parse(JSON.parse(rest[i + 1]?.toString() ?? ''));
        const rows = pointer.runs.reduce((sum, run) => sum + run.rows, 0);
        if (payloads.get(pointer.segment) !== rows)
          throw new Error(`the log of Redis holds no payload of ${pointer.segment}`);
        for (const run of pointer.runs) accepted.set(run.tenant, (accepted.get(run.tenant) ?? 0) + run.rows);
      }
    }
    if (command === 'hset' && key.startsWith(manifest)) {
      const ranges = rest.findIndex((field, i) => i % 2 === 0 && field.toString() === 'ranges');
      const batch = key.slice(manifest.length);
      if (ranges >= 0 && manifests.has(batch)) throw new Error(`batch ${batch} was planned twice`);
      if (ranges >= 0) manifests.set(batch, JSON.parse(rest[ranges + 1]?.toString() ?? '') as LeafRange[]);
    }
  }
  return { accepted, manifests };
}

const countRows = (payload: Buffer | undefined): number => (payload ? findRows(Buffer.from(payload)).length : 0);
