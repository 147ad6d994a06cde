import { PLUGIN, UIDS } from './dashboards/frame';

/** The data source that is provisioned; rules cannot choose one by variable. */
const DATASOURCE_UID = 'mcp-audit-clickhouse';

interface Rule {
  uid: string;
  title: string;
  /** Rows of labels and one number, `value`. No dollar signs: Grafana would take them for variables of the environment. */
  sql: string;
  /** Fires when the value is above. */
  above: number;
  /** How long it has to hold. */
  pending: string;
  severity: 'high' | 'critical';
  team: 'security' | 'compliance' | 'operations';
  summary: string;
  description: string;
  dashboard: string;
  /** Of no rows: nothing is wrong, or something is. */
  noData?: 'OK' | 'Alerting';
}

const RULES: Rule[] = [
  {
    uid: 'mcp-audit-critical-events',
    title: 'Critical security events',
    sql: `SELECT tenant, event_type, sum(events) AS value FROM rollups
WHERE tenant != '' AND dimension = 'type' AND at >= now() - INTERVAL 30 MINUTE AND category = 'security' AND severity = 'critical'
GROUP BY tenant, event_type`,
    above: 0,
    pending: '0s',
    severity: 'critical',
    team: 'security',
    summary: 'Critical security events in the log of {{ .Labels.tenant }}: {{ .Labels.event_type }}',
    description: 'Within half an hour. The alerts of the audit system itself tell whom they are about.',
    dashboard: UIDS.security,
  },
  {
    uid: 'mcp-audit-brute-force',
    title: 'Many failed logins from one address',
    sql: `SELECT tenant, ip_address, count() AS value FROM events
WHERE tenant IN (SELECT tenant FROM rollups WHERE dimension = 'type_day' AND at >= now() - INTERVAL 2 DAY AND event_type = 'LOGIN_FAILED')
  AND occurred_at >= now() - INTERVAL 15 MINUTE AND event_type = 'LOGIN_FAILED' AND ip_address != ''
GROUP BY tenant, ip_address HAVING value >= 5 ORDER BY value DESC LIMIT 100`,
    above: 50,
    pending: '0s',
    severity: 'high',
    team: 'security',
    summary: 'More than 50 failed logins in 15 minutes from {{ .Labels.ip_address }} at {{ .Labels.tenant }}',
    description: 'See who was tried, and block the address if nobody of yours is behind it.',
    dashboard: UIDS.security,
  },
  {
    uid: 'mcp-audit-unanswered-alerts',
    title: 'Grave alerts that nobody has acknowledged',
    sql: `SELECT tenant, toString(severity) AS grave, count() AS value FROM alerts FINAL
WHERE status = 'open' AND severity IN ('high', 'critical') AND opened_at < now() - INTERVAL 1 HOUR GROUP BY tenant, grave`,
    above: 0,
    pending: '5m',
    severity: 'high',
    team: 'security',
    summary: 'Alerts of severity {{ .Labels.grave }} at {{ .Labels.tenant }} are open for more than an hour',
    description: 'Acknowledge or resolve them in the console.',
    dashboard: UIDS.security,
  },
  {
    uid: 'mcp-audit-verification-faults',
    title: 'Verification found faults',
    sql: `SELECT tenant, argMax(faults, started_at) AS value FROM verifications
WHERE started_at > now() - INTERVAL 30 DAY GROUP BY tenant`,
    above: 0,
    pending: '0s',
    severity: 'critical',
    team: 'compliance',
    summary: 'The newest verification of the log of {{ .Labels.tenant }} found faults',
    description:
      'Events may have been altered or removed. Run mcp-audit verify, keep the data as it is, and call the auditors.',
    dashboard: UIDS.compliance,
  },
  {
    uid: 'mcp-audit-requests-due',
    title: 'Requests of data subjects are about to be late',
    sql: `SELECT tenant, count() AS value FROM (
  SELECT tenant, request_id, minIf(occurred_at, event_type != 'DATA_SUBJECT_REQUEST_COMPLETED') AS opened,
    anyIf(event_type, event_type != 'DATA_SUBJECT_REQUEST_COMPLETED') AS law
  FROM events
  WHERE tenant IN (SELECT tenant FROM rollups WHERE dimension = 'type_day' AND event_type IN ('GDPR_REQUEST', 'LGPD_REQUEST'))
    AND event_type IN ('GDPR_REQUEST', 'LGPD_REQUEST', 'DATA_SUBJECT_REQUEST_COMPLETED') AND occurred_at >= now() - INTERVAL 120 DAY
  GROUP BY tenant, request_id
  HAVING countIf(event_type = 'DATA_SUBJECT_REQUEST_COMPLETED') = 0 AND countIf(event_type IN ('GDPR_REQUEST', 'LGPD_REQUEST')) > 0
    AND if(law = 'LGPD_REQUEST', opened + INTERVAL 15 DAY, opened + INTERVAL 1 MONTH) < now() + INTERVAL 5 DAY)
GROUP BY tenant`,
    above: 0,
    pending: '0s',
    severity: 'high',
    team: 'compliance',
    summary: 'Requests of data subjects at {{ .Labels.tenant }} are due within five days, or late',
    description: 'Answer them, or record an extension; the register of the console has the exact deadlines.',
    dashboard: UIDS.compliance,
  },
  {
    uid: 'mcp-audit-unaccounted',
    title: 'The books of the pipeline do not add up',
    sql: `SELECT min(abs(value)) AS value FROM metric_samples
WHERE name = 'audit_pipeline_unaccounted' AND at > now() - INTERVAL 4 MINUTE HAVING count() > 0`,
    above: 0,
    pending: '2m',
    severity: 'critical',
    team: 'operations',
    summary: 'Accepted events are unaccounted for',
    description:
      'Accepted is not stored + waiting + duplicates + dead-lettered. Keep the logs of all processes, and change nothing.',
    dashboard: UIDS.pipeline,
    noData: 'Alerting',
  },
  {
    uid: 'mcp-audit-waiting',
    title: 'Events wait too long to be stored',
    sql: `SELECT argMax(value, at) AS value FROM metric_samples
WHERE name = 'audit_pipeline_oldest_waiting_ms' AND at > now() - INTERVAL 4 MINUTE HAVING count() > 0`,
    above: 60_000,
    pending: '1m',
    severity: 'high',
    team: 'operations',
    summary: 'The oldest accepted event has been waiting for more than a minute',
    description: 'The writer does not keep up, or ClickHouse was away. Nothing is lost; see the logs of the workers.',
    dashboard: UIDS.pipeline,
  },
  {
    uid: 'mcp-audit-ledger-behind',
    title: 'The ledger is not sealed',
    sql: `SELECT max(if(name = 'audit_ledger_halted' AND value > 0, 1000000, value)) AS value FROM metric_samples
WHERE name IN ('audit_ledger_lag_seconds', 'audit_ledger_halted') AND at > now() - INTERVAL 4 MINUTE HAVING count() > 0`,
    above: 60,
    pending: '2m',
    severity: 'critical',
    team: 'operations',
    summary: 'Stored events have had no signed checkpoint for more than a minute, or a ledger has halted',
    description: 'See the logs of the workers; a ledger that has halted contradicts what was signed before.',
    dashboard: UIDS.pipeline,
  },
];

/** How a query's answer becomes one decision for each row: A = the rows, B = above the bound. */
function provisioned(rule: Rule) {
  const { uid, title, sql, above, pending, severity, team, summary, description, dashboard, noData = 'OK' } = rule;
  return {
    uid,
    title,
    condition: 'B',
    for: pending,
    noDataState: noData,
    execErrState: 'Error',
    labels: { severity, team },
    annotations: { summary, description, __dashboardUid__: dashboard, __panelId__: '1' },
    data: [
      {
        refId: 'A',
        relativeTimeRange: { from: 3600, to: 0 },
        datasourceUid: DATASOURCE_UID,
        model: {
          refId: 'A',
          datasource: { type: PLUGIN, uid: DATASOURCE_UID },
          editorType: 'sql',
          queryType: 'table',
          format: 1,
          rawSql: sql,
        },
      },
      {
        refId: 'B',
        relativeTimeRange: { from: 0, to: 0 },
        datasourceUid: '__expr__',
        model: {
          refId: 'B',
          type: 'threshold',
          datasource: { type: '__expr__', uid: '__expr__' },
          expression: 'A',
          conditions: [{ evaluator: { type: 'gt', params: [above] } }],
        },
      },
    ],
  };
}

const FOLDERS = { security: 'Audit', compliance: 'Audit', operations: 'Audit operations' } as const;

/** Alert rules as Grafana provisions them. */
export const alertRules = {
  apiVersion: 1,
  groups: (['security', 'compliance', 'operations'] as const).map((team) => ({
    orgId: 1,
    name: team,
    folder: FOLDERS[team],
    interval: '1m',
    rules: RULES.filter((rule) => rule.team === team).map(provisioned),
  })),
};
