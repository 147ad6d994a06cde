import type { Category, EventTypeName, EventTypeOf, Outcome, Severity } from '../events/event-types';

/** Who acted, on what, from where. */
export interface AuditContext {
  userId?: string;
  sessionId?: string;
  /** IPv4 or IPv6. */
  ipAddress?: string;
  userAgent?: string;
  resourceType?: string;
  resourceId?: string;
  /** Joins the events of one request or process. */
  correlationId?: string;
  /** The application that reports. */
  service?: string;
}

/** Types of the registry that applications may send; a tenant's own types are any other text. */
export type SentEventType = Exclude<EventTypeName, `AUDIT_${string}`> | (string & Record<never, never>);

/** What may be said of an event beside its type and description. Values are copied when the event is recorded. */
export interface EventFields {
  context?: AuditContext;
  severity?: Severity;
  outcome?: Outcome;
  /** When it happened; default: now. */
  occurredAt?: Date | string;
  /** The person whose data this is about; default: the user of the context. */
  subjectId?: string;
  /** Anything else that matters. Secrets in it are redacted. */
  details?: Record<string, unknown>;
  /** The record before and after; only what differs is sent. */
  changes?: { before?: object | null; after?: object | null };
  compliance?: { legalBasis?: string; purpose?: string; consentId?: string; dataCategories?: string[] };
  amount?: number;
  currency?: string;
  recordCount?: number;
  /** UUID, if the event has one already; the same id is stored once. */
  id?: string;
}

/** `EventFields` with the members of the context beside them, as the methods of a category take them. */
export type FlatFields = EventFields & AuditContext;

/** An event as it is sent: what the schema of the API takes. */
export interface WireEvent {
  id?: string;
  eventType: string;
  occurredAt?: string;
  severity?: Severity;
  outcome?: Outcome;
  description: string;
  context?: AuditContext;
  subjectId?: string;
  details?: Record<string, unknown>;
  changes?: { before?: Record<string, unknown>; after?: Record<string, unknown> };
  compliance?: { legalBasis?: string; purpose?: string; consentId?: string; dataCategories?: string[] };
  amount?: number;
  currency?: string;
  recordCount?: number;
}

/**
 * What became of an event: `acknowledged` by the server, which is to say durable there; `spooled`, on the disk here and on
 * its way; `rejected` by the server for good; `dropped` since there was no room, or the logger is closed or disabled.
 */
export type Delivered = 'acknowledged' | 'spooled' | 'rejected' | 'dropped';

export type { Category, EventTypeName, EventTypeOf, Outcome, Severity };
