import { z } from 'zod';
import { GROUP_NAME } from '../channels/recipient-group';
import { REGULATIONS } from '../compliance/assessment';
import { isZone, PERIODS } from './period';
import { formats, language } from './reports.schema';
import { cronFault } from './schedule-times';

export const SCHEDULE_NAME = /^[a-z][a-z0-9_-]{0,62}$/;

const fields = {
  description: z.string().max(1000).default(''),
  regulation: z.enum(REGULATIONS),
  period: z.enum(PERIODS).describe('The last whole one that has ended when it is due'),
  cron: z
    .string()
    .max(100)
    .superRefine((text, context) => {
      const fault = cronFault(text);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    })
    .describe('Minute, hour, day of the month, month, day of the week')
    .meta({ example: '0 6 1 * *' }),
  timeZone: z
    .string()
    .max(64)
    .refine(isZone, 'must be an IANA time zone such as Europe/Lisbon')
    .default('UTC')
    .describe('Of the cron expression, the period and the report'),
  language,
  formats,
  groups: z
    .array(z.string().regex(GROUP_NAME, 'must be the name of a recipient group such as dpo'))
    .max(20)
    .default([])
    .describe('Recipient groups; the reports go to their mail channels'),
  mail: z.array(z.email().max(254)).max(50).default([]).describe('Further addresses'),
  enabled: z.boolean().default(true),
};

const hasRecipient = ({ groups, mail }: { groups: string[]; mail: string[] }) => groups.length + mail.length > 0;
const noRecipient = { error: 'name a recipient group or an address to mail it to', path: ['groups'] };

export const scheduleInput = z.strictObject(fields).refine(hasRecipient, noRecipient);
export type Schedule = z.output<typeof scheduleInput>;

export const newSchedule = z
  .strictObject({
    name: z.string().regex(SCHEDULE_NAME, 'must be small letters, digits, - and _, such as monthly-gdpr'),
    ...fields,
  })
  .refine(hasRecipient, noRecipient);

export const scheduleView = z.object({
  name: z.string(),
  ...fields,
  version: z.number().int(),
  changedBy: z.string(),
  changedAt: z.string().meta({ format: 'date-time' }),
  nextRunAt: z.string().meta({ format: 'date-time' }).nullable().describe('null while it is not enabled'),
});

/** A version of a schedule as it is stored. */
export interface ScheduleRecord {
  tenant: string;
  name: string;
  schedule: Schedule;
  /** From 1. */
  version: number;
  deleted: boolean;
  changedBy: string;
  /** ms since the epoch. */
  changedAt: number;
}
