import type { Category, Outcome, Severity } from '../events/event-types';

/** A stored event as rules see it. Absent fields are undefined, and so may be those that no rule looks at. */
export interface RuleEvent {
  id: string;
  leafIndex: number;
  /** ms since the epoch. */
  occurredAt: number;
  receivedAt: number;
  eventType: string;
  category: Category;
  severity: Severity;
  outcome: Outcome;
  /** A reference (sub_…) while encryption is on. */
  userId?: string | undefined;
  subjectId?: string | undefined;
  sessionId?: string | undefined;
  ipAddress?: string | undefined;
  resourceType?: string | undefined;
  resourceId?: string | undefined;
  correlationId?: string | undefined;
  service?: string | undefined;
  description?: string | undefined;
  currency?: string | undefined;
  amount?: number | undefined;
  recordCount?: number | undefined;
  /** The whole envelope; there only if a rule reads `details` or `changes`. */
  envelope?: Record<string, unknown> | undefined;
}
