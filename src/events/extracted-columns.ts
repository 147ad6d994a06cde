/**
 * Which column of `events` holds what of the envelope, in SQL over a tuple `e` of its members. The writer fills the columns by
 * it, and verification compares them with the stored bytes by it.
 */
export interface ExtractedColumn {
  name: string;
  /** Throws for a member that is not what it should be. */
  value: string;
  /** The same for any bytes, without ever throwing; default: `value`. */
  tolerant?: string;
}

/** The members that the columns are made of; give it the envelope as `JSONExtract(envelope, '…')`. */
export const ENVELOPE_TUPLE = `Tuple(
        tenant LowCardinality(String), id UUID, eventType LowCardinality(String), category LowCardinality(String),
        severity String, outcome LowCardinality(String), occurredAt String, receivedAt String, subjectId String,
        context Tuple(userId String, sessionId String, ipAddress String, resourceType LowCardinality(String), resourceId String,
                      correlationId String, service LowCardinality(String)),
        description String,
        compliance Tuple(legalBasis LowCardinality(String), purpose LowCardinality(String), consentId String,
                         dataCategories Array(LowCardinality(String))),
        amount Nullable(Decimal(18, 4)), currency LowCardinality(String), recordCount Nullable(UInt64),
        retention LowCardinality(String), retainUntil String)`;

const time = (name: string, member: string): ExtractedColumn => ({
  name,
  value: `parseDateTime64BestEffort(${member}, 3, 'UTC')`,
  tolerant: `parseDateTime64BestEffortOrZero(${member}, 3, 'UTC')`,
});
const same = (name: string, value: string): ExtractedColumn => ({ name, value });

/** In the order of the table. */
export const EXTRACTED_COLUMNS: readonly ExtractedColumn[] = [
  same('tenant', 'e.tenant'),
  same('id', 'e.id'),
  same('event_type', 'e.eventType'),
  same('category', 'e.category'),
  {
    name: 'severity',
    value: `CAST(e.severity, 'Enum8(\\'info\\' = 1, \\'low\\' = 2, \\'medium\\' = 3, \\'high\\' = 4, \\'critical\\' = 5)')`,
    tolerant: 'e.severity',
  },
  same('outcome', 'e.outcome'),
  time('occurred_at', 'e.occurredAt'),
  time('received_at', 'e.receivedAt'),
  same('actor', 'e.context.userId'),
  same('subject', `if(e.subjectId = '', e.context.userId, e.subjectId)`),
  same('session_id', 'e.context.sessionId'),
  same('ip_address', 'e.context.ipAddress'),
  same('ip', 'toIPv6OrDefault(e.context.ipAddress)'),
  same('resource_type', 'e.context.resourceType'),
  same('resource_id', 'e.context.resourceId'),
  same('correlation_id', 'e.context.correlationId'),
  same('service', 'e.context.service'),
  same('description', 'e.description'),
  same('legal_basis', 'e.compliance.legalBasis'),
  same('purpose', 'e.compliance.purpose'),
  same('consent_id', 'e.compliance.consentId'),
  same('data_categories', 'e.compliance.dataCategories'),
  same('amount', 'e.amount'),
  same('currency', 'e.currency'),
  same('record_count', 'e.recordCount'),
  same('retention', 'e.retention'),
  { name: 'retain_until', value: 'toDate(e.retainUntil)', tolerant: 'toDateOrZero(e.retainUntil)' },
];
