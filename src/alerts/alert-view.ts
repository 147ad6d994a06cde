import { z } from 'zod';
import { SEVERITIES } from '../events/event-types';
import { AlertRecord, RESOLUTIONS, STATUSES } from './alert';
import { TRANSITIONS } from './transition';

const time = z.iso.datetime();

/** An alert as the API gives it. */
export const alertView = z
  .object({
    id: z.string(),
    ruleId: z.string(),
    ruleVersion: z.number().int().describe('The version of the rule that opened it; 0 is a default rule as it came'),
    ruleName: z.string(),
    severity: z.enum(SEVERITIES),
    status: z.enum(STATUSES),
    group: z.record(z.string(), z.string()).describe('What it is about; people are references'),
    summary: z.string(),
    counter: z.number().int().describe('Hits: events at which the condition held'),
    peak: z.number().describe('The largest count, sum or number of values in a window'),
    firstHitAt: time.describe('Time of the event'),
    lastHitAt: time.describe('Time of the event'),
    events: z.array(z.string()).describe('Ids of the first and the latest events that were hits'),
    openedAt: time,
    historical: z.boolean().describe('Raised by evaluating history, long after its events'),
    recipients: z.array(z.string()),
    escalation: z.array(z.object({ afterMinutes: z.number(), recipients: z.array(z.string()) })),
    escalationLevel: z.number().int().describe('Steps taken'),
    escalationDueAt: time.nullable().describe('When the next step is taken unless somebody acknowledges'),
    acknowledgedBy: z.string().nullable(),
    acknowledgedAt: time.nullable(),
    resolvedBy: z.string().nullable(),
    resolvedAt: time.nullable(),
    resolution: z.enum(RESOLUTIONS).nullable(),
    reason: z.string().nullable(),
    assignee: z.string().nullable(),
    revision: z.number().int(),
  })
  .meta({
    examples: [
      {
        id: '0151892b-4e20-7a6c-8d1e-2f4b6a8c0d12',
        ruleId: 'brute-force',
        ruleVersion: 0,
        ruleName: 'Brute force',
        severity: 'high',
        status: 'open',
        group: { ipAddress: '183.62.140.253' },
        summary: 'LOGIN_FAILED: 5 times within 15 minutes',
        counter: 282,
        peak: 286,
        firstHitAt: '2015-12-10T10:54:14.000Z',
        lastHitAt: '2015-12-10T11:04:42.000Z',
        events: ['0151892b-4e20-7c3a-9d1e-2f4b6a8c0d12'],
        openedAt: '2026-11-23T09:30:00.000Z',
        historical: true,
        recipients: ['security_team'],
        escalation: [{ afterMinutes: 30, recipients: [] }],
        escalationLevel: 0,
        escalationDueAt: '2026-11-23T10:00:00.000Z',
        acknowledgedBy: null,
        acknowledgedAt: null,
        resolvedBy: null,
        resolvedAt: null,
        resolution: null,
        reason: null,
        assignee: null,
        revision: 1,
      },
    ],
  });
export type AlertView = z.output<typeof alertView>;

export const alertDetail = alertView.extend({
  history: z.array(
    z.object({
      kind: z.enum(TRANSITIONS),
      at: time,
      by: z.string().describe('`apikey:<id>`, or mcp-audit itself'),
      text: z.string().optional().describe('Comment, reason, or who it was assigned to'),
    }),
  ),
});
export type AlertDetail = z.output<typeof alertDetail>;

export function viewOf(alert: AlertRecord): AlertView {
  const { id, ruleId, ruleVersion, ruleName, severity, status, group, summary, counter, peak, events } = alert;
  const { historical, recipients, acknowledgedBy, resolvedBy, resolution, reason, assignee, revision } = alert;
  return {
    ...{ id, ruleId, ruleVersion, ruleName, severity, status, group, summary, counter, peak, events },
    ...{ historical, recipients, acknowledgedBy, resolvedBy, resolution, reason, assignee, revision },
    firstHitAt: iso(alert.firstHitAt),
    lastHitAt: iso(alert.lastHitAt),
    openedAt: iso(alert.openedAt),
    escalation: alert.escalation.map((s) => ({ afterMinutes: s.afterMs / 60_000, recipients: s.recipients })),
    escalationLevel: alert.level,
    escalationDueAt: isoOrNull(alert.dueAt),
    acknowledgedAt: isoOrNull(alert.acknowledgedAt),
    resolvedAt: isoOrNull(alert.resolvedAt),
  };
}

export function detailOf(alert: AlertRecord): AlertDetail {
  return { ...viewOf(alert), history: alert.history.map((step) => ({ ...step, at: iso(step.at) })) };
}

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));
