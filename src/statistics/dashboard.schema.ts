import { z } from 'zod';
import { SEVERITIES } from '../events/event-types';
import { span, topItem } from './analytics.schema';

const count = z.number().int();
const time = z.string().meta({ format: 'date-time' });

const trend = {
  count,
  previous: count.describe('In the period of the same length before'),
  change: z.number().nullable().describe('(count - previous) / previous; null if there were none before'),
};
const spread = z.array(z.object({ key: z.string().nullable(), ...trend })).describe('Largest first');

export const AGES = ['under1h', 'under24h', 'under7d', 'older'] as const;
const ages = z.object({ under1h: count, under24h: count, under7d: count, older: count });

export const alertFacts = z.object({
  open: count.describe('Nobody has acknowledged these'),
  acknowledged: count,
  oldestOpenAt: time.nullable(),
  bySeverity: z
    .array(z.object({ severity: z.enum(SEVERITIES), open: count, acknowledged: count, age: ages }))
    .describe('Unresolved alerts, most severe first, with their ages since they were opened'),
});
export type AlertFacts = z.output<typeof alertFacts>;

export const complianceFacts = z.object({
  failedShare: z.number().nullable().describe('Of the events of the period, 0 to 1; null if there are none'),
  requests: count.describe('Requests of data subjects (GDPR_REQUEST, LGPD_REQUEST) recorded in the period'),
  consents: z.object({ granted: count, revoked: count }).describe('Recorded in the period'),
  erasures: z.object({ done: count, underway: count, inPeriod: count }).describe('Of all time, and done in the period'),
  legalHolds: count.describe('In force now'),
  retention: z.object({ removed: count.describe('Events removed in the period'), lastRemovalAt: time.nullable() }),
  integrity: z.object({
    treeSize: count.describe('Events under the newest signed checkpoint'),
    signedAt: time.nullable(),
    lastVerification: z.object({ kind: z.string(), finishedAt: time, faults: count }).nullable(),
  }),
});
export type ComplianceFacts = z.output<typeof complianceFacts>;

export const dashboardSummary = z.object({
  ...span,
  timezone: z.string(),
  previous: z.object(span).describe('What trends compare with'),
  parties: z
    .object(span)
    .describe('What users, addresses and resources are counted of: whole days (UTC) if the period is a week or longer'),
  totals: z.object({
    events: z.object(trend),
    failures: z.object(trend).describe('Failed or denied'),
    highSeverity: z.object(trend).describe('Severity high or critical'),
    users: count.describe('Different users'),
    addresses: count.describe('Different addresses'),
    resources: count.describe('Different resources'),
  }),
  byCategory: spread,
  bySeverity: spread,
  byOutcome: spread,
  trend: z.object({ interval: z.string(), starts: z.array(time), events: z.array(count), failures: z.array(count) }),
  topUsers: z.array(topItem),
  topAddresses: z.array(topItem),
  topResources: z.array(topItem),
  alerts: alertFacts,
  compliance: complianceFacts,
  pipeline: z.object({
    accepted: count,
    stored: count,
    waiting: count.describe('Accepted and not stored yet'),
    duplicates: count.describe('Acknowledged repeats of events that were stored before'),
    deadLettered: count,
    unaccounted: count.describe('Anything but 0 is an alarm'),
    uncountedBatches: count.describe('Stored batches, of all tenants, that these statistics do not count yet'),
  }),
});
export type DashboardSummary = z.output<typeof dashboardSummary>;
