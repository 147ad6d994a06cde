import { z } from 'zod';
import { CONTROL_STATUSES, LANGUAGES, REGULATIONS } from '../compliance/assessment';

export const FORMATS = ['pdf', 'xlsx', 'csv', 'json'] as const;
export type Format = (typeof FORMATS)[number];

export const REPORT_STATES = ['queued', 'running', 'finished', 'failed'] as const;
export type ReportState = (typeof REPORT_STATES)[number];

export const DELIVERY_STATES = ['queued', 'sent', 'failed'] as const;

/** What a report is asked to be. */
export const reportRequest = z.object({
  regulation: z.enum(REGULATIONS),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  timeZone: z.string(),
  language: z.enum(LANGUAGES),
  formats: z.array(z.enum(FORMATS)).min(1),
});
export type ReportRequest = z.output<typeof reportRequest>;

/** Whom a report is mailed to: recipient groups with their mail channels, and addresses. */
export const recipients = z.object({
  groups: z.array(z.string()).max(20),
  mail: z.array(z.email()).max(50),
});
export type Recipients = z.output<typeof recipients>;

const ms = z.number().int();

const delivery = z.object({
  to: z.string(),
  /** The group that the address is of; null for one that the schedule names. */
  group: z.string().nullable(),
  state: z.enum(DELIVERY_STATES),
  attempts: z.number().int(),
  reason: z.string().nullable(),
  /** Whether the files went with it, or a link since they are too large. */
  form: z.enum(['files', 'link']).nullable(),
  sentAt: ms.nullable(),
});
export type ReportDelivery = z.output<typeof delivery>;

const file = z.object({ format: z.enum(FORMATS), bytes: z.number().int(), sha256: z.string() });
export type ReportFile = z.output<typeof file>;

const result = z.object({
  contentHash: z.string(),
  events: z.number().int(),
  findings: z.number().int(),
  statuses: z.record(z.enum(CONTROL_STATUSES), z.number().int()),
  files: z.array(file),
  /** The attempt that made the files. */
  attempt: z.number().int(),
  generatedAt: ms,
});

/** Everything known of a report but its files. Times in ms since the epoch. */
export const reportRecord = z.object({
  id: z.string(),
  revision: z.number().int(),
  request: reportRequest,
  recipients,
  schedule: z.string().nullable(),
  createdBy: z.string(),
  createdAt: ms,
  updatedAt: ms,
  state: z.enum(REPORT_STATES),
  attempts: z.number().int(),
  /** Why it failed, or what it waits for. */
  reason: z.string().nullable(),
  result: result.nullable(),
  /** Null until the report is made. */
  deliveries: z.array(delivery).nullable(),
  retainUntil: z.iso.date(),
});
export type ReportRecord = z.output<typeof reportRecord>;

/** A report that nobody has worked on. */
export function newRecord(
  id: string,
  asked: Pick<ReportRecord, 'request' | 'recipients' | 'schedule' | 'createdBy'>,
  now: number,
  retentionDays: number,
): ReportRecord {
  const retainUntil = new Date(now + (retentionDays + 1) * 86_400_000).toISOString().slice(0, 10);
  return {
    ...asked,
    ...{ id, revision: 1, createdAt: now, updatedAt: now, state: 'queued', attempts: 0, reason: null },
    ...{ result: null, deliveries: null, retainUntil },
  };
}

/** Whether anything is still to be done. */
export function isPending({ state, deliveries }: Pick<ReportRecord, 'state' | 'deliveries'>): boolean {
  if (state === 'queued' || state === 'running') return true;
  return state === 'finished' && (deliveries === null || deliveries.some((each) => each.state === 'queued'));
}
