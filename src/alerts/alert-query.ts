import { z } from 'zod';
import { SEVERITIES } from '../events/event-types';
import { STATUSES } from './alert';

const several = <T extends z.ZodType>(item: T, description: string) =>
  z
    .array(item)
    .min(1)
    .max(100)
    .meta({ description: `${description}; may be repeated, any of them matches` });
const time = (description: string) =>
  z.iso
    .datetime({ offset: true, error: 'must be a time such as 2026-11-23T05:16:00Z, or a date' })
    .or(z.iso.date())
    .transform((value) => Date.parse(value))
    .meta({ description });

/** Query of the list of alerts. */
export const alertQuery = z.object({
  status: several(z.enum(STATUSES), 'Status; by default open and acknowledged').default(['open', 'acknowledged']),
  severity: several(z.enum(SEVERITIES), 'Severity').optional(),
  ruleId: several(z.string().max(64), 'Rule').optional(),
  ipAddress: several(z.string().max(64), 'Address that it is about').optional(),
  userId: several(z.string().max(512), 'User that it is about').optional(),
  assignee: z.string().max(200).meta({ description: 'Who goes on with it' }).optional(),
  historical: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .meta({ description: 'Whether it was raised by evaluating history' })
    .optional(),
  from: time('Alerts with a hit at or after this time').optional(),
  to: time('Alerts with a hit before this time').optional(),
  limit: z
    .string()
    .regex(/^\d+$/, 'must be a whole number from 1 to 1000')
    .transform(Number)
    .pipe(z.number().min(1).max(1000))
    .default(100)
    .meta({ description: 'How many at most, 1 to 1000', type: 'integer' }),
  cursor: z.string().max(512).meta({ description: '`nextCursor` of the page before' }).optional(),
});
export type AlertQuery = z.output<typeof alertQuery>;
