/**
 * How fast statistics are: fills the real tables with events of 30 days, counts them as the worker does, and asks the API. By itself:
 *   node -r ./test/support/register.cjs test/bench/queries.ts [events] [requests]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClickHouseClient } from '@clickhouse/client';
import { EVENT_TYPES } from '../../src/events/event-types';
import { RollUp } from '../../src/statistics/roll-up';
import { RollUpState } from '../../src/statistics/roll-up-state';
import { RollupStore } from '../../src/statistics/rollup-store';
import { Cluster } from '../support/cluster';
import { differences } from '../support/recount';

export const TENANT = 'default';
const DAY_MS = 86_400_000;
const DAYS = 30;
const PART = 1_000_000;
const BATCH = 20_000;
const USERS = 5000;
const ADDRESSES = 20_000;
const RESOURCES = 100_000;

export interface QueryOptions {
  events: number;
  /** Of each route. */
  requests: number;
  say: (line: string) => void;
}

export interface QueryResult {
  events: number;
  rollups: number;
  /** ClickHouse's CPU and all, µs an event. */
  countingMicros: number;
  /** ms by route. */
  routes: Record<string, { p50: number; p95: number; max: number }>;
}

/**
 * One part of the month, in the order of time. Users, addresses and types are unevenly spread (the cube of a random number), and
 * envelopes are short, since no statistics read them.
 */
const fill = (): string => {
  const types = [...EVENT_TYPES].map(([name, { category, severity, outcome }]) => ({
    name,
    category,
    severity,
    outcome,
  }));
  const list = (of: (type: (typeof types)[number]) => string) => `[${types.map((type) => `'${of(type)}'`).join(',')}]`;
  const uneven = (salt: number, n: number) =>
    `toUInt32(pow((cityHash64(number, ${salt}) % 100000) / 100000, 3) * ${n})`;
  return `INSERT INTO events (tenant, id, event_type, category, severity, outcome, occurred_at, received_at, actor, subject, ip_address, ip,
    resource_type, resource_id, service, description, retention, retain_until, envelope, leaf_index, batch)
  SELECT '${TENANT}', generateUUIDv7(), ${list((t) => t.name)}[type + 1], ${list((t) => t.category)}[type + 1],
    ${list((t) => t.severity)}[type + 1], if(cityHash64(number, 5) % 20 = 0, 'failure', ${list((t) => t.outcome)}[type + 1]),
    at, at, actor, actor, address, toIPv6(address), if(resource % 3 = 0, 'invoice', 'shipment'), concat('R-', toString(resource)),
    ['portal', 'billing', 'freight-api', 'crm', 'warehouse', 'mobile'][cityHash64(number, 6) % 6 + 1], 'what happened',
    'security', toDate('2100-01-01'), '{}', number, intDiv(number, ${BATCH}) + 1
  FROM (SELECT number, fromUnixTimestamp64Milli(toInt64({from:Int64} + intDiv(number * ${DAYS * DAY_MS}, {events:UInt64})), 'UTC') AS at,
      ${uneven(1, types.length)} AS type, concat('sub_', substring(lower(hex(MD5(toString(${uneven(2, USERS)})))), 1, 22)) AS actor,
      ${uneven(3, ADDRESSES)} AS a, concat('10.', toString(a % 4), '.', toString(intDiv(a, 4) % 100), '.', toString(intDiv(a, 400))) AS address,
      cityHash64(number, 4) % ${RESOURCES} AS resource
    FROM numbers({begin:UInt64}, {rows:UInt64}))`;
};

/** Fills `events` with thirty days from `from` on, ms. */
export async function fillEvents(
  clickhouse: ClickHouseClient,
  from: number,
  { events, say }: QueryOptions,
): Promise<void> {
  for (let begin = 0; begin < events; begin += PART) {
    await clickhouse.command({
      query: fill(),
      query_params: { from, events, begin, rows: Math.min(PART, events - begin) },
      clickhouse_settings: { async_insert: 0, max_insert_threads: '1' },
    });
    if ((begin / PART) % 5 === 4) say(`${(begin + PART) / 1_000_000} million events`);
  }
}

/** Counts all of it into the rollups. */
export async function countAll(cluster: Cluster, clickhouse: ClickHouseClient, events: number): Promise<void> {
  const redis = cluster.redis();
  try {
    await redis.mset(cluster.keys.ready(), '1', cluster.keys.batchNumber(), String(Math.ceil(events / BATCH)));
    const store = new RollupStore(clickhouse);
    const rollUp = new RollUp(store, new RollUpState(redis, cluster.keys));
    for (let n = 0; (await rollUp.step(`bench-rollup-${n}`, (await store.readClock()) + 60_000)) === 'more'; n++);
  } finally {
    redis.disconnect();
  }
}

/** The same when something was counted since the last time, so that nothing of the last answer may be given again. */
const AFTER_AN_EVENT = 'dashboard/summary, something new each time';

async function countOneMore(clickhouse: ClickHouseClient, end: number): Promise<void> {
  const day = new Date(Math.floor(end / DAY_MS) * DAY_MS).toISOString();
  await clickhouse.insert({
    table: 'rollups',
    format: 'JSONEachRow',
    values: [{ tenant: TENANT, dimension: 'user', at: day, key: 'one more', events: 1, keep_until: '2100-01-01' }],
    clickhouse_settings: { async_insert: 0, date_time_input_format: 'best_effort' },
  });
}

/** Routes with the queries of one request; times are never whole hours, so that edges are read from events as well. */
function routes(end: number): Record<string, (n: number) => string> {
  const at = (ms: number) => new Date(ms).toISOString();
  const range = (n: number, days: number) => `from=${at(end - days * DAY_MS - n * 61_007)}&to=${at(end - n * 61_007)}`;
  const month = (n: number) => range(n, DAYS);
  return {
    'dashboard/summary': (n) => `dashboard/summary?${month(n)}&timezone=America/Sao_Paulo`,
    [AFTER_AN_EVENT]: (n) => `dashboard/summary?${month(n)}&timezone=America/Sao_Paulo`,
    'series by day and severity': (n) =>
      `analytics/series?${month(n)}&interval=1d&groupBy=severity&timezone=Asia/Kolkata`,
    'series by hour and type': (n) => `analytics/series?${month(n)}&interval=1h&groupBy=eventType`,
    'series by minute, 1 hour': (n) => `analytics/series?${range(n, 1 / 24)}&interval=1m`,
    'top users': (n) => `analytics/top?${month(n)}&of=user`,
    'top addresses by failures': (n) => `analytics/top?${month(n)}&of=address&order=failures`,
    'top resources': (n) => `analytics/top?${month(n)}&of=resource`,
    'top types': (n) => `analytics/top?${month(n)}&of=eventType`,
    heatmap: (n) => `analytics/heatmap?${month(n)}&timezone=Europe/Lisbon`,
    'first-seen users': (n) => `analytics/first-seen?${range(n, 7)}&of=user`,
    'first-seen addresses': (n) => `analytics/first-seen?${range(n, 7)}&of=address`,
    'anomalies by category': (n) => `analytics/anomalies?${range(n, 7)}&groupBy=category`,
  };
}

/** Fills, counts, measures and removes all of it again. Needs about 100 bytes of disk an event. */
export async function benchQueries(options: QueryOptions): Promise<QueryResult> {
  const { events, requests, say } = options;
  const dataDir = await mkdtemp(join(tmpdir(), 'mcp-audit-bench-'));
  // No worker: it would seal every leaf first.
  const cluster = await Cluster.start({
    dataDir,
    apis: 1,
    workers: 0,
    proxied: false,
    env: { AUDIT_LOG_LEVEL: 'warn' },
  });
  const clickhouse = cluster.clickhouse();
  try {
    const end = Date.now();
    await fillEvents(clickhouse, end - DAYS * DAY_MS, options);
    const began = performance.now();
    await countAll(cluster, clickhouse, events);
    const countingMicros = ((performance.now() - began) * 1000) / events;
    say(`counted, ${countingMicros.toFixed(2)} µs an event`);
    const answer = await clickhouse.query({ query: 'SELECT count() AS n FROM rollups', format: 'JSONEachRow' });
    const rollups = Number((await answer.json<{ n: string }>())[0]?.n);
    if (events <= 5_000_000) say(`differences: ${JSON.stringify(await differences(clickhouse, 'audit'))}`);
    const result: QueryResult = { events, rollups, countingMicros, routes: {} };
    for (const [name, path] of Object.entries(routes(end))) {
      const times: number[] = [];
      for (let n = -2; n < requests; n++) {
        if (name === AFTER_AN_EVENT) await countOneMore(clickhouse, end);
        const start = performance.now();
        const reply = await fetch(`${cluster.apiUrls[0]}/audit/api/${path(n)}`, {
          headers: { authorization: `Bearer ${cluster.adminKey}` },
        });
        const body = await reply.text();
        if (reply.status !== 200) throw new Error(`${name}: ${reply.status} ${body}`);
        if (n >= 0) times.push(performance.now() - start);
      }
      times.sort((a, b) => a - b);
      const at = (share: number) =>
        Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN);
      result.routes[name] = { p50: at(0.5), p95: at(0.95), max: at(1) };
      say(`${name}: ${JSON.stringify(result.routes[name])}`);
    }
    return result;
  } finally {
    await clickhouse.close();
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

if (require.main === module) {
  const [events = '50000000', requests = '40'] = process.argv.slice(2);
  const say = (line: string) => process.stderr.write(`${line}\n`);
  benchQueries({ events: Number(events), requests: Number(requests), say }).then(
    (result) => {
      process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
      process.exit(0);
    },
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
}
