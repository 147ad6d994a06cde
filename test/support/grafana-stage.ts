import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineSecrets } from '../../src/supervisor/secrets';
import { RollUp } from '../../src/statistics/roll-up';
import { RollUpState } from '../../src/statistics/roll-up-state';
import { RollupStore } from '../../src/statistics/rollup-store';
import { Cluster } from './cluster';
import { insertEvents, TestEvent } from './insert-events';
import { randomEvents, randomNumbers } from './random-events';

export interface Answer {
  columns: string[];
  rows: Record<string, unknown>[];
}

const HOUR = 3_600_000;
const DAY = 86_400_000;

const GAUGES = {
  audit_pipeline_waiting: 40,
  audit_pipeline_waiting_segments: 2,
  audit_pipeline_waiting_bytes: 4000,
  audit_pipeline_oldest_waiting_ms: 70_000,
  audit_pipeline_duplicates: 1,
  audit_pipeline_dead_lettered: 1,
  audit_pipeline_unaccounted: 2,
  audit_ledger_lag_seconds: 3,
  audit_ledger_halted: 1,
  audit_rollup_lag_seconds: 6,
};

/** Engines and the migrated schema without any process that would write by itself, and Grafana's user. */
export class GrafanaStage {
  private constructor(
    readonly cluster: Cluster,
    private readonly password: string,
    private readonly origin: string,
  ) {}

  /** @param tenant the one that Grafana is bound to */
  static async start(tenant?: string): Promise<GrafanaStage> {
    const dataDir = await mkdtemp(join(tmpdir(), 'mcp-audit-grafana-'));
    const env: Record<string, string> = tenant === undefined ? {} : { AUDIT_GRAFANA_TENANT: tenant };
    const cluster = await Cluster.start({ dataDir, apis: 0, workers: 0, proxied: false, env });
    const { clickhouseGrafana } = await engineSecrets(dataDir);
    return new GrafanaStage(cluster, clickhouseGrafana, new URL(cluster.config.clickhouse.url ?? '').origin);
  }

  async stop(): Promise<void> {
    await this.cluster.stop();
    await rm(this.cluster.options.dataDir, { recursive: true, force: true });
  }

  /** What Grafana gets; the text is that of the answer or of the error. */
  async ask(sql: string): Promise<{ ok: boolean; text: string }> {
    const answer = await fetch(`${this.origin}/?database=audit`, {
      method: 'POST',
      headers: { 'X-ClickHouse-User': 'audit_grafana', 'X-ClickHouse-Key': this.password },
      body: sql,
    });
    return { ok: answer.ok, text: (await answer.text()).trim() };
  }

  async read(sql: string): Promise<Answer> {
    const { ok, text } = await this.ask(`${sql}\nFORMAT JSON`);
    if (!ok) throw new Error(`${text}\n${sql}`);
    const { meta, data } = JSON.parse(text) as { meta: { name: string }[]; data: Record<string, unknown>[] };
    return { columns: meta.map(({ name }) => name), rows: data };
  }

  /** The gauges once more, for rules that look at the last minutes. */
  async sampleNow(): Promise<void> {
    const at = new Date().toISOString();
    const values = Object.entries(GAUGES).map(([name, value]) => ({ name, labels: '{}', le: '0', at, value }));
    await this.insert({ metric_samples: values });
  }

  private async insert(tables: Record<string, object[]>): Promise<void> {
    const clickhouse = this.cluster.clickhouse();
    try {
      for (const [table, values] of Object.entries(tables)) {
        await clickhouse.insert({
          table,
          values,
          format: 'JSONEachRow',
          clickhouse_settings: { date_time_input_format: 'best_effort' },
        });
      }
    } finally {
      await clickhouse.close();
    }
  }

  /** Fills every table that dashboards read, for two tenants, up to `now`. */
  async fill(now: number): Promise<void> {
    const clickhouse = this.cluster.clickhouse();
    const redis = this.cluster.redis();
    try {
      await insertEvents(clickhouse, 'acme', story(now), 0, 1);
      await insertEvents(clickhouse, 'other', randomEvents(randomNumbers(7), 50, now - DAY, now), 0, 2);
      await redis.mset(this.cluster.keys.ready(), '1', this.cluster.keys.batchNumber(), '2');
      const store = new RollupStore(clickhouse);
      await new RollUp(store, new RollUpState(redis, this.cluster.keys)).step(
        'grafana',
        (await store.readClock()) + 60_000,
      );
      await this.insert(facts(now));
    } finally {
      await clickhouse.close();
      redis.disconnect();
    }
  }
}

/** Three days of a tenant: noise, an attack by one address within the last minutes, consents, requests, acts on the log. */
function story(now: number): TestEvent[] {
  const at = (ago: number) => new Date(now - ago).toISOString();
  const event = (eventType: string, ago: number, more: TestEvent = {}): TestEvent => ({
    eventType,
    occurredAt: at(ago),
    ...more,
  });
  const attack = Array.from({ length: 60 }, (_, i) =>
    event('LOGIN_FAILED', 60_000 + i * 1000, {
      context: { userId: `sub_${i % 4}`, ipAddress: '203.0.113.9', service: 'portal' },
    }),
  );
  const request = (eventType: string, ago: number, requestId: string | number) =>
    event(eventType, ago, { subjectId: 'sub_1', details: { requestId } });
  return [
    ...randomEvents(randomNumbers(5), 500, now - 3 * DAY, now - HOUR),
    ...attack,
    event('BRUTE_FORCE_DETECTED', 50_000, { context: { ipAddress: '203.0.113.9' } }),
    event('CONSENT_GRANTED', DAY, { subjectId: 'sub_1' }),
    event('CONSENT_GRANTED', DAY, { subjectId: 'sub_2' }),
    event('CONSENT_REVOKED', HOUR, { subjectId: 'sub_1' }),
    request('GDPR_REQUEST', 2 * DAY, 'R-1'),
    request('LGPD_REQUEST', 14 * DAY, 'R-2'),
    request('GDPR_REQUEST', 2 * DAY, 3),
    request('DATA_SUBJECT_REQUEST_COMPLETED', DAY, 3),
    event('DATA_BREACH_DETECTED', 5 * HOUR),
    event('DATA_READ', 0, { context: { resourceType: 'invoice', resourceId: 'R-99' } }),
    event('AUDIT_ERASURE', 2 * HOUR, { context: { userId: 'sub_3' } }),
    event('AUDIT_REVEAL', 2 * HOUR, { context: { userId: 'sub_3' } }),
  ];
}

function facts(now: number): Record<string, object[]> {
  const at = (ago: number) => new Date(now - ago).toISOString();
  const id = (n: number) => `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`;
  const alert = (n: number, severity: string, status: string, ago: number, revision = 1) => ({
    ...{ tenant: 'acme', id: id(n), revision, rule_id: 'brute-force', severity, status, group_values: ['203.0.113.9'] },
    ...{ opened_at: at(ago), first_hit_at: at(ago), last_hit_at: at(ago - 60_000), counter: 6, record: '{"secret":1}' },
  });
  // Every half minute for ten minutes, up to now.
  const samples = (name: string, value: (n: number) => number, labels = '{}', le = '0') =>
    Array.from({ length: 20 }, (_, n) => ({ name, labels, le, at: at(30_000 * (19 - n)), value: value(n) }));
  const histogram = (name: string) => [
    ...samples(`${name}_bucket`, (n) => n * 5, '{}', '0.5'),
    ...samples(`${name}_bucket`, (n) => n * 9, '{}', '1'),
    ...samples(`${name}_bucket`, (n) => n * 10, '{}', 'Infinity'),
  ];
  const other = (row: object) => ({ ...row, tenant: 'other' });
  return {
    alerts: [
      alert(1, 'critical', 'open', 2 * HOUR),
      alert(2, 'high', 'acknowledged', 3 * HOUR, 2),
      alert(2, 'high', 'open', 3 * HOUR, 1),
      other(alert(3, 'critical', 'open', HOUR)),
    ],
    notifications: [{ tenant: 'acme', id: id(1), created_at: at(HOUR), revision: 1, kind: 'opened', state: 'sent' }],
    dead_letters: [
      {
        tenant: 'acme',
        id: id(1),
        reason_code: 'ID_CONFLICT',
        state: 'waiting',
        created_at: at(HOUR),
        updated_at: at(HOUR),
        envelope: '{}',
      },
      {
        tenant: 'other',
        id: id(2),
        reason_code: 'ID_CONFLICT',
        state: 'waiting',
        created_at: at(HOUR),
        updated_at: at(HOUR),
      },
    ],
    checkpoints: [
      { tenant: 'acme', size: 100, signed_at: at(2 * HOUR), note: 'n' },
      { tenant: 'acme', size: 400, signed_at: at(60_000), note: 'n' },
      { tenant: 'other', size: 7, signed_at: at(60_000), note: 'n' },
    ],
    verifications: [
      {
        tenant: 'acme',
        id: id(1),
        kind: 'full',
        size: 90,
        events: 90,
        faults: 3,
        started_at: at(5 * HOUR),
        finished_at: at(5 * HOUR - 4000),
      },
      {
        tenant: 'acme',
        id: id(2),
        kind: 'incremental',
        size: 100,
        events: 10,
        faults: 1,
        started_at: at(HOUR),
        finished_at: at(HOUR - 2000),
      },
      other({ id: id(3), kind: 'full', size: 7, events: 7, faults: 0, started_at: at(HOUR), finished_at: at(HOUR) }),
    ],
    retention_manifests: [
      {
        tenant: 'acme',
        id: id(1),
        created_at: at(HOUR),
        retention: 'user_action',
        horizon: '2026-01-01',
        leaf_count: 12,
        body: '{}',
      },
      {
        tenant: 'other',
        id: id(2),
        created_at: at(HOUR),
        retention: 'security',
        horizon: '2026-01-01',
        leaf_count: 2,
        body: '{}',
      },
    ],
    erasures: [
      {
        tenant: 'acme',
        id: id(1),
        state: 'done',
        requested_at: at(2 * HOUR),
        finished_at: at(HOUR),
        version: 2,
        reason: 'asked',
      },
      { tenant: 'other', id: id(2), state: 'begun', requested_at: at(HOUR), version: 1 },
    ],
    legal_holds: [
      { tenant: 'acme', id: id(1), name: 'case 7', placed_at: at(DAY), released_at: null, version: 1 },
      { tenant: 'acme', id: id(2), name: 'case 8', placed_at: at(DAY), released_at: at(HOUR), version: 2 },
      { tenant: 'other', id: id(3), name: 'case 9', placed_at: at(DAY), released_at: null, version: 1 },
    ],
    metric_samples: [
      ...samples('audit_pipeline_accepted', (n) => n * 300),
      // Twice, as two workers write it.
      ...samples('audit_pipeline_accepted', (n) => n * 300),
      // A process that began again counts from nothing.
      ...samples('audit_pipeline_stored', (n) => (n < 10 ? 5000 + n * 300 : n * 300)),
      ...Object.entries(GAUGES).flatMap(([name, value]) => samples(name, () => value)),
      ...samples('audit_ingest_events_total', (n) => n * 10, '{"result":"accepted","role":"api"}'),
      ...samples('audit_ingest_events_total', (n) => n, '{"result":"rejected","role":"api"}'),
      ...samples('audit_notifications_total', (n) => n, '{"channel":"mail","outcome":"failed","role":"worker"}'),
      ...samples('audit_writer_retries_total', (n) => n),
      ...[
        'audit_writer_insert_seconds',
        'audit_ingest_commit_seconds',
        'audit_ledger_seal_seconds',
        'audit_rules_lag_seconds',
      ].flatMap(histogram),
    ],
  };
}
