/// <reference lib="es2024.string" />
import { isIP } from 'node:net';
import { z } from 'zod';
import { JsonObject } from './canonical-json';
import { OUTCOMES, SEVERITIES } from './event-types';
import { checkJson } from './json-limits';

/** A time as RFC 3339 writes it; whether there is such a day is another question. */
export const TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

/** The longest texts, in UTF-16 code units. */
export const LONGEST = {
  userId: 512,
  sessionId: 512,
  userAgent: 4096,
  resourceType: 128,
  resourceId: 1024,
  correlationId: 256,
  service: 128,
  eventType: 64,
  description: 16_384,
  subjectId: 512,
  legalBasis: 128,
  purpose: 1024,
  consentId: 256,
  dataCategory: 128,
} as const;
/** The most `dataCategories`. */
export const MOST_CATEGORIES = 64;

const text = (max: number, description: string, ...examples: string[]) =>
  wellFormed(z.string().min(1).max(max)).meta({ description, examples });

/** UTF-8, and so the envelope, cannot express half a surrogate pair. */
function wellFormed(schema: z.ZodString): z.ZodString {
  return schema.refine((value) => value.isWellFormed(), { error: 'holds a lone surrogate, which is no character' });
}

/** Any JSON object within the limits of `checkJson`, passed on as it is. */
function freeObject(description: string, ...examples: JsonObject[]): z.ZodType<JsonObject> {
  return z
    .unknown()
    .superRefine((value, ctx) => {
      const problem = checkJson(value);
      if (problem) ctx.addIssue({ code: 'custom', path: problem.path, message: problem.message });
    })
    .meta({ type: 'object', additionalProperties: true, description, examples }) as unknown as z.ZodType<JsonObject>;
}

/** Whether a number fits the column of amounts: Decimal(18, 4). */
export const isAmount = (value: number): boolean =>
  Math.abs(value) < 1e13 && (Number.isInteger(value) || Number(value.toFixed(4)) === value);

const context = z
  .strictObject({
    userId: text(LONGEST.userId, 'Who acted', 'u-1029').optional(),
    sessionId: text(LONGEST.sessionId, 'The session in which it happened', 's-77f1').optional(),
    ipAddress: z
      .string()
      .refine((value) => isIP(value) !== 0 && !value.includes('%'), {
        error: 'must be an IPv4 or IPv6 address without a zone or port, such as 203.0.113.9 or 2001:db8::1',
      })
      .meta({ description: 'IPv4 or IPv6 address of the actor', examples: ['203.0.113.9', '2001:db8::1'] })
      .optional(),
    userAgent: text(LONGEST.userAgent, 'User agent of the actor', 'Mozilla/5.0').optional(),
    resourceType: text(LONGEST.resourceType, 'Kind of what was acted on', 'shipment').optional(),
    resourceId: text(LONGEST.resourceId, 'Which one was acted on', 'SHP-2041').optional(),
    correlationId: text(LONGEST.correlationId, 'Joins the events of one request or process', 'req-789').optional(),
    service: text(LONGEST.service, 'The application that reports', 'billing').optional(),
  })
  .meta({ description: 'Who, on what, from where' });

/** What a sender says about one thing that happened. */
export const eventSchema = z
  .strictObject({
    id: z
      .string()
      .regex(UUID, 'must be a UUID, such as 0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12')
      .meta({
        description: 'Identifies the event within its tenant, so that sending it again does not store it twice',
        format: 'uuid',
      })
      .optional(),
    eventType: z
      .string()
      .min(1)
      .max(LONGEST.eventType)
      .meta({
        description: 'A type of the registry, or one that the tenant registered',
        examples: ['LOGIN_FAILED'],
      }),
    occurredAt: z
      .string()
      .regex(TIME, 'must be a time as in RFC 3339 with an offset, such as 2026-11-23T05:16:00.123Z')
      .meta({
        description: 'When it happened, kept to the millisecond; default: when it was received',
        format: 'date-time',
        examples: ['2026-11-23T05:16:00.123Z'],
      })
      .optional(),
    severity: z.enum(SEVERITIES).meta({ description: 'Default: that of the type' }).optional(),
    outcome: z.enum(OUTCOMES).meta({ description: 'Default: that of the type' }).optional(),
    description: text(LONGEST.description, 'What happened, for people', 'Wrong password'),
    context: context.optional(),
    subjectId: text(
      LONGEST.subjectId,
      'The person whose data this is about; default: context.userId',
      'u-1029',
    ).optional(),
    details: freeObject('Anything else that matters, at most 32 levels deep', { attempt: 3 }).optional(),
    changes: z
      .strictObject({
        before: freeObject('The record before the change', { status: 'open' }).optional(),
        after: freeObject('The record after the change', { status: 'closed' }).optional(),
      })
      .optional(),
    compliance: z
      .strictObject({
        legalBasis: text(LONGEST.legalBasis, 'Why the processing is lawful', 'contract').optional(),
        purpose: text(LONGEST.purpose, 'What the data is processed for', 'delivery').optional(),
        consentId: text(LONGEST.consentId, 'The consent it rests on', 'c-55').optional(),
        dataCategories: z
          .array(wellFormed(z.string().min(1).max(LONGEST.dataCategory)))
          .max(MOST_CATEGORIES)
          .meta({ description: 'Categories of personal data', examples: [['contact', 'location']] })
          .optional(),
      })
      .optional(),
    amount: z
      .number()
      .refine(isAmount, {
        error: 'must be between -10^13 and 10^13 with at most 4 decimals',
      })
      .meta({ description: 'Money moved, in units of currency', examples: [1250.5] })
      .optional(),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'must be three capital letters as in ISO 4217, such as EUR')
      .meta({ description: 'ISO 4217 code', examples: ['EUR'] })
      .optional(),
    recordCount: z
      .number()
      .int()
      .min(0)
      .meta({ description: 'How many records were touched', examples: [1500] })
      .optional(),
  })
  .meta({
    description: 'One thing that happened',
    examples: [
      {
        eventType: 'LOGIN_FAILED',
        occurredAt: '2026-11-23T05:16:00.123Z',
        description: 'Wrong password',
        context: { userId: 'u-1029', ipAddress: '203.0.113.9', service: 'portal' },
        details: { attempt: 3 },
      },
    ],
  });

export type AuditEvent = z.infer<typeof eventSchema>;
