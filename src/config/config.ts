import type { Role } from '../access/permissions';
import { Environment, readEnvironment } from './environment';

export type RetentionClass = 'security' | 'compliance' | 'financial' | 'user_action';

/** Everything the system can be told, in one frozen object. Durations in ms unless the name says otherwise. */
export interface Config {
  role: 'all' | 'api' | 'worker';
  dataDir: string;
  host: string;
  port: number;
  publicUrl: string | undefined;
  logLevel: Environment['AUDIT_LOG_LEVEL'];
  clickhouse: {
    url: string | undefined;
    database: string;
    cluster: string | undefined;
    grafanaTenant: string | undefined;
  };
  redis: { url: string | undefined; prefix: string };
  writer: { batchRows: number; batchAgeMs: number; concurrency: number };
  ingest: {
    groupCommitMs: number;
    segmentBytes: number;
    maxBodyBytes: number;
    maxEventsPerRequest: number;
    bufferMaxBytes: number;
    bufferMaxAgeMs: number;
    /** 0..1 */
    tenantShare: number;
    /** Requests per minute and API key, 0 = unlimited. */
    rateLimit: number;
    trustProxy: string[];
  };
  /** Days by retention class. */
  retention: Record<RetentionClass, number>;
  encryption: { enabled: boolean; privateFields: string[] | undefined };
  signature: { enabled: boolean };
  ledger: {
    origin: string;
    intervalMs: number;
    /** 0 = never. */
    heartbeatMs: number;
  };
  /** ms; intervalMs 0 = never. */
  compliance: {
    largeExport: number;
    dormantDays: number;
    backdatedDays: number;
    soxRetentionDays: number;
  };
  verify: { intervalMs: number; fullMs: number };
  witness: { file: string | undefined; url: string | undefined; mailTo: string[] };
  alerting: { enabled: boolean; latenessMs: number };
  smtp: { url: string | undefined; from: string; caFile: string | undefined };
  /** Who is told where a tenant has not said otherwise: mail addresses by group, and a Slack webhook for security. */
  recipients: { mail: Record<string, string[]>; slackWebhook: string | undefined };
  notify: { allowedNetworks: string[]; attempts: number; flood: number; floodWindowMs: number };
  rootKey: { value: string | undefined; file: string | undefined };
  /** ms; 0 = never. */
  keyRotationMs: number;
  reports: {
    certificate: { file: string | undefined; passphrase: string | undefined; passphraseFile: string | undefined };
    mailBytes: number;
  };
  /** The browser that makes PDF, if not the usual one. */
  chromium: string | undefined;
  /** Signing in to the console with an identity provider; undefined where none is configured. */
  oidc:
    | {
        issuer: string;
        clientId: string;
        clientSecret: string | undefined;
        name: string;
        roleClaim: string;
        /** Their names of groups, each with the role that it gives. */
        roles: [string, Role][];
        tenant: string;
      }
    | undefined;
  /** Classes whose stored events forbid an erasure. */
  erasureBlockedBy: RetentionClass[];
}

/** Nest token of the `Config`. */
export const CONFIG = Symbol('CONFIG');

/** Reads the configuration from variables. Pure. @throws AppError `CONFIG_INVALID`, as `readEnvironment` */
export function parseConfig(env: Record<string, string | undefined>): Config {
  const e = readEnvironment(env);
  const duty = e.AUDIT_RETENTION_DAYS;
  return {
    role: e.AUDIT_ROLE,
    dataDir: e.AUDIT_DATA_DIR,
    host: e.AUDIT_HOST,
    port: e.AUDIT_PORT,
    publicUrl: e.AUDIT_PUBLIC_URL,
    logLevel: e.AUDIT_LOG_LEVEL,
    clickhouse: {
      url: e.AUDIT_CLICKHOUSE_URL,
      database: e.AUDIT_CLICKHOUSE_DATABASE,
      cluster: e.AUDIT_CLICKHOUSE_CLUSTER,
      grafanaTenant: e.AUDIT_GRAFANA_TENANT,
    },
    redis: { url: e.AUDIT_REDIS_URL, prefix: e.AUDIT_REDIS_PREFIX },
    writer: {
      batchRows: e.AUDIT_BATCH_SIZE,
      batchAgeMs: e.AUDIT_FLUSH_INTERVAL * 1000,
      concurrency: e.AUDIT_WRITER_CONCURRENCY,
    },
    ingest: {
      groupCommitMs: e.AUDIT_GROUP_COMMIT_MS,
      segmentBytes: e.AUDIT_SEGMENT_BYTES,
      maxBodyBytes: e.AUDIT_MAX_BODY_BYTES,
      maxEventsPerRequest: e.AUDIT_MAX_EVENTS_PER_REQUEST,
      bufferMaxBytes: e.AUDIT_BUFFER_MAX_BYTES,
      bufferMaxAgeMs: e.AUDIT_BUFFER_MAX_AGE * 1000,
      tenantShare: e.AUDIT_TENANT_BUFFER_SHARE / 100,
      rateLimit: e.AUDIT_RATE_LIMIT,
      trustProxy: e.AUDIT_TRUST_PROXY ?? [],
    },
    retention: {
      security: e.AUDIT_RETENTION_SECURITY_DAYS ?? duty,
      compliance: e.AUDIT_RETENTION_COMPLIANCE_DAYS ?? duty,
      financial: e.AUDIT_RETENTION_FINANCIAL_DAYS ?? duty,
      user_action: e.AUDIT_RETENTION_USER_ACTION_DAYS,
    },
    encryption: { enabled: e.AUDIT_ENCRYPTION_ENABLED, privateFields: e.AUDIT_PRIVATE_FIELDS },
    signature: { enabled: e.AUDIT_SIGNATURE_ENABLED },
    ledger: {
      origin: e.AUDIT_LEDGER_ORIGIN,
      intervalMs: e.AUDIT_CHECKPOINT_INTERVAL * 1000,
      heartbeatMs: e.AUDIT_CHECKPOINT_HEARTBEAT * 1000,
    },
    compliance: {
      largeExport: e.AUDIT_LARGE_EXPORT_RECORDS,
      dormantDays: e.AUDIT_DORMANT_DAYS,
      backdatedDays: e.AUDIT_BACKDATED_DAYS,
      soxRetentionDays: e.AUDIT_SOX_RETENTION_DAYS,
    },
    verify: { intervalMs: e.AUDIT_VERIFY_INTERVAL * 3_600_000, fullMs: e.AUDIT_VERIFY_FULL_DAYS * 86_400_000 },
    witness: { file: e.AUDIT_WITNESS_FILE, url: e.AUDIT_WITNESS_URL, mailTo: e.AUDIT_WITNESS_MAIL ?? [] },
    alerting: { enabled: e.AUDIT_ALERTING_ENABLED, latenessMs: e.AUDIT_ALERT_LATENESS * 60_000 },
    smtp: { url: e.AUDIT_SMTP_URL, from: e.AUDIT_SMTP_FROM, caFile: e.AUDIT_SMTP_CA_FILE },
    recipients: {
      mail: {
        security_team: e.AUDIT_SECURITY_EMAIL ?? [],
        security: e.AUDIT_SECURITY_EMAIL ?? [],
        ciso: e.AUDIT_CISO_EMAIL ?? [],
        finance_team: e.AUDIT_FINANCE_EMAIL ?? [],
        compliance: e.AUDIT_COMPLIANCE_EMAIL ?? [],
        dpo: e.AUDIT_DPO_EMAIL ?? [],
        legal: e.AUDIT_LEGAL_EMAIL ?? [],
      },
      slackWebhook: e.AUDIT_SLACK_WEBHOOK,
    },
    notify: {
      allowedNetworks: e.AUDIT_NOTIFY_ALLOWED_NETWORKS ?? [],
      attempts: e.AUDIT_NOTIFY_ATTEMPTS,
      flood: e.AUDIT_NOTIFY_FLOOD,
      floodWindowMs: e.AUDIT_NOTIFY_FLOOD_WINDOW * 60_000,
    },
    rootKey: { value: e.AUDIT_ROOT_KEY, file: e.AUDIT_ROOT_KEY_FILE },
    keyRotationMs: e.AUDIT_KEY_ROTATION_DAYS * 86_400_000,
    reports: {
      certificate: {
        file: e.AUDIT_REPORT_CERTIFICATE,
        passphrase: e.AUDIT_REPORT_CERTIFICATE_PASSPHRASE,
        passphraseFile: e.AUDIT_REPORT_CERTIFICATE_PASSPHRASE_FILE,
      },
      mailBytes: e.AUDIT_REPORT_MAIL_BYTES,
    },
    chromium: e.PUPPETEER_EXECUTABLE_PATH,
    oidc: oidcOf(e),
    erasureBlockedBy: e.AUDIT_ERASURE_BLOCKED_BY,
  };
}

function oidcOf(e: Environment): Config['oidc'] {
  if (e.AUDIT_OIDC_ISSUER === undefined || e.AUDIT_OIDC_CLIENT_ID === undefined) return undefined;
  return {
    issuer: e.AUDIT_OIDC_ISSUER,
    clientId: e.AUDIT_OIDC_CLIENT_ID,
    clientSecret: e.AUDIT_OIDC_CLIENT_SECRET,
    name: e.AUDIT_OIDC_NAME,
    roleClaim: e.AUDIT_OIDC_ROLE_CLAIM,
    roles: e.AUDIT_OIDC_ROLES ?? [],
    tenant: e.AUDIT_OIDC_TENANT,
  };
}
