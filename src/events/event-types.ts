import { nearest } from './nearest';

export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const OUTCOMES = ['success', 'failure', 'denied', 'unknown'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const CATEGORIES = [
  'authentication',
  'authorization',
  'data',
  'security',
  'compliance',
  'financial',
  'user',
  'api',
  'configuration',
  'system',
  'audit',
] as const;
export type Category = (typeof CATEGORIES)[number];

/** How long an event has to be kept; the days of each class are configured. */
export const RETENTION_CLASSES = ['security', 'compliance', 'financial', 'user_action'] as const;
export type RetentionClass = (typeof RETENTION_CLASSES)[number];

/** What is known of a type: `severity` and `outcome` are what an event has that names none itself. */
export interface EventTypeDefinition {
  category: Category;
  severity: Severity;
  retention: RetentionClass;
  outcome: Outcome;
  description: string;
}

type Row = [Severity, Outcome, string, RetentionClass?];

/** Types of one category; a row without a retention class has that of the category. */
function group<C extends Category, Name extends string>(
  category: C,
  retention: RetentionClass,
  rows: Record<Name, Row>,
) {
  const definitions = Object.entries<Row>(rows).map(([name, [severity, outcome, description, own]]) => [
    name,
    Object.freeze({ category, severity, retention: own ?? retention, outcome, description }),
  ]);
  return Object.fromEntries(definitions) as Record<Name, EventTypeDefinition & { category: C }>;
}

const definitions = {
  ...group('authentication', 'security', {
    LOGIN_SUCCESS: ['info', 'success', 'A user logged in'],
    LOGIN_FAILED: ['medium', 'failure', 'A login was refused because of wrong credentials'],
    LOGIN_BLOCKED: ['high', 'denied', 'A login was refused because the account or address is blocked'],
    LOGOUT: ['info', 'success', 'A user logged out'],
    SESSION_EXPIRED: ['info', 'success', 'A session ended by itself'],
    SESSION_REVOKED: ['low', 'success', 'A session was ended by someone else'],
    CONNECTION_CLOSED: ['info', 'unknown', 'A client ended its connection before or after authentication'],
    PASSWORD_CHANGED: ['low', 'success', 'A user changed a password'],
    PASSWORD_RESET_REQUEST: ['low', 'success', 'A reset of a password was requested'],
    PASSWORD_RESET_COMPLETED: ['medium', 'success', 'A password was set through a reset'],
    TWO_FACTOR_ENABLED: ['low', 'success', 'A second factor was switched on'],
    TWO_FACTOR_DISABLED: ['high', 'success', 'A second factor was switched off'],
    TWO_FACTOR_FAILED: ['medium', 'failure', 'A second factor was wrong'],
  }),
  ...group('authorization', 'security', {
    ACCESS_GRANTED: ['info', 'success', 'Access to a resource was allowed'],
    ACCESS_DENIED: ['medium', 'denied', 'Access to a resource was refused'],
    PERMISSION_GRANTED: ['medium', 'success', 'A permission was given to a user or role'],
    PERMISSION_REVOKED: ['medium', 'success', 'A permission was taken from a user or role'],
    ROLE_ASSIGNED: ['medium', 'success', 'A role was given to a user'],
    ROLE_REMOVED: ['medium', 'success', 'A role was taken from a user'],
    PRIVILEGE_ESCALATION: ['critical', 'unknown', 'Someone gained rights beyond those granted'],
  }),
  ...group('data', 'user_action', {
    DATA_READ: ['info', 'success', 'Records were read'],
    DATA_CREATED: ['info', 'success', 'Records were created'],
    DATA_UPDATED: ['low', 'success', 'Records were changed'],
    DATA_DELETED: ['medium', 'success', 'Records were deleted', 'compliance'],
    DATA_EXPORTED: ['medium', 'success', 'Records left the system', 'compliance'],
    DATA_IMPORTED: ['low', 'success', 'Records came into the system'],
    DATA_SHARED: ['medium', 'success', 'Records were given to a third party', 'compliance'],
    BULK_OPERATION: ['medium', 'success', 'Many records were handled at once'],
  }),
  ...group('security', 'security', {
    SUSPICIOUS_ACTIVITY: ['high', 'unknown', 'Behaviour that does not look legitimate'],
    BRUTE_FORCE_DETECTED: ['critical', 'denied', 'Many failed logins in a short time'],
    IP_BLOCKED: ['high', 'denied', 'An address was blocked'],
    SECURITY_VIOLATION: ['critical', 'denied', 'A security policy was violated'],
    MALWARE_DETECTED: ['critical', 'denied', 'Malicious software was found'],
    SQL_INJECTION_ATTEMPT: ['critical', 'denied', 'Input tried to change a database query'],
    XSS_ATTEMPT: ['high', 'denied', 'Input tried to run a script in a browser'],
    CSRF_ATTEMPT: ['high', 'denied', 'A request was forged in the name of a user'],
    RATE_LIMIT_EXCEEDED: ['medium', 'denied', 'A client sent more requests than allowed'],
    VULNERABILITY_DETECTED: ['high', 'unknown', 'A weakness was found'],
  }),
  ...group('compliance', 'compliance', {
    GDPR_REQUEST: ['medium', 'unknown', 'A data subject used a right of the GDPR'],
    LGPD_REQUEST: ['medium', 'unknown', 'A data subject used a right of the LGPD'],
    DATA_SUBJECT_REQUEST_COMPLETED: ['medium', 'success', 'A request of a data subject was answered'],
    DATA_RETENTION_EXPIRED: ['low', 'success', 'Data reached the end of its retention'],
    CONSENT_GRANTED: ['low', 'success', 'A data subject gave consent'],
    CONSENT_REVOKED: ['medium', 'success', 'A data subject withdrew consent'],
    DATA_BREACH_DETECTED: ['critical', 'unknown', 'A breach of personal data became known'],
    DATA_BREACH_UPDATED: ['medium', 'success', 'More became known of a breach of personal data'],
    DATA_BREACH_NOTIFIED: ['high', 'success', 'An authority or data subjects were told of a breach'],
    DATA_BREACH_CLOSED: ['medium', 'success', 'A breach of personal data was dealt with'],
    POLICY_ACCEPTED: ['info', 'success', 'A user accepted a policy'],
  }),
  ...group('financial', 'financial', {
    FINANCIAL_TRANSACTION: ['medium', 'success', 'Money was moved or booked'],
    FINANCIAL_REPORT_GENERATED: ['medium', 'success', 'A financial report was made'],
    FINANCIAL_DATA_ACCESSED: ['medium', 'success', 'Financial data was read'],
    FINANCIAL_CONTROL_EXECUTED: ['medium', 'success', 'A financial control was carried out'],
    FINANCIAL_APPROVAL_GRANTED: ['medium', 'success', 'A financial act was approved'],
    FINANCIAL_APPROVAL_DENIED: ['medium', 'denied', 'Approval of a financial act was refused'],
    FINANCIAL_RECORD_CHANGED: ['high', 'success', 'A financial record was changed after it was booked'],
  }),
  ...group('user', 'security', {
    USER_CREATED: ['low', 'success', 'A user account was created'],
    USER_UPDATED: ['low', 'success', 'A user account was changed'],
    USER_DELETED: ['medium', 'success', 'A user account was deleted'],
    USER_ACTIVATED: ['low', 'success', 'A user account was activated'],
    USER_DEACTIVATED: ['medium', 'success', 'A user account was deactivated'],
    USER_LOCKED: ['medium', 'success', 'A user account was locked'],
    USER_UNLOCKED: ['medium', 'success', 'A user account was unlocked'],
    USER_INVITED: ['info', 'success', 'Someone was invited to open an account'],
  }),
  ...group('api', 'user_action', {
    API_CALL: ['info', 'success', 'An API was called'],
    API_ERROR: ['low', 'failure', 'A call of an API failed'],
    API_KEY_CREATED: ['medium', 'success', 'A key of the application was created', 'security'],
    API_KEY_REVOKED: ['medium', 'success', 'A key of the application was revoked', 'security'],
    WEBHOOK_SENT: ['info', 'success', 'A webhook was delivered'],
    WEBHOOK_FAILED: ['low', 'failure', 'A webhook could not be delivered'],
  }),
  ...group('configuration', 'compliance', {
    CONFIGURATION_CHANGED: ['medium', 'success', 'A setting was changed'],
    FEATURE_FLAG_CHANGED: ['low', 'success', 'A feature was switched on or off'],
    SECRET_ROTATED: ['medium', 'success', 'A secret was replaced'],
    DEPLOYMENT_COMPLETED: ['medium', 'success', 'A version was put into operation'],
    SCHEMA_MIGRATED: ['medium', 'success', 'The structure of a database was changed'],
  }),
  ...group('system', 'user_action', {
    SYSTEM_STARTED: ['info', 'success', 'A system started'],
    SYSTEM_STOPPED: ['low', 'success', 'A system stopped'],
    SYSTEM_ERROR: ['high', 'failure', 'A system failed at something'],
    JOB_COMPLETED: ['info', 'success', 'A scheduled job ended well'],
    JOB_FAILED: ['medium', 'failure', 'A scheduled job failed'],
    BACKUP_COMPLETED: ['info', 'success', 'A backup was made', 'compliance'],
    BACKUP_FAILED: ['high', 'failure', 'A backup failed', 'compliance'],
    BACKUP_RESTORED: ['high', 'success', 'Data was restored from a backup', 'compliance'],
  }),
  ...group('audit', 'compliance', {
    AUDIT_API_KEY_CREATED: ['medium', 'success', 'A key of the audit system was created'],
    AUDIT_API_KEY_REVOKED: ['medium', 'success', 'A key of the audit system was revoked'],
    AUDIT_KEY_CREATED: ['medium', 'success', 'A cryptographic key was created'],
    AUDIT_KEY_ROTATED: ['medium', 'success', 'A cryptographic key was replaced'],
    AUDIT_EXPORT: ['medium', 'success', 'Events were exported from the audit log'],
    AUDIT_IMPORT: ['low', 'success', 'Events were imported into the audit log'],
    AUDIT_REVEAL: ['medium', 'success', 'Sealed personal data was read'],
    AUDIT_ERASURE: ['high', 'success', 'The key of a data subject was destroyed'],
    AUDIT_ERASURE_REFUSED: ['medium', 'denied', 'An erasure was refused because of a duty to retain'],
    AUDIT_HOLD_PLACED: ['medium', 'success', 'A legal hold was placed'],
    AUDIT_HOLD_RELEASED: ['medium', 'success', 'A legal hold was released'],
    AUDIT_POLICY_CHANGED: ['high', 'success', 'A policy of the audit system was changed'],
    AUDIT_RETENTION_APPLIED: ['medium', 'success', 'Events whose retention ended were removed'],
    AUDIT_VERIFICATION_PASSED: ['info', 'success', 'The log was verified'],
    AUDIT_VERIFICATION_FAILED: ['critical', 'failure', 'Verification of the log found a fault'],
    AUDIT_EVENT_QUARANTINED: ['high', 'failure', 'An event could not be stored and stands among the dead letters'],
    AUDIT_DEAD_LETTER_REPLAYED: ['medium', 'success', 'A dead letter was sent again'],
    AUDIT_DEAD_LETTER_DISCARDED: ['high', 'success', 'A dead letter was given up'],
    AUDIT_TYPE_REGISTERED: ['medium', 'success', 'A tenant registered a type of its own'],
    AUDIT_RULE_CHANGED: ['medium', 'success', 'An alert rule was created, changed or deleted'],
    AUDIT_ALERT_OPENED: ['high', 'success', 'An alert was opened'],
    AUDIT_ALERT_ACKNOWLEDGED: ['low', 'success', 'An alert was acknowledged'],
    AUDIT_ALERT_RESOLVED: ['low', 'success', 'An alert was resolved'],
    AUDIT_ALERT_REOPENED: ['medium', 'success', 'An alert was opened again'],
    AUDIT_ALERT_COMMENTED: ['info', 'success', 'A comment was added to an alert'],
    AUDIT_ALERT_ASSIGNED: ['info', 'success', 'An alert was assigned to somebody'],
    AUDIT_ALERT_ESCALATED: ['high', 'success', 'An alert was escalated, since nobody acknowledged it'],
    AUDIT_RECIPIENTS_CHANGED: ['medium', 'success', 'It was changed who is told of alerts'],
    AUDIT_NOTIFICATION_FAILED: ['high', 'failure', 'A notification could not be delivered'],
    AUDIT_REPORT_GENERATED: ['medium', 'success', 'A compliance report was made'],
    AUDIT_REPORT_DELIVERED: ['low', 'success', 'A compliance report was sent to its recipients'],
    AUDIT_DATA_PACKAGE: ['high', 'success', 'All that the log holds about a person was put together for that person'],
    AUDIT_ACTIVITY_CHANGED: ['medium', 'success', 'The record of processing activities was changed'],
    AUDIT_REPORT_DOWNLOADED: ['low', 'success', 'A compliance report was read'],
    AUDIT_REPORT_FAILED: ['critical', 'failure', 'A compliance report could not be made or delivered'],
    AUDIT_SCHEDULE_CHANGED: ['medium', 'success', 'A schedule of reports was changed'],
  }),
};

export type EventTypeName = keyof typeof definitions;
/** The names of one category. */
export type EventTypeOf<C extends Category> = {
  [Name in EventTypeName]: (typeof definitions)[Name]['category'] extends C ? Name : never;
}[EventTypeName];

/** The registry: every type that any tenant may use. */
export const EVENT_TYPES: ReadonlyMap<string, EventTypeDefinition> = new Map(Object.entries(definitions));

/** The names as constants: `EventType.LOGIN_FAILED`. */
export const EventType = Object.freeze(
  Object.fromEntries(Object.keys(definitions).map((name) => [name, name])),
) as Readonly<{ [Name in EventTypeName]: Name }>;

/** Up to three names of the registry, and of the tenant's own types, that resemble `name`; the nearest first. */
export function nearestTypes(name: string, own: Iterable<string> = []): string[] {
  return nearest(name, [...EVENT_TYPES.keys(), ...own]);
}
