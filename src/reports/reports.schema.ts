import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { CONTROL_STATUSES, LANGUAGES, REGULATIONS } from '../compliance/assessment';
import { FORMATS, REPORT_STATES, DELIVERY_STATES } from './report-record';
import { STAGES } from './report-queue';
import type { ReportStatus } from './reports.service';

const time = z.string().meta({ format: 'date-time' });
const bound = (what: string) =>
  z
    .string()
    .max(40)
    .describe(`${what}: a day such as 2026-11-01 in the time zone, or a time`)
    .meta({ example: '2026-11-01' });

export const language = z.enum(LANGUAGES).default('en');
export const formats = z.array(z.enum(FORMATS)).min(1).max(FORMATS.length).default(['pdf']);
export const timeZone = z.string().max(64).default('UTC').describe('IANA name; days and deadlines are counted in it');

export class ReportOrder extends createZodDto(
  z.strictObject({
    regulation: z.enum(REGULATIONS),
    from: bound('Start of the period, inclusive'),
    to: bound('End of the period, exclusive'),
    timeZone,
    language,
    formats,
  }),
) {}

const deliveryView = z.object({
  group: z.string().nullable().describe('Recipient group; null for an address that the schedule names'),
  to: z.string().describe('Masked'),
  state: z.enum(DELIVERY_STATES),
  attempts: z.number().int(),
  reason: z.string().nullable(),
  form: z.enum(['files', 'link']).nullable().describe('link: the files were too large for a mail'),
  sentAt: time.nullable(),
});

const reportView = z.object({
  id: z.string(),
  state: z.enum(REPORT_STATES).describe('queued also while it waits for another attempt'),
  progress: z
    .object({ stage: z.enum(STAGES), percent: z.number() })
    .nullable()
    .describe('null once it is made or failed'),
  reason: z.string().nullable().describe('Why it failed, or what went wrong with the last attempt'),
  attempts: z.number().int(),
  regulation: z.enum(REGULATIONS),
  from: time,
  to: time,
  timeZone: z.string(),
  language: z.enum(LANGUAGES),
  formats: z.array(z.enum(FORMATS)),
  schedule: z.string().nullable(),
  createdBy: z.string(),
  createdAt: time,
  generatedAt: time.nullable(),
  contentHash: z.string().nullable().describe('SHA-256 of what it says; the same for the same data, period and code'),
  events: z.number().int().nullable(),
  findings: z.number().int().nullable(),
  statuses: z.record(z.enum(CONTROL_STATUSES), z.number().int()).nullable().describe('Controls by status'),
  files: z.array(z.object({ format: z.enum(FORMATS), bytes: z.number().int(), sha256: z.string() })),
  deliveries: z.array(deliveryView),
  keptUntil: z.iso.date(),
});
export class ComplianceReport extends createZodDto(reportView) {}
export class ComplianceReportPage extends createZodDto(
  z.object({ items: z.array(reportView), nextCursor: z.string().nullable().describe('null on the last page') }),
) {}

export function viewOf({ record, progress }: ReportStatus): z.output<typeof reportView> {
  const { request, result, deliveries, retainUntil, ...rest } = record;
  return {
    ...{ id: rest.id, state: rest.state, progress: progress ?? null, reason: rest.reason, attempts: rest.attempts },
    ...request,
    ...{ schedule: rest.schedule, createdBy: rest.createdBy, createdAt: iso(rest.createdAt) },
    generatedAt: isoOrNull(result?.generatedAt ?? null),
    contentHash: result?.contentHash ?? null,
    events: result?.events ?? null,
    findings: result?.findings ?? null,
    statuses: result?.statuses ?? null,
    files: result?.files ?? [],
    deliveries: (deliveries ?? []).map((each) => ({ ...each, to: masked(each.to), sentAt: isoOrNull(each.sentAt) })),
    keptUntil: retainUntil,
  };
}

/** Enough to know which address, not enough to write to it. */
const masked = (address: string) =>
  address === '' ? '' : `${address.slice(0, 1)}***${address.slice(address.lastIndexOf('@'))}`;
const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));
