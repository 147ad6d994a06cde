import type { JobsOptions } from 'bullmq';
import { z } from 'zod';
import { SEVERITIES } from '../events/event-types';

/**
 * The BullMQ queue through which alerts reach whoever tells people (Channels). One job for each step of an alert, made after
 * the step is durable and at least once; the job's id is that of the transition, so a repeat of it is dropped while the first
 * is known (`transitionJobOptions`). Whoever works on it should derive the ids of deliveries from `id`.
 *
 * The queue uses `prefix: keys.prefix` of RedisKeys as BullMQ's prefix.
 */
export const ALERTS_QUEUE = 'audit-alerts';

export const TRANSITIONS = [
  'opened',
  'escalated',
  'acknowledged',
  'resolved',
  'reopened',
  'commented',
  'assigned',
] as const;

/** One step of an alert, with the alert as it was right after it. Fields are only ever added. */
export const alertTransition = z.object({
  /** `<alert id>/<revision>`: unique for ever, rising within an alert. As a job's id `/` is `_`. */
  id: z.string(),
  kind: z.enum(TRANSITIONS),
  tenant: z.string(),
  /** When it happened, ms since the epoch. */
  at: z.number().int(),
  /** Who did it: `apikey:<id>`, or `mcp-audit` itself. */
  by: z.string(),
  /**
   * Groups that this step concerns: of the rule, and of the escalation steps that are due at once when it was opened; of the
   * escalation step when it was escalated; all told so far at any other step.
   */
  recipients: z.array(z.string()),
  alert: z.object({
    id: z.string(),
    ruleId: z.string(),
    ruleName: z.string(),
    severity: z.enum(SEVERITIES),
    status: z.enum(['open', 'acknowledged', 'resolved']),
    /** What the alert is about, such as {ipAddress: '203.0.113.9'}. People are references (sub_…). */
    group: z.record(z.string(), z.string()),
    /** For people, e.g. `5 events within 15 minutes`. */
    summary: z.string(),
    /** Event times of the first and latest hit, ms since the epoch. */
    firstHitAt: z.number().int(),
    lastHitAt: z.number().int(),
    counter: z.number().int(),
    /** ms since the epoch. */
    openedAt: z.number().int(),
    /** Escalation steps taken. */
    escalationLevel: z.number().int(),
    /** When the next step is due unless somebody acknowledges, ms since the epoch; null if none is. */
    escalationDueAt: z.number().int().nullable(),
    /** Whether it was raised by evaluating history, long after its events. */
    historical: z.boolean(),
    /** Ids of some of its events, the first and the latest. */
    events: z.array(z.string()),
    /** Who acknowledged, resolved or was assigned, as far as that has happened. */
    acknowledgedBy: z.string().nullable(),
    resolvedBy: z.string().nullable(),
    assignee: z.string().nullable(),
  }),
});
export type AlertTransition = z.infer<typeof alertTransition>;

/** A finished job stays for a day, so that a repeat of it is known as such. */
export const transitionJobOptions = (transition: Pick<AlertTransition, 'id'>): JobsOptions => ({
  jobId: transition.id.replace('/', '_'),
  attempts: 10,
  backoff: { type: 'exponential', delay: 1000 },
  removeOnComplete: { age: 86_400 },
  removeOnFail: false,
});
