import { createHash } from 'node:crypto';
import { ClickHouseClient } from '@clickhouse/client';
import { buildEnvelope } from '../../src/events/envelope';
import type { AuditEvent } from '../../src/events/event.schema';
import { EVENT_TYPES } from '../../src/events/event-types';
import { uuidV7 } from '../../src/events/uuid';

const RETENTION = { security: 2555, compliance: 2555, financial: 2555, user_action: 365 };
/** Not long ago: what is noted of events that landed is kept for a day. */
const RECEIVED = Date.now() - 3_600_000;

export type TestEvent = Partial<AuditEvent> & { keyId?: number };

export interface Inserted {
  id: string;
  leafIndex: number;
  envelope: string;
}

/** Stores events as the writer does, with leaf indices from `firstLeaf` on; the columns are made here, without it. */
export async function insertEvents(
  clickhouse: ClickHouseClient,
  tenant: string,
  events: TestEvent[],
  firstLeaf = 0,
  batch = 1,
): Promise<Inserted[]> {
  const rows = events.map(({ keyId = 0, ...given }, i) => {
    const id = given.id ?? uuidV7(Date.now());
    const event: AuditEvent = { eventType: 'LOGIN_FAILED', description: 'Wrong password', ...given };
    const type = EVENT_TYPES.get(event.eventType);
    if (!type) throw new Error(`no such type: ${event.eventType}`);
    const envelope = buildEnvelope(event, { tenant, id, receivedAt: RECEIVED, retentionDays: RETENTION });
    const stored = JSON.parse(envelope) as Record<string, string>;
    const c = event.context ?? {};
    return {
      columns: {
        tenant,
        id,
        event_type: event.eventType,
        category: type.category,
        severity: stored.severity,
        outcome: stored.outcome,
        occurred_at: stored.occurredAt,
        received_at: stored.receivedAt,
        actor: c.userId ?? '',
        subject: stored.subjectId ?? '',
        session_id: c.sessionId ?? '',
        ip_address: c.ipAddress ?? '',
        ip: c.ipAddress ?? '::',
        resource_type: c.resourceType ?? '',
        resource_id: c.resourceId ?? '',
        correlation_id: c.correlationId ?? '',
        service: c.service ?? '',
        description: event.description,
        legal_basis: event.compliance?.legalBasis ?? '',
        purpose: event.compliance?.purpose ?? '',
        consent_id: event.compliance?.consentId ?? '',
        data_categories: event.compliance?.dataCategories ?? [],
        amount: event.amount ?? null,
        currency: event.currency ?? '',
        record_count: event.recordCount ?? null,
        retention: stored.retention,
        retain_until: stored.retainUntil,
        envelope,
        sum: createHash('sha256').update(envelope).digest('hex'),
        key_id: keyId,
        sig: keyId === 0 ? '' : createHash('sha256').update(`signature of ${id}`).digest('hex'),
        leaf_index: firstLeaf + i,
        batch,
      },
      inserted: { id, leafIndex: firstLeaf + i, envelope },
    };
  });
  await clickhouse.command({ query: 'CREATE TABLE IF NOT EXISTS staging ENGINE = Null AS ' + STAGING });
  await clickhouse.command({ query: `CREATE MATERIALIZED VIEW IF NOT EXISTS staging_to_events TO events AS ${UNHEX}` });
  await clickhouse.insert({
    table: 'staging',
    values: rows.map((row) => row.columns),
    format: 'JSONEachRow',
    clickhouse_settings: { date_time_input_format: 'best_effort', async_insert: 0 },
  });
  return rows.map((row) => row.inserted);
}

// JSON cannot say raw bytes, so hex columns pass through a table that keeps nothing.
const STAGING = "SELECT * EXCEPT (checksum, signature), '' AS sum, '' AS sig FROM events LIMIT 0";
const UNHEX = 'SELECT * EXCEPT (sum, sig), unhex(sum) AS checksum, unhex(sig) AS signature FROM staging';
