import { z } from 'zod';
import { ROLES } from '../access/permissions';
import { DEFAULT_TENANT, isTenantName, TENANT_RULE } from '../access/tenant';
import { isRange } from '../common/address-guard';
import { AppError, FieldProblem } from '../common/app-error';

const flag = z
  .enum(['true', 'false', '1', '0', 'yes', 'no', 'on', 'off'], { error: 'expected true or false' })
  .transform((v) => v === 'true' || v === '1' || v === 'yes' || v === 'on');
const int = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'expected a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));
const seconds = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'expected a number of seconds')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));
const list = z.string().transform((v) =>
  v
    .split(',')
    .map((s) => s.trim())
    .filter((s) => s !== ''),
);
const url = (...protocols: string[]) =>
  z.string().refine((v) => URL.canParse(v) && protocols.includes(new URL(v).protocol), {
    error: `expected a URL starting with ${protocols.map((p) => `${p}//`).join(' or ')}`,
  });
const mails = list.pipe(z.array(z.email('expected mail addresses, separated by commas')).max(50));
/** `theirs=role, …` as pairs. */
const roleMap = list
  .transform((pairs) => pairs.map((pair) => pair.split('=').map((part) => part.trim())))
  .pipe(
    z.array(
      z.tuple([z.string().min(1), z.enum(ROLES, { error: `expected name=role with a role of ${ROLES.join(', ')}` })]),
    ),
  );
const MB = 1024 * 1024;

/** What the environment may say: one entry per variable, with its default and its meaning (for `mcp-audit config`). */
const environment = z.object({
  AUDIT_ROLE: z
    .enum(['all', 'api', 'worker'])
    .default('all')
    .describe('what this process is: everything, API only, worker only'),
  AUDIT_DATA_DIR: z
    .string()
    .min(1)
    .default('./data')
    .describe('where the embedded engines, keys and runtime files live'),
  AUDIT_HOST: z.string().min(1).default('127.0.0.1').describe('address the API listens on'),
  AUDIT_PORT: int(0, 65_535).default(3000).describe('port of the API; 0 picks a free one'),
  AUDIT_PUBLIC_URL: url('http:', 'https:')
    .optional()
    .describe('how people reach the API, for links in mails and reports'),
  AUDIT_CLICKHOUSE_URL: url('http:', 'https:')
    .optional()
    .describe('ClickHouse to use, with user and password in the URL; embedded if absent'),
  AUDIT_CLICKHOUSE_DATABASE: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/i, 'letters, digits and _ only')
    .default('audit')
    .describe('database of the system'),
  AUDIT_CLICKHOUSE_CLUSTER: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/i)
    .optional()
    .describe('cluster name; tables are then replicated and made ON CLUSTER'),
  AUDIT_GRAFANA_TENANT: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be the name of a tenant')
    .optional()
    .describe("the only tenant that Grafana's user of the embedded ClickHouse sees; default: all"),
  AUDIT_REDIS_URL: url('redis:', 'rediss:').optional().describe('Redis to use; embedded if absent'),
  AUDIT_REDIS_PREFIX: z
    .string()
    .regex(/^[a-z0-9_-]+$/i)
    .default('audit')
    .describe('prefix of every Redis key'),
  AUDIT_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('log level'),
  AUDIT_BATCH_SIZE: int(1, 100_000).default(20_000).describe('rows that make a batch full'),
  AUDIT_FLUSH_INTERVAL: seconds(0.01, 60)
    .default(1)
    .describe('seconds between batches that are not full; after a pause the first goes at once'),
  AUDIT_GROUP_COMMIT_MS: int(0, 1000)
    .default(3)
    .describe('ms that ingest waits for more requests before it makes a segment durable'),
  AUDIT_SEGMENT_BYTES: int(1024, 64 * MB)
    .default(1 * MB)
    .describe('bytes that make a segment full'),
  AUDIT_WRITER_CONCURRENCY: int(1, 16).default(2).describe('batches that one worker inserts at a time'),
  AUDIT_MAX_BODY_BYTES: int(1024, 512 * MB)
    .default(16 * MB)
    .describe('cap of a request body, before and after gunzip'),
  AUDIT_MAX_EVENTS_PER_REQUEST: int(1, 1_000_000).default(10_000).describe('cap of events in one request'),
  AUDIT_BUFFER_MAX_BYTES: int(1024, 1024 * 1024 * MB)
    .default(1024 * MB)
    .describe('bytes waiting in Redis past which ingest answers 503'),
  AUDIT_BUFFER_MAX_AGE: int(1, 30 * 86_400)
    .default(86_400)
    .describe('seconds the oldest waiting segment may have past which ingest answers 503'),
  AUDIT_TENANT_BUFFER_SHARE: int(1, 100)
    .default(50)
    .describe('percent of the buffer one tenant may fill while others wait too, once it is half full; past it 429'),
  AUDIT_RATE_LIMIT: int(0, 10_000_000).default(0).describe('requests per minute and API key; 0 is no limit'),
  AUDIT_RETENTION_DAYS: int(1, 36_500)
    .default(2555)
    .describe('retention of security, compliance and financial events, in days'),
  AUDIT_RETENTION_USER_ACTION_DAYS: int(1, 36_500).default(365).describe('retention of user actions, in days'),
  AUDIT_RETENTION_SECURITY_DAYS: int(1, 36_500).optional().describe('retention of security events, if it differs'),
  AUDIT_RETENTION_COMPLIANCE_DAYS: int(1, 36_500).optional().describe('retention of compliance events, if it differs'),
  AUDIT_RETENTION_FINANCIAL_DAYS: int(1, 36_500).optional().describe('retention of financial events, if it differs'),
  AUDIT_ENCRYPTION_ENABLED: flag.default(true).describe('seal personal data under keys of its own'),
  AUDIT_SIGNATURE_ENABLED: flag.default(true).describe('sign every event'),
  AUDIT_ROOT_KEY: z
    .string()
    .optional()
    .describe('root key, 32 bytes in base64; during a rotation the new one, a comma and the old one'),
  AUDIT_ROOT_KEY_FILE: z
    .string()
    .min(1)
    .optional()
    .describe(
      'file of the root key; default: root-key in the data directory, made on the first start of embedded mode',
    ),
  AUDIT_KEY_ROTATION_DAYS: int(0, 3650)
    .default(90)
    .describe('days after which signing and tenant keys are replaced; 0 is never'),
  AUDIT_ERASURE_BLOCKED_BY: list
    .transform((classes) => classes.filter((name) => name !== 'none'))
    .pipe(
      z.array(
        z.enum(['security', 'compliance', 'financial', 'user_action'], {
          error: 'expected security, compliance, financial, user_action, or none',
        }),
      ),
    )
    .default(['financial', 'compliance'])
    .describe('retention classes whose events forbid to erase a person until their retention ends, or none'),
  AUDIT_ALERTING_ENABLED: flag.default(true).describe('evaluate alert rules'),
  AUDIT_ALERT_LATENESS: int(0, 10_080)
    .default(60)
    .describe('minutes that an event may come after it occurred and still raise an alert by itself'),
  AUDIT_SMTP_URL: url('smtp:', 'smtps:')
    .optional()
    .describe(
      'mail server, such as smtp://user:password@mail.example.org:587; without it mails are files in data/outbox',
    ),
  AUDIT_SMTP_FROM: z
    .string()
    .regex(/^(?:[^<>\r\n]*<)?[^\s<>@]+@[^\s<>@]+>?$/, 'expected an address such as Audit <audit@example.org>')
    .default('MCP Audit <mcp-audit@localhost>')
    .describe('sender of mails'),
  AUDIT_SMTP_CA_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('certificate of the authority that the mail server trusts in'),
  AUDIT_SECURITY_EMAIL: mails.optional().describe('addresses of the groups security_team and security'),
  AUDIT_CISO_EMAIL: mails.optional().describe('addresses of the group ciso'),
  AUDIT_FINANCE_EMAIL: mails.optional().describe('addresses of the group finance_team'),
  AUDIT_COMPLIANCE_EMAIL: mails.optional().describe('addresses of the group compliance'),
  AUDIT_DPO_EMAIL: mails.optional().describe('addresses of the group dpo'),
  AUDIT_LEGAL_EMAIL: mails.optional().describe('addresses of the group legal'),
  AUDIT_SLACK_WEBHOOK: url('https:', 'http:')
    .optional()
    .describe('Slack webhook of the groups security_team and security'),
  AUDIT_NOTIFY_ALLOWED_NETWORKS: list
    .pipe(z.array(z.string().refine(isRange, { error: 'expected addresses or CIDR ranges such as 10.1.0.0/16' })))
    .optional()
    .describe('addresses that are not public and that webhooks may go to all the same, also by http://'),
  AUDIT_NOTIFY_ATTEMPTS: int(1, 100).default(16).describe('attempts to deliver a notification: 16 take three hours'),
  AUDIT_NOTIFY_FLOOD: int(1, 100_000)
    .default(100)
    .describe('notifications to one person and channel within the window, past which the others come as one digest'),
  AUDIT_NOTIFY_FLOOD_WINDOW: int(1, 1440).default(10).describe('minutes of that window'),
  AUDIT_PRIVATE_FIELDS: list.optional().describe('dotted fields that are sealed, beside user ids and user agents'),
  AUDIT_LEDGER_ORIGIN: z
    .string()
    .regex(/^[^\s+]{1,200}$/, 'no blanks and no +')
    .default('mcp-audit.local')
    .describe('name of the ledgers in checkpoints, such as audit.example.org; the tenant is appended. Never change it'),
  AUDIT_CHECKPOINT_INTERVAL: seconds(0.1, 60)
    .default(1)
    .describe('seconds between two checkpoints of a tenant, at least'),
  AUDIT_CHECKPOINT_HEARTBEAT: int(0, 31 * 86_400)
    .default(3600)
    .describe('seconds after which a ledger is signed anew though nothing came in; 0 is never'),
  AUDIT_WITNESS_FILE: z.string().min(1).optional().describe('file that every new checkpoint is appended to'),
  AUDIT_WITNESS_URL: url('http:', 'https:').optional().describe('URL that every new checkpoint is posted to'),
  AUDIT_WITNESS_MAIL: mails.optional().describe('addresses that the newest checkpoints are mailed to, once a day'),
  AUDIT_VERIFY_INTERVAL: int(0, 8760)
    .default(24)
    .describe('hours after which what is new in a ledger is verified by itself; 0 is never'),
  AUDIT_VERIFY_FULL_DAYS: int(1, 3650).default(7).describe('days after which that is done for the whole ledger'),
  AUDIT_REPORT_CERTIFICATE: z
    .string()
    .min(1)
    .optional()
    .describe('PKCS#12 file that signs PDF reports; default: a self-signed one, made in the data directory'),
  AUDIT_REPORT_CERTIFICATE_PASSPHRASE: z.string().optional().describe('its passphrase'),
  AUDIT_REPORT_CERTIFICATE_PASSPHRASE_FILE: z.string().min(1).optional().describe('file of its passphrase'),
  AUDIT_REPORT_MAIL_BYTES: int(1024, 100 * MB)
    .default(10 * MB)
    .describe('size of reports past which mails carry a link instead of files'),
  PUPPETEER_EXECUTABLE_PATH: z
    .string()
    .min(1)
    .optional()
    .describe('Chromium that makes PDF; default: the one of the system'),
  AUDIT_LARGE_EXPORT_RECORDS: int(1, 1_000_000_000)
    .default(1000)
    .describe('records in one export from which on an assessment calls it an exception'),
  AUDIT_DORMANT_DAYS: int(1, 3650)
    .default(90)
    .describe('days without an event after which an account with privileges counts as dormant'),
  AUDIT_BACKDATED_DAYS: int(0, 3650).default(7).describe('days that a financial transaction may be booked back'),
  AUDIT_SOX_RETENTION_DAYS: int(1, 36_500)
    .default(2555)
    .describe('days that financial records have to be kept, for assessments under SOX'),
  AUDIT_OIDC_ISSUER: url('http:', 'https:')
    .optional()
    .describe('identity provider (OpenID Connect) that people may sign in to the console with'),
  AUDIT_OIDC_CLIENT_ID: z.string().min(1).optional().describe('name of the console at the identity provider'),
  AUDIT_OIDC_CLIENT_SECRET: z.string().min(1).optional().describe('its secret; none for a public client'),
  AUDIT_OIDC_NAME: z
    .string()
    .min(1)
    .max(60)
    .default('SSO')
    .describe('what the button of the sign-in calls the provider'),
  AUDIT_OIDC_ROLE_CLAIM: z
    .string()
    .min(1)
    .default('groups')
    .describe('claim of the ID token that names groups or roles'),
  AUDIT_OIDC_ROLES: roleMap.optional().describe('which of them gives which role here: auditors=viewer, dpo=officer'),
  AUDIT_OIDC_TENANT: z
    .string()
    .refine(isTenantName, TENANT_RULE)
    .default(DEFAULT_TENANT)
    .describe('tenant of those who sign in with the provider'),
  AUDIT_TRUST_PROXY: list.optional().describe('addresses or CIDR ranges whose X-Forwarded-For is believed'),
});

export type Environment = z.infer<typeof environment>;

/** Variables of the command line, which are no settings of the server. */
const EXTRA = new Set(['AUDIT_URL', 'AUDIT_API_KEY', 'AUDIT_CONFIG_FILE']);

/**
 * Reads the variables. Unknown `AUDIT_…` variables and bad values are all reported together in one AppError `CONFIG_INVALID`; an
 * empty value counts as absent. Pure.
 */
export function readEnvironment(env: Record<string, string | undefined>): Environment {
  const given = Object.fromEntries(
    Object.entries(env).filter(
      ([k, v]) => (k.startsWith('AUDIT_') || k in environment.shape) && v !== undefined && v !== '',
    ),
  );
  const problems: FieldProblem[] = [];
  for (const name of Object.keys(given)) {
    if (!(name in environment.shape) && !EXTRA.has(name))
      problems.push({ path: name, message: 'is not a setting of this system' });
  }
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push({ path: issue.path.join('.'), message: issue.message });
  } else problems.push(...halfOfOidc(parsed.data));
  if (problems.length > 0 || !parsed.success) {
    const lines = problems.map((p) => `  ${p.path}: ${p.message}`).join('\n');
    throw new AppError('CONFIG_INVALID', 500, `the configuration has ${problems.length} fault(s):\n${lines}`, {
      problems,
    });
  }
  return parsed.data;
}

/** What is missing for signing in with an identity provider, if anything of it is there. */
function halfOfOidc(e: Environment): FieldProblem[] {
  const problem = (path: keyof Environment, message: string) => ({ path, message });
  const { AUDIT_OIDC_ISSUER: issuer, AUDIT_OIDC_CLIENT_ID: clientId } = e;
  if (issuer === undefined)
    return clientId === undefined ? [] : [problem('AUDIT_OIDC_ISSUER', 'is needed with AUDIT_OIDC_CLIENT_ID')];
  const { protocol, hostname } = new URL(issuer);
  return [
    ...(clientId === undefined ? [problem('AUDIT_OIDC_CLIENT_ID', 'is needed with AUDIT_OIDC_ISSUER')] : []),
    ...(e.AUDIT_OIDC_ROLES ? [] : [problem('AUDIT_OIDC_ROLES', 'is needed: without a role nobody can sign in')]),
    ...(protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
      ? [problem('AUDIT_OIDC_ISSUER', 'must begin with https://, but for a provider on this machine')]
      : []),
  ];
}

/** Name, default and meaning of every variable, for help texts and the README. */
export function describeEnvironment(): { name: string; default: string; meaning: string }[] {
  return Object.entries(environment.shape).map(([name, schema]) => ({
    name,
    default: schema instanceof z.ZodDefault ? String(schema.def.defaultValue) : '',
    meaning: schema.description ?? '',
  }));
}
