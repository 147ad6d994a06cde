import { GRAFANA_READS } from '../../src/clickhouse/users';
import { alertRules, dashboards, intervalOf, queryVariables } from '../support/dashboards';
import { expand } from '../support/grafana-macros';
import { Answer, GrafanaStage } from '../support/grafana-stage';

const DAY = 86_400_000;
const NOW = Math.floor(Date.now() / 60_000) * 60_000;
const RANGE = 3 * DAY;
const DENIED = /Not enough privileges|ACCESS_DENIED|Cannot execute query in readonly mode|READONLY/;

/** Of every panel: its columns, and its only row, or how many rows there are at least. */
type Expected = [columns: string, rows: unknown[] | number];
const EXPECTED: Record<string, Record<string, Expected>> = {
  'mcp-audit-overview': {
    Events: ['events', [571]],
    'Failed or denied': ['share', [expect.closeTo(0.56, 2)]],
    'High and critical': ['grave', [199]],
    'Active users': ['users', [12]],
    'Open alerts': ['open', [1]],
    'Since the last checkpoint': ['age', [60]],
    'Events by severity': ['time info low medium high critical', 50],
    Rate: ['time all failed or denied', 50],
    'Events by category': ['time category events', 100],
    Types: ['event_type events', 10],
    Services: ['service_name events', 3],
    'Newest events': [
      'occurred_at event_type severity outcome actor ip_address resource_type resource_id service description id',
      100,
    ],
  },
  'mcp-audit-security': {
    'Failed logins': ['failed', [163]],
    'Share of logins that fail': ['share', [expect.closeTo(0.665, 2)]],
    'Brute force and blocked': ['detected', [1]],
    'Addresses with failures': ['addresses', [16]],
    'Open critical alerts': ['open', [1]],
    'Oldest open alert': ['age', [7200]],
    Logins: ['time succeeded failed blocked', 50],
    Attacks: ['time event_type events', [expect.any(String), 'BRUTE_FORCE_DETECTED', 1]],
    'Brute force in the last day': ['ip_address most_in_a_quarter tries_in_all users last_try', 1],
    'When it fails': ['time hour failures', 24],
    'Addresses by failures': ['address failed', 10],
    'Users by failures': ['user failed', 10],
    'Alerts opened': ['time severity alerts', 2],
    Alerts: ['opened_at severity status rule_id about counter last_hit_at assignee id', 2],
  },
  'mcp-audit-compliance': {
    'Consents given': ['granted', [2]],
    'Consents withdrawn': ['withdrawn', [1]],
    'Requests received': ['requests', [2]],
    'Breaches detected': ['breaches', [1]],
    'Faults of the last verification': ['faults', [1]],
    'Legal holds': ['holds', [1]],
    Consents: ['time given withdrawn', 1],
    'Requests of data subjects': ['time GDPR LGPD answered', 1],
    'Open requests': ['request_id law person opened due days_left', 2],
    Erasures: [
      'requested_at state finished_at id',
      [expect.any(String), 'done', expect.any(String), expect.any(String)],
    ],
    'Removed by retention': ['time retention events', [expect.any(String), 'user_action', 12]],
    'Who looked': ['time event_type events', 2],
    Verifications: ['started_at kind size events faults seconds', 2],
    Ledger: ['time leaves', 2],
    'Grave acts on the log': ['occurred_at event_type outcome actor description id', 1],
  },
  'mcp-audit-user-activity': {
    'Acts of the user': ['acts', [55]],
    'Of them failed or denied': ['share', [expect.closeTo(0.69, 2)]],
    'First act': ['first', [expect.any(Number)]],
    'Last act': ['last', [expect.any(Number)]],
    'Acts on the resource': ['acts', [17]],
    'Days with activity': ['days', [expect.any(Number)]],
    'Acts by day': ['time acts failed or denied', 3],
    'Acts on the resource by day': ['time acts failed or denied', 3],
    'What, of the last thousand': ['event_type events', 1],
    'From where, of the last thousand': ['address events', 1],
    'When, of the last thousand': ['time hour events', 1],
    'Newest events': [
      'occurred_at event_type severity outcome actor ip_address session_id resource_type resource_id service description id',
      1,
    ],
    'Users who did most': ['actor acts failed last_act', 12],
    'Resources of the last day': ['resource_type resource_id acts failed last_act', 1],
  },
  'mcp-audit-pipeline': {
    Unaccounted: ['unaccounted', [2]],
    Waiting: ['waiting', [40]],
    'Oldest waiting': ['oldest', [70_000]],
    'Dead letters': ['waiting', [1]],
    'Ledger is behind': ['lag', [3]],
    'Ledgers that halted': ['halted', [1]],
    'Ingest and store': ['time accepted stored', 2],
    Queue: ['time events segments', 2],
    'Time of an insert': ['time p50 p95 p99', 2],
    'Time until Redis has a segment': ['time p50 p95 p99', 2],
    Lag: ['time store ledger statistics', 2],
    'Bytes that wait': ['time waiting', 2],
    'Loss accounting': ['time accepted stored waiting duplicates dead-lettered unaccounted', 2],
    'Growth of the ledger': ['time sealed', 2],
    'Time until sealed': ['time p50 p95 p99', 2],
    'Time until rules have seen an event': ['time p50 p95 p99', 2],
    'Items of requests': ['result count', 2],
    'Messages about alerts': ['outcome count', ['failed', 19]],
    'Dead letters by reason': ['reason_code state letters newest', ['ID_CONFLICT', 'waiting', 1, expect.any(String)]],
    'Trouble of writers': ['time retries takeovers anomalies', 2],
  },
};

/** Values of the labels of each rule that fires, and its value. */
const FIRING: Record<string, unknown[][]> = {
  'mcp-audit-critical-events': [['acme', 'BRUTE_FORCE_DETECTED', 1]],
  'mcp-audit-brute-force': [['acme', '203.0.113.9', 60]],
  'mcp-audit-unanswered-alerts': [
    ['acme', 'critical', 1],
    ['other', 'critical', 1],
  ],
  'mcp-audit-verification-faults': [['acme', 1]],
  'mcp-audit-requests-due': [['acme', 1]],
  'mcp-audit-unaccounted': [[2]],
  'mcp-audit-waiting': [[70_000]],
  'mcp-audit-ledger-behind': [[1_000_000]],
};

const CHOSEN = { tenant: 'acme', category: '$__all', severity: '$__all', service: '$__all', user: '', resource: '' };

function asked(sql: string, intervalMs: number, variables: Record<string, string | string[]> = {}): string {
  const around = { from: new Date(NOW - RANGE), to: new Date(NOW), intervalMs };
  return expand(sql, { ...around, variables: { ...CHOSEN, ...variables } });
}

function expectAnswer({ columns, rows }: Answer, [names, wanted]: Expected): void {
  expect(columns.join(' ')).toBe(names);
  if (typeof wanted === 'number') expect(rows.length).toBeGreaterThanOrEqual(wanted);
  else expect(rows.map((row) => Object.values(row))).toEqual([wanted]);
}

describe('Grafana on the migrated, filled schema, as its read-only user', () => {
  let stage: GrafanaStage;
  beforeAll(async () => {
    stage = await GrafanaStage.start();
    await stage.fill(NOW);
  });
  afterAll(() => stage.stop());

  describe.each(dashboards().map((dashboard) => [dashboard.uid, dashboard] as const))('%s', (uid, dashboard) => {
    it.each(dashboard.panels.map((panel) => [panel.title ?? '', panel] as const))(
      'fills the panel %s',
      async (title, panel) => {
        const expected = EXPECTED[uid]?.[title];
        if (!expected) throw new Error('what it shows is not written down in this test');
        // A user for the panels about users, a resource for the others.
        const of: Record<string, string> = title.includes('resource') ? { resource: 'R-3' } : { user: 'sub_3' };
        for (const { rawSql } of panel.targets) {
          expectAnswer(await stage.read(asked(rawSql, intervalOf(panel, RANGE), of)), expected);
        }
      },
    );

    it('fills its variables and annotations', async () => {
      for (const variable of queryVariables(dashboard)) {
        const { columns, rows } = await stage.read(asked(variable.query as string, 1000));
        expect(columns).toEqual([variable.name]);
        const values = rows.map((row) => row[variable.name]);
        if (variable.name === 'tenant') expect(values).toEqual(['acme', 'other']);
        if (variable.name === 'service') expect(values).toEqual(['billing', 'portal']);
        if (variable.name === 'category')
          expect(values).toEqual(expect.arrayContaining(['authentication', 'security']));
      }
      for (const { target } of dashboard.annotations.list) {
        const { columns, rows } = await stage.read(asked(target.rawSql, 1000));
        expect(columns).toEqual(['time', 'title', 'text', 'tags']);
        expect(rows.map(({ title }) => title)).toEqual(['brute-force (high)', 'brute-force (critical)']);
      }
    });
  });

  it('lists the requests that nobody has answered, the next one due first', async () => {
    const panel = dashboards()
      .find(({ uid }) => uid === 'mcp-audit-compliance')
      ?.panels.find(({ title }) => title === 'Open requests');
    const { rows } = await stage.read(asked(panel?.targets[0]?.rawSql ?? '', 1000));
    expect(rows.map(({ request_id, law, days_left }) => [request_id, law, days_left])).toEqual([
      ['R-2', 'LGPD', 1],
      ['R-1', 'GDPR', expect.any(Number)],
    ]);
  });

  it('filters by category, severity and service', async () => {
    const [events] = dashboards().find(({ uid }) => uid === 'mcp-audit-overview')?.panels ?? [];
    const count = async (variables: Record<string, string | string[]>) => {
      const { rows } = await stage.read(asked(events?.targets[0]?.rawSql ?? '', 1000, variables));
      return Number(rows[0]?.events);
    };
    const all = await count({});
    const grave = await count({ severity: ['high', 'critical'] });
    expect([await count({ tenant: 'other' }), await count({ tenant: 'nobody' }), grave]).toEqual([50, 0, 199]);
    expect(grave + (await count({ severity: ['info', 'low', 'medium'] }))).toBe(all);
    expect(await count({ category: ['security'], severity: ['critical'] })).toBe(1);
    expect(await count({ service: ['portal', 'billing'] })).toBeLessThan(all);
  });

  it('counts totals of any time like the events themselves, to the quarter of an hour', async () => {
    const [panel] = dashboards().find(({ uid }) => uid === 'mcp-audit-overview')?.panels ?? [];
    const quarter = Math.floor(NOW / 900_000) * 900_000;
    for (const [from, to] of [
      [quarter - RANGE, quarter - 1000],
      [quarter - 2 * 3_600_000, quarter - 1000],
      [quarter - 30 * 3_600_000, quarter - 5 * 3_600_000 - 1000],
      [NOW - (NOW % DAY) - DAY, NOW - (NOW % DAY) - 1000],
    ] as const) {
      const around = { from: new Date(from), to: new Date(to), intervalMs: 1000, variables: CHOSEN };
      const total = await stage.read(expand(panel?.targets[0]?.rawSql ?? '', around));
      const exact = await stage.read(
        expand(
          "SELECT count() AS events FROM events WHERE tenant = 'acme' AND occurred_at >= $__fromTime AND occurred_at < $__toTime + 1",
          around,
        ),
      );
      expect([from, total.rows]).toEqual([from, exact.rows]);
    }
  });

  it.each(alertRules().flatMap(({ rules }) => rules.map((rule) => [rule.title, rule] as const)))(
    'fires: %s',
    async (_, rule) => {
      await stage.sampleNow();
      const { columns, rows } = await stage.read(rule.data[0]?.model.rawSql ?? '');
      expect(columns.at(-1)).toBe('value');
      const conditions = rule.data[1]?.model.conditions as { evaluator: { params: [number] } }[];
      const bound = conditions[0]?.evaluator.params[0] ?? NaN;
      const firing = rows.filter(({ value }) => Number(value) > bound).map((row) => Object.values(row));
      expect(firing.sort()).toEqual(FIRING[rule.uid]);
      for (const label of columns.slice(0, -1)) expect(rule.annotations.summary).toContain(`{{ .Labels.${label} }}`);
    },
  );

  it('may read the columns that are granted and nothing else of the database', async () => {
    const admin = stage.cluster.clickhouse();
    try {
      const answer = await admin.query({
        query: "SELECT table, name FROM system.columns WHERE database = 'audit' AND table NOT LIKE '.inner%'",
        format: 'JSONEachRow',
      });
      const all = await answer.json<{ table: string; name: string }>();
      expect(all.length).toBeGreaterThan(200);
      const readable: typeof all = [];
      for (const column of all) {
        const { ok, text } = await stage.ask(`SELECT \`${column.name}\` FROM \`${column.table}\` LIMIT 0`);
        if (ok) readable.push(column);
        else expect([column, text]).toEqual([column, expect.stringMatching(DENIED)]);
      }
      const granted = all.filter(({ table, name }) => {
        const columns = GRAFANA_READS[table];
        return columns === 'all' || columns?.includes(name);
      });
      expect(readable).toEqual(granted);
      for (const secret of ['api_keys', 'keys', 'subjects', 'recipient_groups', 'alert_rules', 'ledger_leaves']) {
        expect([secret, readable.some(({ table }) => table === secret)]).toEqual([secret, false]);
      }
      for (const column of ['envelope', 'signature', 'checksum']) {
        expect(readable).not.toContainEqual({ table: 'events', name: column });
      }
    } finally {
      await admin.close();
    }
  });

  it('may change nothing, reach nothing outside, and lift none of its limits but its time', async () => {
    for (const sql of [
      'INSERT INTO rollups (tenant) VALUES (1)',
      'ALTER TABLE events DELETE WHERE 1',
      'DROP TABLE events',
      'CREATE TABLE t (a Int8) ENGINE = Memory',
      'CREATE TEMPORARY TABLE t (a Int8)',
      'SELECT * FROM system.processes',
      'SELECT * FROM system.query_log',
      'SELECT * FROM system.users',
      "SELECT * FROM file('/etc/passwd', LineAsString)",
      "SELECT * FROM url('http://127.0.0.1:1/', LineAsString)",
      "SELECT * FROM remote('127.0.0.1', audit.api_keys)",
      'KILL QUERY WHERE 1',
      'SET readonly = 0',
      'SELECT 1 SETTINGS max_memory_usage = 0',
      'SELECT 1 SETTINGS max_execution_time = 3600',
    ]) {
      const { ok, text } = await stage.ask(sql);
      expect([sql, ok, text]).toEqual([
        sql,
        false,
        expect.stringMatching(/ACCESS_DENIED|READONLY|SETTING_CONSTRAINT|UNKNOWN_TABLE/),
      ]);
    }
    // What the plugin sets with each query.
    expect(await stage.ask('SELECT 1 SETTINGS max_execution_time = 40')).toEqual({ ok: true, text: '1' });
  });
});

describe('Grafana that is bound to a tenant', () => {
  let stage: GrafanaStage;
  beforeAll(async () => {
    stage = await GrafanaStage.start('acme');
    await stage.fill(NOW);
  });
  afterAll(() => stage.stop());

  it('sees the rows of that tenant only, whatever it asks for, and nothing of the system as a whole', async () => {
    for (const table of Object.keys(GRAFANA_READS)) {
      if (table === 'metric_samples') continue;
      const { rows } = await stage.read(`SELECT tenant, count() AS n FROM ${table} GROUP BY tenant`);
      expect([table, rows]).toEqual([table, [{ tenant: 'acme', n: expect.any(Number) as number }]]);
      expect(await stage.ask(`SELECT count() FROM ${table} WHERE tenant = 'other'`)).toEqual({ ok: true, text: '0' });
    }
    expect(await stage.ask('SELECT count() FROM metric_samples')).toEqual({ ok: true, text: '0' });
    const overview = dashboards().find(({ uid }) => uid === 'mcp-audit-overview');
    const [tenants] = overview ? queryVariables(overview) : [];
    expect((await stage.read(tenants?.query as string)).rows).toEqual([{ tenant: 'acme' }]);
  });

  it('leaves the application all tenants', async () => {
    const admin = stage.cluster.clickhouse();
    try {
      const answer = await admin.query({ query: 'SELECT uniqExact(tenant) AS n FROM events', format: 'JSONEachRow' });
      expect(await answer.json()).toEqual([{ n: 2 }]);
    } finally {
      await admin.close();
    }
  });
});
