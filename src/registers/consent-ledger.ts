import type { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { bounded, timeOf, whereEvents } from '../search/event-where';
import { Keyset, readKeyset, writeKeyset } from './keyset';
import { AT, Range, readRows, within, WITHIN } from './register-reader';

export const CONSENT_STATES = ['granted', 'withdrawn'] as const;
export type ConsentState = (typeof CONSENT_STATES)[number];

/** What one person has agreed to, or does not agree to any more. Times in ms since the epoch. */
export interface Consent {
  /** The reference of the person. */
  subject: string;
  /** Empty if the event named none. */
  purpose: string;
  state: ConsentState;
  /** When the newest event of it occurred. */
  changedAt: number;
  firstAt: number;
  /** Events of it. */
  changes: number;
  consentId: string;
  dataCategories: string[];
  /** The newest event of it. */
  eventId: string;
}

export interface ConsentStep {
  at: number;
  state: ConsentState;
  eventId: string;
  consentId: string;
  dataCategories: string[];
  service: string;
  actor: string;
  description: string;
}

export interface ConsentFilter {
  /** References; all people if absent. */
  subjects?: readonly string[] | undefined;
  purpose?: readonly string[] | undefined;
  state?: ConsentState | undefined;
  /** The ledger as it was before this time. */
  asOf: number;
}

/**
 * What is wrong with an act on personal data:
 * - `after_withdrawal`: it rests on consent, and the person had withdrawn it for this purpose;
 * - `without_consent`: it rests on consent, and the log knows of none for this person and purpose;
 * - `without_basis`: it is about somebody else than the actor and names no legal basis.
 */
export const CONSENT_EXCEPTIONS = ['after_withdrawal', 'without_consent', 'without_basis'] as const;
export type ConsentExceptionKind = (typeof CONSENT_EXCEPTIONS)[number];

export interface ConsentException {
  kind: ConsentExceptionKind;
  at: number;
  eventId: string;
  eventType: string;
  subject: string;
  actor: string;
  purpose: string;
  service: string;
  resourceType: string;
  resourceId: string;
  /** When the consent had been withdrawn, for `after_withdrawal`. */
  withdrawnAt: number | null;
}

export interface ConsentExceptionCount {
  kind: ConsentExceptionKind;
  events: number;
  subjects: number;
}

const CONSENT = `event_type IN ('CONSENT_GRANTED', 'CONSENT_REVOKED')`;
/** Uses of data that a check looks at. */
export interface ProcessingCount {
  count: number;
  /** Ids of the five newest. */
  samples: string[];
}

/** Newest by time, then by leaf. */
const NEWEST = '(occurred_at, leaf_index)';
/** `consent`, `consent (Art. 6(1)(a))`, `consentimento` … */
const BY_CONSENT = `startsWith(lowerUTF8(legal_basis), 'consent')`;
/** What was done with personal data; deleting it is what a withdrawal asks for. */
const PROCESSING = `category = 'data' AND event_type != 'DATA_DELETED' AND outcome NOT IN ('failure', 'denied') AND subject != ''`;

/**
 * Acts that are exceptions, and which. Each act is judged by the newest event of consent before it: one pass over the acts and the
 * events of consent, sorted by person and purpose, whose hashes (no collision in billions) are shorter to sort.
 */
const EXCEPTIONS = `
SELECT id, occurred_at, person, if(last_state = 2, 'after_withdrawal', 'without_consent') AS kind,
       if(last_state = 2, toUnixTimestamp64Milli(last_time), NULL) AS withdrawn_at
FROM
(
    SELECT id, occurred_at, person, state, anyLastIf(state, state > 0) OVER before AS last_state,
           anyLastIf(occurred_at, state > 0) OVER before AS last_time
    FROM
    (
        SELECT id, occurred_at, leaf_index, sipHash64(subject) AS person, sipHash128(subject, purpose) AS matter,
               multiIf(event_type = 'CONSENT_GRANTED', 1, event_type = 'CONSENT_REVOKED', 2, 0) AS state
        FROM events
        WHERE tenant = {tenant:String} AND occurred_at < ${timeOf('to')} AND subject != ''
          AND (${CONSENT} OR (occurred_at >= ${timeOf('from')} AND ${PROCESSING} AND ${BY_CONSENT}))
    )
    WINDOW before AS (PARTITION BY matter ORDER BY occurred_at, leaf_index ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
WHERE state = 0 AND last_state != 1
UNION ALL
SELECT id, occurred_at, sipHash64(subject) AS person, 'without_basis' AS kind, NULL AS withdrawn_at FROM events
WHERE ${WITHIN} AND ${PROCESSING} AND subject != actor AND legal_basis = ''`;

/** Who consents to what, from the events CONSENT_GRANTED and CONSENT_REVOKED; people are references. */
@Injectable()
export class ConsentLedger {
  constructor(@Inject(CLICKHOUSE) private readonly client: ClickHouseClient) {}

  /** Latest changes first. @throws AppError 400 for a cursor that is none */
  async list(
    tenant: string,
    filter: ConsentFilter,
    limit: number,
    cursor?: string,
  ): Promise<{ consents: Consent[]; nextCursor: string | null }> {
    const params: Record<string, unknown> = { tenant, asOf: bounded(filter.asOf), rows: limit + 1 };
    const where = [`tenant = {tenant:String}`, CONSENT, `occurred_at < ${timeOf('asOf')}`, `subject != ''`];
    const having = ['1'];
    if (filter.subjects) where.push('subject IN {subjects:Array(String)}');
    if (filter.purpose) where.push('purpose IN {purpose:Array(String)}');
    if (filter.state) having.push('state = {state:String}');
    if (cursor !== undefined) {
      const [at, subject, purpose] = readKeyset(cursor, 3);
      having.push('(changedAt, subject, purpose) < ({behind:Int64}, {behindSubject:String}, {behindPurpose:String})');
      Object.assign(params, { behind: at, behindSubject: subject, behindPurpose: purpose });
    }
    Object.assign(params, { subjects: filter.subjects, purpose: filter.purpose, state: filter.state });
    const found = await readRows<Consent>(
      this.client,
      `SELECT subject, purpose, if(argMax(event_type, ${NEWEST}) = 'CONSENT_GRANTED', 'granted', 'withdrawn') AS state,
              max(${AT}) AS changedAt, min(${AT}) AS firstAt, count() AS changes,
              argMax(consent_id, ${NEWEST}) AS consentId, argMax(data_categories, ${NEWEST}) AS dataCategories,
              toString(argMax(id, ${NEWEST})) AS eventId
       FROM events WHERE ${where.join(' AND ')}
       GROUP BY subject, purpose HAVING ${having.join(' AND ')}
       ORDER BY changedAt DESC, subject DESC, purpose DESC LIMIT {rows:UInt32}`,
      defined(params),
    );
    const consents = found.slice(0, limit);
    const last = consents.at(-1);
    const place: Keyset | undefined = last && [last.changedAt, last.subject, last.purpose];
    return { consents, nextCursor: found.length > limit && place ? writeKeyset(place) : null };
  }

  /** All that one person (by its references) said of a purpose, oldest first, at most `limit`; of every purpose without one. */
  async history(
    tenant: string,
    subjects: readonly string[],
    purpose: string | undefined,
    limit: number,
  ): Promise<(ConsentStep & { purpose: string })[]> {
    return readRows(
      this.client,
      `SELECT ${AT} AS at, if(event_type = 'CONSENT_GRANTED', 'granted', 'withdrawn') AS state, toString(id) AS eventId, purpose,
              consent_id AS consentId, data_categories AS dataCategories, service, actor, description
       FROM events
       WHERE tenant = {tenant:String} AND ${CONSENT} AND subject IN {subjects:Array(String)}
         ${purpose === undefined ? '' : 'AND purpose = {purpose:String}'}
       ORDER BY occurred_at, leaf_index LIMIT {limit:UInt32}`,
      defined({ tenant, subjects, purpose, limit }),
    );
  }

  /** What was done in a range on consent, and with the data of others than who did it: what exceptions are exceptions of. */
  async countProcessing(tenant: string, range: Range): Promise<Record<'onConsent' | 'aboutOthers', ProcessingCount>> {
    const counted = `SELECT countIf(${BY_CONSENT}) AS consent, countIf(subject != actor) AS others FROM events WHERE ${WITHIN} AND ${PROCESSING}`;
    const newest = (condition: string) =>
      `SELECT toString(id) AS id FROM events WHERE ${WITHIN} AND ${PROCESSING} AND ${condition} ORDER BY occurred_at DESC, events.id DESC LIMIT 5`;
    const read = <Row>(query: string) => readRows<Row>(this.client, query, within(tenant, range));
    const [row] = await read<{ consent: number; others: number }>(counted);
    const of = async (count = 0, condition: string): Promise<ProcessingCount> => {
      const samples = count === 0 ? [] : await read<{ id: string }>(newest(condition));
      return { count, samples: samples.map(({ id }) => id) };
    };
    return { onConsent: await of(row?.consent, BY_CONSENT), aboutOthers: await of(row?.others, 'subject != actor') };
  }

  /** How many acts of a range are exceptions, by kind; only kinds that there are. */
  countExceptions(tenant: string, range: Range): Promise<ConsentExceptionCount[]> {
    return readRows(
      this.client,
      `SELECT kind, count() AS events, uniqExact(person) AS subjects FROM (${EXCEPTIONS}) GROUP BY kind ORDER BY kind`,
      within(tenant, range),
    );
  }

  /** Acts of a range that are exceptions, newest first. @throws AppError 400 for a cursor that is none */
  async exceptions(
    tenant: string,
    range: Range,
    options: { kinds?: readonly ConsentExceptionKind[] | undefined; limit: number; cursor?: string | undefined },
  ): Promise<{ exceptions: ConsentException[]; nextCursor: string | null }> {
    const { kinds = CONSENT_EXCEPTIONS, limit, cursor } = options;
    const params: Record<string, unknown> = { ...within(tenant, range), kinds, rows: limit + 1 };
    let behind = '';
    if (cursor !== undefined) {
      const [at, id] = readKeyset(cursor, 2);
      behind = 'AND (at, eventId) < ({behind:Int64}, {behindId:String})';
      Object.assign(params, { behind: at, behindId: id });
    }
    const found = await readRows<Pick<ConsentException, 'kind' | 'at' | 'eventId' | 'withdrawnAt'>>(
      this.client,
      `SELECT kind, ${AT} AS at, toString(id) AS eventId, withdrawn_at AS withdrawnAt FROM (${EXCEPTIONS})
       WHERE kind IN {kinds:Array(String)} ${behind}
       ORDER BY at DESC, eventId DESC LIMIT {rows:UInt32}`,
      params,
    );
    const shown = found.slice(0, limit);
    const times = shown.map(({ at }) => at);
    // Events stand by time: the narrower the range, the less is read.
    const acts = await this.acts(tenant, { from: Math.min(...times), to: Math.max(...times) + 1 }, shown);
    const exceptions = shown.flatMap((each) => {
      const act = acts.get(each.eventId);
      return act ? [{ ...each, ...act }] : [];
    });
    const last = shown.at(-1);
    return { exceptions, nextCursor: found.length > limit && last ? writeKeyset([last.at, last.eventId]) : null };
  }

  /** What was done by some events of a range. */
  private async acts(tenant: string, range: Range, found: readonly { eventId: string }[]): Promise<Map<string, Act>> {
    if (found.length === 0) return new Map();
    const where = whereEvents(tenant, { ...range, id: found.map(({ eventId }) => eventId) });
    const rows = await readRows<Act & { eventId: string }>(
      this.client,
      `SELECT toString(id) AS eventId, event_type AS eventType, subject, actor, purpose, service,
              resource_type AS resourceType, resource_id AS resourceId
       FROM events WHERE ${where.sql}`,
      where.params,
    );
    return new Map(rows.map((row) => [row.eventId, row]));
  }
}

type Act = Omit<ConsentException, 'kind' | 'at' | 'eventId' | 'withdrawnAt'>;

const defined = (params: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
