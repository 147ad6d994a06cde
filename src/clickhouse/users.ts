import { createHash } from 'node:crypto';

/** Macro of the server that binds Grafana to one tenant; empty = all. It stands in the server's configuration, out of users' reach. */
const TENANT_MACRO = 'audit_grafana_tenant';

/** XML for the server's configuration. `tenant` is XML: attributes and text. */
export const grafanaTenantMacro = ({ attributes = '', text = '' }: { attributes?: string; text?: string }): string =>
  `<macros><${TENANT_MACRO}${attributes}>${text}</${TENANT_MACRO}></macros>`;

/**
 * What dashboards may read, by table. No keys, no secrets, no addresses of recipients, and of what stands in JSON only that which
 * is a column of its own: neither envelopes (with their ciphertext) nor the records of alerts.
 */
export const GRAFANA_READS: Record<string, readonly string[] | 'all'> = {
  events: [
    ...[
      'tenant',
      'id',
      'event_type',
      'category',
      'severity',
      'outcome',
      'occurred_at',
      'received_at',
      'actor',
      'subject',
    ],
    ...['session_id', 'ip_address', 'ip', 'resource_type', 'resource_id', 'correlation_id', 'service', 'description'],
    ...['legal_basis', 'purpose', 'data_categories', 'amount', 'currency', 'record_count', 'retention', 'retain_until'],
    ...['leaf_index', 'batch', 'request_id'],
  ],
  rollups: 'all',
  metric_samples: 'all',
  alerts: [
    ...['tenant', 'id', 'revision', 'rule_id', 'severity', 'status', 'group_values', 'assignee', 'historical'],
    ...['opened_at', 'first_hit_at', 'last_hit_at', 'counter'],
  ],
  notifications: [
    ...[
      'tenant',
      'created_at',
      'id',
      'revision',
      'kind',
      'rule_id',
      'severity',
      'recipient',
      'channel',
      'type',
      'state',
    ],
    ...['attempts', 'updated_at', 'sent_at'],
  ],
  dead_letters: ['tenant', 'id', 'reason_code', 'state', 'created_at', 'updated_at'],
  checkpoints: ['tenant', 'size', 'signed_at'],
  verifications: ['tenant', 'id', 'kind', 'first_leaf', 'size', 'events', 'faults', 'started_at', 'finished_at'],
  retention_manifests: ['tenant', 'id', 'created_at', 'retention', 'horizon', 'leaf_count'],
  erasures: ['tenant', 'id', 'state', 'requested_at', 'finished_at', 'version'],
  legal_holds: ['tenant', 'id', 'placed_at', 'released_at', 'version'],
};

/** Tables without a tenant: what they say is about the whole system, so nobody bound to a tenant sees it. */
const OF_THE_SYSTEM = ['metric_samples'];

export interface ClickHouseAccounts {
  /** XML that says how each user proves who it is. */
  application: string;
  grafana: string;
  /** Whence they may come, XML. */
  networks: string;
  /** Of users beside the two. */
  others?: string;
  /** XML file whose elements stand in for attributes `incl`. */
  includeFrom?: string;
}

/**
 * The users file of a ClickHouse server. The application's rights end at databases whose names start with `database`; Grafana's at
 * reading what dashboards show, in that database, of its tenant.
 */
export function usersConfig(database: string, accounts: ClickHouseAccounts): string {
  const application = [
    `GRANT SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE, SHOW, BACKUP, dictGet ON ${database}*.*`,
    'GRANT SELECT ON system.*',
    'GRANT KILL QUERY ON *.*',
    'GRANT SYSTEM MERGES, SYSTEM TTL MERGES, SYSTEM FLUSH LOGS ON *.*',
    'GRANT CREATE TEMPORARY TABLE ON *.*',
    'GRANT TABLE ENGINE ON *',
  ];
  const grafana = Object.entries(GRAFANA_READS).map(
    ([table, columns]) => `GRANT SELECT${columns === 'all' ? '' : `(${columns.join(', ')})`} ON ${database}.${table}`,
  );
  const include =
    accounts.includeFrom === undefined
      ? ''
      : `
  <include_from>${accounts.includeFrom}</include_from>`;
  return `<clickhouse>${include}
  <profiles>
    <default></default>
    <application><max_memory_usage>8000000000</max_memory_usage></application>
    <grafana>
      <readonly>1</readonly>
      <max_execution_time>30</max_execution_time>
      <max_memory_usage>4000000000</max_memory_usage>
      <log_queries>0</log_queries>
      <constraints><max_execution_time><changeable_in_readonly/><max>60</max></max_execution_time></constraints>
    </grafana>
  </profiles>
  <quotas><default></default></quotas>
  <users>${accounts.others ?? ''}
    ${userXml('audit_app', accounts.application, accounts.networks, 'application', application)}
    ${userXml('audit_grafana', accounts.grafana, accounts.networks, 'grafana', grafana, rowPolicies(database))}
  </users>
</clickhouse>
`;
}

const rowPolicies = (database: string): string => {
  const tables = Object.keys(GRAFANA_READS).map((table) => {
    const seen = OF_THE_SYSTEM.includes(table) ? "''" : "'', tenant";
    return `
        <${table}><filter>getMacro('${TENANT_MACRO}') IN (${seen})</filter></${table}>`;
  });
  return `
      <databases><${database}>${tables.join('')}
      </${database}></databases>`;
};

export const hashed = (password: string): string =>
  `<password_sha256_hex>${createHash('sha256').update(password).digest('hex')}</password_sha256_hex>`;

export const userXml = (
  name: string,
  password: string,
  networks: string,
  profile: string,
  grants: string[],
  more = '',
): string => `<${name}>
      ${password}
      <networks>${networks}</networks>
      <profile>${profile}</profile>
      <quota>default</quota>
      <grants>${grants
        .map(
          (grant) => `
        <query>${grant}</query>`,
        )
        .join('')}
      </grants>${more}
    </${name}>`;
