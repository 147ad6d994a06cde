import { SEVERITIES } from '../events/event-types';
import { uuidToBytes } from '../events/uuid';
import { parseAddressRange } from './address-range';
import type { Order, Place } from './cursor';
import type { EventFilter } from './event-query';

/** A condition with its bound parameters. */
export interface Where {
  sql: string;
  params: Record<string, unknown>;
}

/** Filters that compare one text column with the given values. */
const COLUMNS = {
  eventType: 'event_type',
  category: 'category',
  outcome: 'outcome',
  userId: 'actor',
  subjectId: 'subject',
  sessionId: 'session_id',
  resourceType: 'resource_type',
  resourceId: 'resource_id',
  correlationId: 'correlation_id',
  service: 'service',
} as const satisfies Partial<Record<keyof EventFilter, string>>;

// What DateTime64 can hold; a bound beyond it would wrap around.
const FIRST_TIME = Date.UTC(1900, 0, 1);
const LAST_TIME = Date.UTC(2299, 11, 31, 23, 59, 59, 999);

/** The condition for one tenant's events. Ids of people in `filter` are references already (SubjectLookup). */
export function whereEvents(tenant: string, filter: EventFilter): Where {
  const sql = ['tenant = {tenant:String}'];
  const params: Record<string, unknown> = { tenant };
  const add = (condition: string, values: Record<string, unknown>) => {
    sql.push(condition);
    Object.assign(params, values);
  };
  if (filter.from !== undefined) add(`occurred_at >= ${timeOf('from')}`, { from: bounded(filter.from) });
  if (filter.to !== undefined) add(`occurred_at < ${timeOf('to')}`, { to: bounded(filter.to) });
  for (const [name, column] of Object.entries(COLUMNS) as [keyof typeof COLUMNS, string][]) {
    const values = filter[name];
    if (values) add(`${column} IN {${name}:Array(String)}`, { [name]: values });
  }
  if (filter.personId) {
    add('(actor IN {personId:Array(String)} OR subject IN {personId:Array(String)})', { personId: filter.personId });
  }
  if (filter.severity) add('severity IN {severity:Array(String)}', { severity: filter.severity });
  if (filter.minSeverity) {
    const minSeverity = SEVERITIES.slice(SEVERITIES.indexOf(filter.minSeverity));
    add('severity IN {minSeverity:Array(String)}', { minSeverity });
  }
  if (filter.text !== undefined) {
    add('positionCaseInsensitiveUTF8(description, {text:String}) > 0', { text: filter.text });
  }
  if (filter.id) {
    const ids = filter.id.map((id) => BigInt(`0x${uuidToBytes(id).toString('hex')}`));
    add('toUInt128(id) IN {ids:Array(UInt128)}', { ids });
  }
  if (filter.ipAddress) {
    const ranges = filter.ipAddress.map((text, i) => {
      const range = parseAddressRange(text);
      if (typeof range === 'string') throw new TypeError(range);
      Object.assign(params, { [`first${i}`]: range.first, [`last${i}`]: range.last });
      return `ip BETWEEN ${addressOf(`first${i}`)} AND ${addressOf(`last${i}`)}`;
    });
    // An absent address is stored as ::, which ranges such as ::/0 include.
    sql.push(`ip_address != '' AND (${ranges.join(' OR ')})`);
  }
  return { sql: sql.join('\n  AND '), params };
}

/**
 * The condition for what comes behind `place`. The comparison of pairs is that of ORDER BY occurred_at, id; the bound of
 * the time alone is what the primary key can be searched by.
 */
export function whereBehind(where: Where, place: Place, order: Order): Where {
  const sign = order === 'asc' ? '>' : '<';
  const at = timeOf('cursorTime');
  return {
    sql: `${where.sql}\n  AND occurred_at ${sign}= ${at}\n  AND (occurred_at, id) ${sign} (${at}, {cursorId:UUID})`,
    params: { ...where.params, cursorTime: bounded(place.occurredAt), cursorId: place.id },
  };
}

/** A bound parameter of ms since the epoch as a time. */
export const timeOf = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;
const addressOf = (name: string) => `CAST(unhex({${name}:String}) AS FixedString(16))::IPv6`;
export const bounded = (ms: number) => Math.min(Math.max(ms, FIRST_TIME), LAST_TIME);
