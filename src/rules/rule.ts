import { z } from 'zod';
import { CATEGORIES, EVENT_TYPES, nearestTypes, OUTCOMES, SEVERITIES } from '../events/event-types';
import { isField, OPERATORS, problemOfComparison } from './fields';

/** The longest window of a condition: 31 days. */
const MAX_MINUTES = 44_640;

const eventType = z.string().superRefine((name, ctx) => {
  if (/^AUDIT_(ALERT|NOTIFICATION)_/.test(name)) {
    ctx.addIssue({ code: 'custom', message: `${name} is an act of alerting itself, which no rule may watch` });
  } else if (!EVENT_TYPES.has(name)) {
    const near = nearestTypes(name);
    const hint = near.length > 0 ? `; did you mean ${near.join(', ')}?` : '';
    ctx.addIssue({ code: 'custom', message: `unknown type "${name}"${hint}` });
  }
});

const field = z.string().refine(isField, {
  error: 'is no field that rules can read: use those of an event, such as ipAddress, or details.<name>',
});

const scalar = z.union([z.string().max(1024), z.number(), z.boolean(), z.null()]);

/** One comparison. A field with several values matches if any of them does. */
const comparison = z
  .strictObject({
    field,
    op: z.enum(OPERATORS),
    value: z.union([scalar, z.array(scalar).min(1).max(1000)]).optional(),
  })
  .superRefine((given, ctx) => {
    const problem = problemOfComparison(given);
    if (problem) ctx.addIssue({ code: 'custom', path: ['value'], message: problem });
  });
export type Comparison = z.infer<typeof comparison>;

/** A condition on one event. */
export type Expression = Comparison | { all: Expression[] } | { any: Expression[] } | { not: Expression };

/** Levels that an expression may have. */
const EXPRESSION_LEVELS = 8;

/** What is wrong with an expression; checked by hand, since a union of schemas cannot say which of its forms was meant. */
function problemsOfExpression(
  value: unknown,
  path: PropertyKey[],
  levels: number,
): { path: PropertyKey[]; message: string }[] {
  if (typeof value !== 'object' || value === null) return [{ path, message: 'must be an object' }];
  const names = Object.keys(value);
  const [name] = names;
  if (name !== 'all' && name !== 'any' && name !== 'not') {
    return (comparison.safeParse(value).error?.issues ?? []).map((issue) => ({
      path: [...path, ...issue.path],
      message: issue.message,
    }));
  }
  if (names.length > 1) return [{ path, message: `${name} must stand alone` }];
  if (levels === 0) return [{ path, message: `has more than ${EXPRESSION_LEVELS} levels` }];
  const inner = (value as Record<string, unknown>)[name];
  if (name === 'not') return problemsOfExpression(inner, [...path, name], levels - 1);
  if (!Array.isArray(inner) || inner.length === 0 || inner.length > 100) {
    return [{ path: [...path, name], message: 'must be a list of 1 to 100 expressions' }];
  }
  return inner.flatMap((part: unknown, i) => problemsOfExpression(part, [...path, name, i], levels - 1));
}

const expression = z
  .unknown()
  .superRefine((value, ctx) => {
    for (const problem of problemsOfExpression(value, [], EXPRESSION_LEVELS)) {
      ctx.addIssue({ code: 'custom', ...problem });
    }
  })
  .meta({
    type: 'object',
    additionalProperties: true,
    description:
      'Condition on one event: {field, op, value}, or {all: […]}, {any: […]}, {not: …} of such; at most 8 levels',
    examples: [
      {
        all: [
          { field: 'amount', op: 'gte', value: 10_000 },
          { field: 'currency', op: 'eq', value: 'EUR' },
        ],
      },
    ],
  }) as unknown as z.ZodType<Expression>;

/** Which events count. All that is given has to match; nothing given matches every event. */
const match = z.strictObject({
  eventTypes: z.array(eventType).min(1).max(100).optional(),
  categories: z.array(z.enum(CATEGORIES)).min(1).optional(),
  severities: z.array(z.enum(SEVERITIES)).min(1).optional(),
  minSeverity: z.enum(SEVERITIES).optional(),
  outcomes: z.array(z.enum(OUTCOMES)).min(1).optional(),
  where: expression.optional(),
});
export type Match = z.infer<typeof match>;

const minutes = (description: string) => z.number().positive().max(MAX_MINUTES).describe(description);
/** The most events that a condition may need: so many are remembered for each group. */
const MOST_EVENTS = 100_000;
const count = (description: string) => z.number().int().min(1).max(MOST_EVENTS).describe(description);

const threshold = z
  .strictObject({
    kind: z.literal('threshold'),
    windowMinutes: minutes('Length of the sliding window, on event time; both ends belong to it'),
    count: count('At least so many events').optional(),
    sum: z
      .strictObject({ field: z.enum(['amount', 'recordCount']), atLeast: z.number().positive() })
      .describe('At least this sum, such as a volume of records')
      .optional(),
    distinct: z.strictObject({ field, atLeast: count('At least so many different values') }).optional(),
  })
  .refine((given) => given.count !== undefined || given.sum !== undefined || given.distinct !== undefined, {
    error: 'needs count, sum or distinct; all that are given have to be reached',
  });

const step = z.strictObject({
  match,
  count: count('So many such events').default(1),
});

const condition = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('any') }).describe('Every event that matches'),
  threshold,
  z
    .strictObject({
      kind: z.literal('rate'),
      perSecond: z.number().positive().max(1_000_000).describe('More events a second than this are impossible'),
      windowMinutes: minutes('Over which the rate is taken').default(1),
    })
    .refine((given) => given.perSecond * given.windowMinutes * 60 <= MOST_EVENTS, {
      path: ['windowMinutes'],
      error: `makes more than ${MOST_EVENTS} events; take the rate over a shorter time`,
    })
    .describe('More events than whoever it is can make'),
  z
    .strictObject({
      kind: z.literal('new_value'),
      field,
      memoryDays: z.number().int().min(1).max(400).default(90).describe('A value not seen for so long is new again'),
    })
    .describe('A value that the group has not had before. The first value of a group is known, not new'),
  z
    .strictObject({ kind: z.literal('absence'), windowMinutes: minutes('No such event for so long') })
    .describe('Nothing came for a time, from a group that was there within the last week'),
  z
    .strictObject({
      kind: z.literal('sequence'),
      windowMinutes: minutes('All of it within this time'),
      steps: z.array(step).min(2).max(8),
      ordered: z.boolean().default(true).describe('Whether the steps have to come in their order'),
    })
    .describe('Different events of one group, one after the other; the match of the trigger applies to all of them'),
]);
export type Condition = z.infer<typeof condition>;

const trigger = z.strictObject({
  name: z.string().min(1).max(100).optional(),
  match,
  groupBy: z
    .array(field)
    .max(5)
    .default([])
    .describe('One alert for each combination of these. Events without one of them do not count, but for `any`'),
  condition,
});
export type Trigger = z.infer<typeof trigger>;

const TIME_OF_DAY = /^(?:[01]\d|2[0-3]):[0-5]\d$/;
const suppression = z.union([
  z.strictObject({
    from: z.iso.datetime({ offset: true }),
    to: z.iso.datetime({ offset: true }),
    reason: z.string().max(200).optional(),
  }),
  z.strictObject({
    days: z
      .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
      .min(1)
      .optional(),
    start: z.string().regex(TIME_OF_DAY, 'must be a time such as 22:00'),
    end: z.string().regex(TIME_OF_DAY, 'must be a time such as 06:00; before `start` it is of the next day'),
    timezone: z.string().refine(isZone, 'must be an IANA time zone such as Europe/Lisbon').default('UTC'),
    reason: z.string().max(200).optional(),
  }),
]);
export type Suppression = z.infer<typeof suppression>;

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const recipients = z.array(z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/, 'must be a name such as security_team')).max(20);

const escalationStep = z.strictObject({
  afterMinutes: z.number().min(0).max(MAX_MINUTES).describe('Since the alert was opened; 0 is at once'),
  recipients: recipients.default([]).describe('Told then; empty: those of the rule once more'),
});

export const RULE_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** An alert rule, as people write it. */
export const ruleSchema = z.strictObject({
  id: z.string().regex(RULE_ID, 'must be small letters, digits and -, such as brute-force'),
  name: z.string().min(1).max(200),
  description: z.string().max(4000).default(''),
  severity: z.enum(SEVERITIES),
  enabled: z.boolean().default(true),
  triggers: z.array(trigger).min(1).max(20).describe('Any of them raises an alert'),
  recipients: recipients.default([]).describe('Groups of people who are told'),
  cooldownMinutes: z
    .number()
    .min(0)
    .max(MAX_MINUTES)
    .default(60)
    .describe('For so long after an alert of a group no other one is opened for it'),
  escalation: z
    .array(escalationStep)
    .max(10)
    .default([])
    .refine((steps) => steps.every((s, i) => i === 0 || s.afterMinutes >= (steps[i - 1]?.afterMinutes ?? 0)), {
      error: 'steps have to stand in the order of their times',
    }),
  suppress: z
    .array(suppression)
    .max(50)
    .default([])
    .describe('Times at which nothing is raised, such as maintenance; by the time of the event'),
  tags: z.array(z.string().min(1).max(100)).max(20).default([]),
  source: z.string().max(2000).optional().describe('Where it comes from, such as the id of a Sigma rule'),
});
export type Rule = z.output<typeof ruleSchema>;
export type RuleInput = z.input<typeof ruleSchema>;
