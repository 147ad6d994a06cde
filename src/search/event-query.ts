import { z } from 'zod';
import { CATEGORIES, OUTCOMES, SEVERITIES } from '../events/event-types';
import { nearest } from '../events/nearest';
import { isUuid } from '../events/uuid';
import { parseAddressRange } from './address-range';

const MAX_VALUES = 100;
const RFC3339 = /^\d{4}-\d{2}-\d{2}(?:[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2}))?$/;

export const time = (description: string, example: string) =>
  z
    .string()
    .refine((value) => RFC3339.test(value) && isRealTime(value), {
      error: 'must be a time as in RFC 3339 with an offset, such as 2026-11-23T05:16:00Z, or a date (midnight UTC)',
    })
    .meta({ examples: [example] })
    .transform((value) => Date.parse(value.toUpperCase()))
    .meta({ description });

/** Date.parse takes 31 February for 3 March. */
function isRealTime(value: string): boolean {
  const [year = 0, month = 0, day = 0] = value.slice(0, 10).split('-').map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  return (
    !Number.isNaN(Date.parse(value.toUpperCase())) && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  );
}

export const several = <T extends z.ZodType>(item: T, description: string, ...examples: string[]) =>
  z
    .array(item)
    .min(1)
    .max(MAX_VALUES, `may be given ${MAX_VALUES} times at most`)
    .meta({ description: `${description}; may be repeated, any of them matches`, examples: [examples] })
    .optional();

export const word = (max: number) => z.string().min(1, 'must not be empty').max(max, `has more than ${max} characters`);

export const oneOf = <const T extends readonly [string, ...string[]]>(names: T) =>
  z.enum(names, {
    error: (issue) => {
      if (issue.input === undefined) return `is needed: one of ${names.join(', ')}`;
      const given = typeof issue.input === 'string' ? issue.input : JSON.stringify(issue.input);
      const close = nearest(given, names);
      return `"${given}" is none of ${names.join(', ')}${close[0] ? `; did you mean ${close[0]}?` : ''}`;
    },
  });

const address = z.string().superRefine((value, ctx) => {
  const range = parseAddressRange(value);
  if (typeof range === 'string') ctx.addIssue({ code: 'custom', message: range });
});

/** What chooses events, in the query of every route that reads them. All given filters have to match. */
export const eventFilter = z.object({
  from: time('Events that occurred at or after this time', '2026-11-01').optional(),
  to: time('Events that occurred before this time', '2026-12-01').optional(),
  eventType: several(word(64), 'Type', 'LOGIN_FAILED'),
  category: several(oneOf(CATEGORIES), 'Category', 'authentication'),
  severity: several(oneOf(SEVERITIES), 'Severity', 'high', 'critical'),
  minSeverity: oneOf(SEVERITIES)
    .meta({ description: 'This severity or a higher one', examples: ['medium'] })
    .optional(),
  outcome: several(oneOf(OUTCOMES), 'Outcome', 'failure'),
  userId: several(word(512), 'Who acted', 'u-1029'),
  subjectId: several(word(512), 'Whose data it is about', 'u-1029'),
  personId: several(word(512), 'Who acted, or whose data it is about', 'u-1029'),
  sessionId: several(word(512), 'Session', 's-77f1'),
  resourceType: several(word(128), 'Kind of resource', 'shipment'),
  resourceId: several(word(1024), 'Resource', 'SHP-2041'),
  ipAddress: several(address, 'IP address or CIDR range, IPv4 or IPv6', '203.0.113.0/24'),
  correlationId: several(word(256), 'Correlation id', 'req-789'),
  service: several(word(128), 'The application that reported', 'billing'),
  text: word(1024)
    .meta({ description: 'Text in the description, in any case', examples: ['password'] })
    .optional(),
  id: several(
    z.string().refine(isUuid, { error: 'must be a UUID' }),
    'Event id',
    '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12',
  ),
});
export type EventFilter = z.output<typeof eventFilter>;

export const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(
      z
        .number()
        .min(min, { error: `must be at least ${min}` })
        .max(max, { error: `must be at most ${max}` }),
    );

/** Asking for personal data, in the query of every route that can show it. */
export const revealing = {
  reveal: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .transform((value) => value === 'true')
    .meta({
      description: 'Show sealed personal data; needs the permission events:reveal and a reason, and is recorded',
    }),
  reason: word(500)
    .meta({
      description: 'Why `reveal` is asked for; recorded as it is, so name no person in it',
      examples: ['TICKET-4711'],
    })
    .optional(),
};

/** Query of one event. */
export const itemQuery = z.object(revealing);

/** Query of the list of events. */
export const listQuery = eventFilter.extend({
  limit: whole(1, 1000).default(100).meta({ description: 'How many at most, 1 to 1000', type: 'integer' }),
  order: oneOf(['asc', 'desc']).default('desc').meta({ description: 'By occurredAt, then id' }),
  cursor: z.string().max(512).meta({ description: '`nextCursor` of the page before' }).optional(),
  ...revealing,
});
export type ListQuery = z.output<typeof listQuery>;

export const GROUPS = [
  'eventType',
  'category',
  'severity',
  'outcome',
  'userId',
  'ipAddress',
  'service',
  'resourceType',
  'day',
  'hour',
  'minute',
] as const;
export type Group = (typeof GROUPS)[number];

export const timezone = z
  .string()
  .refine(isTimeZone, { error: 'must be an IANA time zone such as Europe/Lisbon' })
  .default('UTC')
  .meta({ description: 'Where days and hours begin', examples: ['America/Sao_Paulo'] });

/** Groups that are stretches of time. */
export const TIME_GROUPS: readonly Group[] = ['day', 'hour', 'minute'];

/** Query of the count of events. */
export const countQuery = eventFilter.extend({
  groupBy: oneOf(GROUPS)
    .meta({ description: 'Count by this as well', examples: ['ipAddress'] })
    .optional(),
  top: whole(1, 1000)
    .default(10)
    .meta({ description: 'The largest groups; of days, hours and minutes the latest', type: 'integer' }),
  ...revealing,
  timezone,
});
export type CountQuery = z.output<typeof countQuery>;

function isTimeZone(name: string): boolean {
  // Plain offsets are zones to some versions of Intl, but not to ClickHouse.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

export const EXPORT_FORMATS = ['json', 'ndjson', 'csv', 'parquet', 'xlsx'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Query of an export: no limit and no cursor, since it gives everything that matches. */
export const exportQuery = eventFilter.extend({
  ...revealing,
  format: oneOf(EXPORT_FORMATS).default('ndjson').meta({ description: 'Form of the file' }),
  proofs: oneOf(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .meta({ description: 'Add what proves the events to be in the ledger, for `verify-offline.cjs`; for ndjson' }),
});
export type ExportQuery = z.output<typeof exportQuery>;
