import { isIP } from 'node:net';
import type { RuleEvent } from './rule-event';

/** Fields of an event that rules can read, and how. Ids of people are references while encryption is on. */
const READERS = {
  eventType: (e: RuleEvent) => e.eventType,
  category: (e: RuleEvent) => e.category,
  severity: (e: RuleEvent) => e.severity,
  outcome: (e: RuleEvent) => e.outcome,
  userId: (e: RuleEvent) => e.userId,
  subjectId: (e: RuleEvent) => e.subjectId,
  sessionId: (e: RuleEvent) => e.sessionId,
  ipAddress: (e: RuleEvent) => e.ipAddress,
  resourceType: (e: RuleEvent) => e.resourceType,
  resourceId: (e: RuleEvent) => e.resourceId,
  correlationId: (e: RuleEvent) => e.correlationId,
  service: (e: RuleEvent) => e.service,
  description: (e: RuleEvent) => e.description,
  currency: (e: RuleEvent) => e.currency,
  amount: (e: RuleEvent) => e.amount,
  recordCount: (e: RuleEvent) => e.recordCount,
} as const;

export const FIELDS = Object.keys(READERS) as (keyof typeof READERS)[];
/** Fields that hold a reference to a person. */
export const PERSON_FIELDS: ReadonlySet<string> = new Set(['userId', 'subjectId']);

const DETAIL = /^(details|changes\.(?:before|after))(\.[^.\s]+){1,8}$/;

export const isField = (name: string): boolean => name in READERS || DETAIL.test(name);
/** Whether the field stands only in the envelope, which is then needed too. */
export const isInEnvelope = (name: string): boolean => DETAIL.test(name);

export type FieldValue = string | number | boolean | null | undefined | readonly FieldValue[];

/** How to read a field; undefined stands for one that the event does not have. */
export function readerOf(name: string): (event: RuleEvent) => FieldValue {
  if (name in READERS) return READERS[name as keyof typeof READERS];
  const path = name.split('.');
  return (event) => {
    let value: unknown = event.envelope;
    for (const step of path) {
      if (typeof value !== 'object' || value === null) return undefined;
      value = (value as Record<string, unknown>)[step];
    }
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : (value as FieldValue);
  };
}

export const OPERATORS = [
  'eq',
  'ne',
  'contains',
  'starts_with',
  'ends_with',
  'matches',
  'cidr',
  'gt',
  'gte',
  'lt',
  'lte',
  'exists',
] as const;
export type Operator = (typeof OPERATORS)[number];

const NUMERIC: ReadonlySet<Operator> = new Set(['gt', 'gte', 'lt', 'lte']);
const TEXTUAL: ReadonlySet<Operator> = new Set(['contains', 'starts_with', 'ends_with', 'matches', 'cidr']);
export const MAX_PATTERN = 500;

/** What is wrong with a comparison, or undefined. */
export function problemOfComparison(given: { field: string; op: Operator; value?: unknown }): string | undefined {
  const { op, value } = given;
  if (op === 'exists') return typeof value === 'boolean' || value === undefined ? undefined : 'must be true or false';
  if (value === undefined) return 'is required';
  const values: unknown[] = Array.isArray(value) ? value : [value];
  if (NUMERIC.has(op) && !values.every((v) => typeof v === 'number')) return `${op} compares numbers`;
  if (TEXTUAL.has(op) && !values.every((v) => typeof v === 'string' && v !== '')) return `${op} needs text`;
  if (PERSON_FIELDS.has(given.field) && op !== 'eq' && op !== 'ne') {
    return `${given.field} is a reference in stored events, so it can only be compared by eq and ne, or asked for by exists`;
  }
  if (op === 'matches') return firstProblem(values as string[], problemOfPattern);
  if (op === 'cidr') return firstProblem(values as string[], problemOfRange);
  return undefined;
}

function firstProblem(values: string[], check: (value: string) => string | undefined): string | undefined {
  for (const value of values) {
    const problem = check(value);
    if (problem) return problem;
  }
  return undefined;
}

function problemOfPattern(pattern: string): string | undefined {
  if (pattern.length > MAX_PATTERN) return `a pattern may have ${MAX_PATTERN} characters`;
  // A repetition inside a repetition can take for ever on hostile input.
  if (/\((?:[^()\\]|\\.)*[+*}](?:[^()\\]|\\.)*\)[+*{]/.test(pattern)) {
    return 'a group with a repetition inside must not be repeated itself';
  }
  try {
    new RegExp(pattern, 'u');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function problemOfRange(range: string): string | undefined {
  const [address = '', prefix] = range.split('/');
  const family = isIP(address);
  const bits = family === 4 ? 32 : 128;
  const valid = family !== 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits));
  return valid ? undefined : `"${range}" is no address or CIDR range`;
}
