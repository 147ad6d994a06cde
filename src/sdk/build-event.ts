/// <reference lib="es2024.string" />
import { isIP, isIPv4 } from 'node:net';
import { EVENT_TYPES } from '../events/event-types';
import { isUuid, uuidV7 } from '../events/uuid';
import { currentAuditContext } from './context';
import { minimalDiff } from './diff';
import { PlainLimits, plainObject, TIGHT_LIMITS, USUAL_LIMITS } from './plain';
import type { Redactor } from './redact';
import type { AuditContext, EventFields, Severity, WireEvent } from './types';

/** An event ready to be sent: one line of NDJSON, in a form that the API takes. */
export interface BuiltEvent {
  id: string;
  severity: Severity;
  line: string;
}

export interface BuildOptions {
  /** What every event of this logger carries unless it says otherwise. */
  context: AuditContext;
  /** Undefined redacts nothing. */
  redactor: Redactor | undefined;
}

/** Longest texts that the API takes, in UTF-16 units. */
const CONTEXT_LIMITS: Record<keyof AuditContext, number> = {
  userId: 512,
  sessionId: 512,
  ipAddress: 64,
  userAgent: 4096,
  resourceType: 128,
  resourceId: 1024,
  correlationId: 256,
  service: 128,
};
const CONTEXT_NAMES = Object.keys(CONTEXT_LIMITS) as (keyof AuditContext)[];
const DESCRIPTION_LIMIT = 16_384;
/** An envelope may take 65,535 bytes; sealing and what the server adds need some of them. */
const MAX_LINE_BYTES = 44_000;
/** Own types of a tenant are judged like this until the server knows better. */
const UNKNOWN_TYPE_SEVERITY: Severity = 'medium';

/**
 * Makes an event that the server will not refuse for its form: what does not fit is cut, or told in `details.auditSdk`,
 * since half an event is worth more than none. Ids are made here, so that sending an event twice stores it once.
 */
export function buildEvent(
  eventType: string,
  description: string,
  fields: EventFields,
  options: BuildOptions,
): BuiltEvent {
  const severity = fields.severity ?? EVENT_TYPES.get(eventType)?.severity ?? UNKNOWN_TYPE_SEVERITY;
  const now = Date.now();
  const notes: string[] = [];
  const id = idOf(fields.id, now, notes);
  const head: WireEvent = {
    id,
    eventType,
    occurredAt: timeOf(fields.occurredAt, now, notes),
    description: fitted(String(description) || eventType, DESCRIPTION_LIMIT, options.redactor),
  };
  if (fields.severity !== undefined) head.severity = severity;
  if (fields.outcome !== undefined) head.outcome = fields.outcome;
  const context = contextOf(fields.context, currentAuditContext(), options.context, notes);
  if (context) head.context = context;
  if (fields.subjectId) head.subjectId = fitted(String(fields.subjectId), 512, undefined);
  if (fields.compliance) head.compliance = complianceOf(fields.compliance);
  addNumbers(head, fields, notes);
  addFree(head, fields, notes, options.redactor, USUAL_LIMITS);
  let line = JSON.stringify(head);
  // Three bytes a character at most: only long lines are measured.
  if (line.length > MAX_LINE_BYTES / 3 && Buffer.byteLength(line) > MAX_LINE_BYTES) {
    notes.push(`details or changes were cut, since the event took ${Buffer.byteLength(line)} bytes`);
    addFree(head, fields, notes, options.redactor, TIGHT_LIMITS);
    line = JSON.stringify(head);
    if (Buffer.byteLength(line) > MAX_LINE_BYTES) {
      head.description = head.description.slice(0, 1000);
      line = JSON.stringify({ ...head, details: { auditSdk: notes }, changes: undefined });
    }
  }
  return { id, severity, line };
}

/** Sets those parts of an event that can be of any form and size. */
function addFree(
  event: WireEvent,
  fields: EventFields,
  notes: readonly string[],
  redactor: Redactor | undefined,
  limits: PlainLimits,
): void {
  if (fields.details !== undefined) event.details = plainObject(fields.details, redactor, limits);
  if (fields.changes) event.changes = changesOf(fields.changes, redactor, limits);
  if (notes.length > 0) event.details = { ...event.details, auditSdk: [...notes] };
}

/** Compared before anything is redacted, so that a change of a secret is seen, and redacted then. */
function changesOf(
  { before, after }: NonNullable<EventFields['changes']>,
  redactor: Redactor | undefined,
  limits: PlainLimits,
): WireEvent['changes'] {
  const side = (value: object | null | undefined) => (value ? plainObject(value, undefined, limits) : undefined);
  const diff = minimalDiff(side(before), side(after));
  redactor?.clean(diff?.before);
  redactor?.clean(diff?.after);
  return diff;
}

function idOf(given: string | undefined, now: number, notes: string[]): string {
  if (given === undefined) return uuidV7(now);
  if (isUuid(given)) return given.toLowerCase();
  notes.push('the id given was no UUID and was replaced');
  return uuidV7(now);
}

function timeOf(given: Date | string | undefined, now: number, notes: string[]): string {
  if (given === undefined) return isoTime(now);
  const time = new Date(given).getTime();
  if (!Number.isNaN(time) && time >= 0 && time < now + 86_400_000) return new Date(time).toISOString();
  notes.push('occurredAt was no possible time and was replaced');
  return isoTime(now);
}

// Events often come several in one ms, and formatting a time costs more than most of what is done here.
let lastMs = Number.NaN;
let lastTime = '';

function isoTime(ms: number): string {
  if (ms !== lastMs) {
    lastTime = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastTime;
}

/** Of each member the first that is there: that of the event, of the scope, of the logger. */
function contextOf(
  own: AuditContext | undefined,
  scope: Readonly<AuditContext>,
  general: AuditContext,
  notes: string[],
): AuditContext | undefined {
  const fit: AuditContext = {};
  let some = false;
  for (const name of CONTEXT_NAMES) {
    const value: unknown = own?.[name] ?? scope[name] ?? general[name];
    if (value === undefined || value === null || value === '') continue;
    if (typeof value === 'function' || typeof value === 'symbol') continue;
    const text = typeof value === 'string' ? value : textOf(value);
    if (name === 'ipAddress') {
      const address = plainAddress(text);
      if (address === undefined) {
        notes.push('context.ipAddress was no IP address and was left out');
        continue;
      }
      fit.ipAddress = address;
    } else {
      fit[name] = fitted(text, CONTEXT_LIMITS[name], undefined);
    }
    some = true;
  }
  return some ? fit : undefined;
}

/** Ids are numbers, or objects, in many an application without types. */
const textOf = (value: unknown): string => (typeof value === 'bigint' ? value.toString() : JSON.stringify(value));

/** An address without port, zone, brackets or IPv4 in IPv6; undefined if it is none. */
export function plainAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  const bare = text
    .trim()
    .replace(/^\[(.*)\](?::\d+)?$/, '$1')
    .replace(/%.*$/, '');
  const plain = bare.replace(/^::ffff:(?=\d+\.)/i, '').replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
  return isIP(plain) === 0 ? undefined : plain;
}

function complianceOf(given: NonNullable<EventFields['compliance']>): WireEvent['compliance'] {
  const fit: NonNullable<WireEvent['compliance']> = {};
  if (given.legalBasis) fit.legalBasis = fitted(given.legalBasis, 128, undefined);
  if (given.purpose) fit.purpose = fitted(given.purpose, 1024, undefined);
  if (given.consentId) fit.consentId = fitted(given.consentId, 256, undefined);
  if (given.dataCategories) {
    fit.dataCategories = given.dataCategories
      .filter(Boolean)
      .slice(0, 64)
      .map((c) => fitted(c, 128, undefined));
  }
  return fit;
}

function addNumbers(event: WireEvent, { amount, currency, recordCount }: EventFields, notes: string[]): void {
  if (amount !== undefined) {
    if (Number.isFinite(amount) && Math.abs(amount) < 1e13) event.amount = Number(amount.toFixed(4));
    else notes.push(`amount ${String(amount)} is out of range and was left out`);
  }
  if (currency !== undefined) {
    if (/^[A-Za-z]{3}$/.test(currency)) event.currency = currency.toUpperCase();
    else notes.push('currency was no ISO 4217 code and was left out');
  }
  if (recordCount !== undefined) {
    if (Number.isSafeInteger(recordCount) && recordCount >= 0) event.recordCount = recordCount;
    else notes.push(`recordCount ${String(recordCount)} is no count and was left out`);
  }
}

function fitted(text: string, limit: number, redactor: Redactor | undefined): string {
  const cut = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  const formed = cut.isWellFormed() ? cut : cut.toWellFormed();
  if (!redactor) return formed;
  const clean = redactor.text(formed);
  return clean.length > limit ? clean.slice(0, limit) : clean;
}
