import { canonicalize, canonicalString } from './canonical-json';
import { EVENT_TYPES, EventTypeDefinition, RetentionClass } from './event-types';
import type { AuditEvent } from './event.schema';

const DAY = 86_400_000;

export interface EnvelopeOptions {
  tenant: string;
  /** UUID in lower case. */
  id: string;
  /** ms since the epoch. */
  receivedAt: number;
  retentionDays: Readonly<Record<RetentionClass, number>>;
  /** Definition of the event's type; needed for types that are not in the registry. */
  type?: EventTypeDefinition;
  /**
   * What was sealed: base64url by dotted field. The event given then holds references in place of `context.userId` and
   * `subjectId`, and no longer holds the other fields named here.
   */
  sealed?: Readonly<Record<string, string>>;
}

/**
 * The envelope of a valid event: canonical JSON (RFC 8785), as docs/architecture.md defines it. These characters are what is
 * hashed, signed, stored and verified. Members stand here in canonical order already, so nothing is sorted but what is free.
 * @throws TypeError if the event did not pass validateEvent and holds what JSON cannot say, or a type without definition.
 */
export function buildEnvelope(event: AuditEvent, options: EnvelopeOptions): string {
  const type = options.type ?? EVENT_TYPES.get(event.eventType);
  if (!type) throw new TypeError(`the type ${event.eventType} has no definition`);
  const received = isoTime(options.receivedAt);
  const { context } = event;
  const subject = event.subjectId ?? context?.userId;
  let out = event.amount === undefined ? '{' : `{"amount":${canonicalize(event.amount)},`;
  out += `"category":"${type.category}",`;
  if (event.changes) out += `"changes":${canonicalize(event.changes)},`;
  if (event.compliance) out += `"compliance":${canonicalize(event.compliance)},`;
  if (context) out += `"context":${contextOf(context)},`;
  if (event.currency !== undefined) out += `"currency":"${event.currency}",`;
  out += `"description":${canonicalString(event.description)},`;
  if (event.details !== undefined) out += `"details":${canonicalize(event.details)},`;
  out +=
    `"eventType":${canonicalString(event.eventType)},"id":"${options.id}","occurredAt":"${event.occurredAt ?? received}",` +
    `"outcome":"${event.outcome ?? type.outcome}","receivedAt":"${received}",`;
  if (event.recordCount !== undefined) out += `"recordCount":${canonicalize(event.recordCount)},`;
  out +=
    `"retainUntil":"${retainUntil(options.receivedAt, options.retentionDays[type.retention])}",` +
    `"retention":"${type.retention}",`;
  if (options.sealed) out += `"sealed":${canonicalize(options.sealed)},`;
  out += `"severity":"${event.severity ?? type.severity}",`;
  if (subject !== undefined) out += `"subjectId":${canonicalString(subject)},`;
  return out + `"tenant":${canonicalString(options.tenant)},"v":1}`;
}

/**
 * Whether two envelopes tell the same event: equal apart from `receivedAt`, `retainUntil` and `sealed`, which differ each
 * time it is sent, and from an `occurredAt` that only repeats `receivedAt`, since then the sender named none.
 */
export function sameEvent(a: string, b: string): boolean {
  if (a === b) return true;
  const [one, other] = [partsOf(a), partsOf(b)];
  // A named time may be that of the receipt by chance, so one copy alone says nothing.
  return one.rest === other.rest && (one.occurredAt === other.occurredAt || (one.mayBeUnnamed && other.mayBeUnnamed));
}

function partsOf(envelope: string) {
  const { occurredAt, receivedAt, ...event } = JSON.parse(envelope) as Record<string, unknown>;
  for (const name of ['retainUntil', 'sealed']) delete event[name];
  return { rest: canonicalize(event), occurredAt, mayBeUnnamed: occurredAt === receivedAt };
}

/** The first day on which an event may be removed: `days` full days have then passed since it was received. */
export function retainUntil(receivedAt: number, days: number): string {
  return dayText(Math.ceil(receivedAt / DAY) + days);
}

// Events come in groups with one time of receipt, and formatting a Date costs more than all the rest of an envelope.
let lastMs = Number.NaN;
let lastTime = '';
const dayTexts = new Map<number, string>();

function isoTime(ms: number): string {
  if (ms !== lastMs) {
    lastTime = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastTime;
}

function dayText(day: number): string {
  let text = dayTexts.get(day);
  if (text === undefined) {
    text = new Date(day * DAY).toISOString().slice(0, 10);
    if (dayTexts.size > 64) dayTexts.clear();
    dayTexts.set(day, text);
  }
  return text;
}

function contextOf(context: NonNullable<AuditEvent['context']>): string {
  let out = '';
  if (context.correlationId !== undefined) out += `,"correlationId":${canonicalString(context.correlationId)}`;
  if (context.ipAddress !== undefined) out += `,"ipAddress":"${context.ipAddress}"`;
  if (context.resourceId !== undefined) out += `,"resourceId":${canonicalString(context.resourceId)}`;
  if (context.resourceType !== undefined) out += `,"resourceType":${canonicalString(context.resourceType)}`;
  if (context.service !== undefined) out += `,"service":${canonicalString(context.service)}`;
  if (context.sessionId !== undefined) out += `,"sessionId":${canonicalString(context.sessionId)}`;
  if (context.userAgent !== undefined) out += `,"userAgent":${canonicalString(context.userAgent)}`;
  if (context.userId !== undefined) out += `,"userId":${canonicalString(context.userId)}`;
  return `{${out.slice(1)}}`;
}
