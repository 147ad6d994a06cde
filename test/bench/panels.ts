/**
 * How fast dashboards are: fills the real tables with events of 30 days, counts them as the worker does, and asks what every panel asks,
 * as Grafana's user, for 30 days up to now. By itself:
 *   node -r ./test/support/register.cjs test/bench/panels.ts [events] [requests]
 */
import { ClickHouseClient } from '@clickhouse/client';
import { cpuMsOf } from '../support/processes';
import { dashboards, intervalOf } from '../support/dashboards';
import { expand } from '../support/grafana-macros';
import { GrafanaStage } from '../support/grafana-stage';
import { countAll, fillEvents, QueryOptions, TENANT } from './queries';

const DAY_MS = 86_400_000;
const DAYS = 30;
const SAMPLE_SECONDS = 60;
/** Names of metrics with the number of buckets that each has; none: a gauge or counter. */
const METRICS: Record<string, number> = {
  ...{
    audit_writer_insert_seconds_bucket: 12,
    audit_ingest_commit_seconds_bucket: 12,
    audit_ledger_seal_seconds_bucket: 10,
  },
  ...{
    audit_rules_lag_seconds_bucket: 10,
    audit_pipeline_accepted: 0,
    audit_pipeline_stored: 0,
    audit_pipeline_waiting: 0,
  },
  ...{ audit_pipeline_waiting_segments: 0, audit_pipeline_waiting_bytes: 0, audit_pipeline_oldest_waiting_ms: 0 },
  ...{ audit_pipeline_duplicates: 0, audit_pipeline_dead_lettered: 0, audit_pipeline_unaccounted: 0 },
  ...{ audit_ledger_lag_seconds: 0, audit_ledger_halted: 0, audit_rollup_lag_seconds: 0, audit_ingest_events_total: 0 },
  ...{ audit_notifications_total: 0, audit_writer_retries_total: 0, audit_writer_takeovers_total: 0 },
};

export interface PanelsResult {
  events: number;
  /** ms by dashboard and panel, slowest first; `cpu` is what one query costs ClickHouse, on all cores. */
  panels: Record<string, { p50: number; p95: number; max: number; cpu: number }>;
  /** Those whose p95 is 200 ms or more. */
  slow: string[];
}

/** What stands beside events: a month of samples, checkpoints every five seconds, and as many alerts as nobody wants to see. */
async function fillRest(clickhouse: ClickHouseClient, from: number): Promise<void> {
  const samples = (DAYS * DAY_MS) / 1000 / SAMPLE_SECONDS;
  const insert = (query: string, params: Record<string, unknown> = {}) =>
    clickhouse.command({ query, query_params: { from: Math.floor(from / 1000), ...params } });
  for (const [name, buckets] of Object.entries(METRICS)) {
    for (let bucket = 1; bucket <= Math.max(1, buckets); bucket++) {
      await insert(
        `INSERT INTO metric_samples SELECT {name:String}, '{"role":"worker"}', {le:Float64}, toDateTime({from:UInt32} + number * ${SAMPLE_SECONDS}),
           number * {bucket:UInt8} FROM numbers({samples:UInt64})`,
        { name, bucket, le: buckets === 0 ? 0 : bucket, samples },
      );
    }
  }
  await insert(
    `INSERT INTO checkpoints (tenant, size, signed_at) SELECT '${TENANT}', number * 100, toDateTime({from:UInt32} + number * 5) FROM numbers(518400)`,
  );
  await insert(
    `INSERT INTO alerts (tenant, id, revision, rule_id, severity, status, group_values, opened_at, last_hit_at, counter)
     SELECT '${TENANT}', generateUUIDv4(), 1, 'brute-force', 1 + number % 5, 1 + number % 3, ['10.0.0.1'], toDateTime({from:UInt32} + number * 259),
       toDateTime({from:UInt32} + number * 259), 5 FROM numbers(10000)`,
  );
}

/** Fills, counts, measures and removes all of it again. Needs about 100 bytes of disk an event. */
export async function benchPanels({ events, requests, say }: QueryOptions): Promise<PanelsResult> {
  const stage = await GrafanaStage.start();
  const clickhouse = stage.cluster.clickhouse();
  try {
    const end = Date.now();
    await fillEvents(clickhouse, end - DAYS * DAY_MS, { events, requests, say });
    await countAll(stage.cluster, clickhouse, events);
    await fillRest(clickhouse, end - DAYS * DAY_MS);
    say('filled and counted');
    const top = await stage.read(
      "SELECT argMax(key, events) AS user FROM rollups WHERE dimension = 'user' AND at >= now() - INTERVAL 2 DAY",
    );
    const chosen = { tenant: TENANT, category: '$__all', severity: '$__all', service: '$__all' };
    const variables = { ...chosen, user: String(top.rows[0]?.user), resource: '' };
    const engine = stage.cluster.of('clickhouse')[0]?.pid() ?? NaN;
    const measured: [string, PanelsResult['panels'][string]][] = [];
    for (const dashboard of dashboards()) {
      for (const panel of dashboard.panels) {
        const name = `${dashboard.title}: ${panel.title}`;
        const of = panel.title?.includes('resource') ? { user: '', resource: 'R-4711' } : {};
        const times: number[] = [];
        let cpuBefore = 0;
        for (let n = -2; n < requests; n++) {
          if (n === 0) cpuBefore = cpuMsOf(engine) ?? NaN;
          const to = end - Math.max(0, n) * 61_007;
          const around = {
            from: new Date(to - DAYS * DAY_MS),
            to: new Date(to),
            intervalMs: intervalOf(panel, DAYS * DAY_MS),
          };
          const sql = expand(panel.targets[0]?.rawSql ?? '', { ...around, variables: { ...variables, ...of } });
          const began = performance.now();
          const { ok, text } = await stage.ask(`${sql}\nFORMAT Native`);
          if (!ok) throw new Error(`${name}: ${text}`);
          if (n >= 0) times.push(performance.now() - began);
        }
        const cpu = Math.round(((cpuMsOf(engine) ?? NaN) - cpuBefore) / requests);
        times.sort((a, b) => a - b);
        const at = (share: number) =>
          Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN);
        measured.push([name, { p50: at(0.5), p95: at(0.95), max: at(1), cpu }]);
        say(`${name}: ${JSON.stringify(measured.at(-1)?.[1])}`);
      }
    }
    measured.sort(([, a], [, b]) => b.p95 - a.p95);
    const slow = measured.filter(([, { p95 }]) => p95 >= 200).map(([name]) => name);
    return { events, panels: Object.fromEntries(measured), slow };
  } finally {
    await clickhouse.close();
    await stage.stop();
  }
}

if (require.main === module) {
  const [events = '50000000', requests = '20'] = process.argv.slice(2);
  const say = (line: string) => process.stderr.write(`${line}\n`);
  benchPanels({ events: Number(events), requests: Number(requests), say }).then(
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
