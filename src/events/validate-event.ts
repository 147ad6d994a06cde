import { z } from 'zod';
import type { FieldProblem } from '../common/app-error';
import { EVENT_TYPES, EventTypeDefinition, nearestTypes } from './event-types';
import { AuditEvent, eventSchema, TIME } from './event.schema';
import { nearest } from './nearest';

const DAY = 86_400_000;
const CANONICAL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export interface ValidateOptions {
  /** ms since the epoch; what `occurredAt` is judged by. */
  now: number;
  /** Types that the tenant registered, beside those of the registry. */
  customTypes?: ReadonlyMap<string, EventTypeDefinition>;
  /** How far in the future `occurredAt` may lie, ms; a day by default. */
  maxFutureMs?: number;
  /** Whether types of the category `audit` are welcome: they are for the system's own acts, and refused from senders. */
  ownActs?: boolean;
  /** Whether problems name what may have been meant; without, thousands of bad events stay cheap. True by default. */
  hints?: boolean;
}

export type Validated =
  { ok: true; event: AuditEvent; type: EventTypeDefinition } | { ok: false; problems: FieldProblem[] };

/**
 * Judges what a sender gave as one event. A good event comes back with its id in lower case and `occurredAt` in UTC with
 * milliseconds, beside the definition of its type.
 */
export function validateEvent(input: unknown, options: ValidateOptions): Validated {
  const parsed = eventSchema.safeParse(input);
  if (!parsed.success) return { ok: false, problems: problemsOf(parsed.error, input, options) };
  const event = parsed.data;
  const type = EVENT_TYPES.get(event.eventType) ?? options.customTypes?.get(event.eventType);
  const problems: FieldProblem[] = [];
  if (!type || (type.category === 'audit' && !options.ownActs)) {
    problems.push(problemOfType(event.eventType, type !== undefined, options));
  }
  if (event.occurredAt !== undefined) {
    const { occurredAt } = event;
    const message = problemOfTime(occurredAt, options);
    if (message) problems.push({ path: 'occurredAt', message });
    else if (!CANONICAL_TIME.test(occurredAt)) event.occurredAt = new Date(timeOf(occurredAt)).toISOString();
  }
  if (!type || problems.length > 0) return { ok: false, problems };
  if (event.id !== undefined) event.id = event.id.toLowerCase();
  return { ok: true, event, type };
}

function problemOfType(name: string, reserved: boolean, options: ValidateOptions): FieldProblem {
  const path = 'eventType';
  if (reserved) return { path, message: `${name} is reserved for the acts of the audit system itself` };
  const near = options.hints === false ? [] : nearestTypes(name, options.customTypes?.keys());
  return { path, message: `unknown type ${shown(name)}${suggestion(near)}` };
}

const timeOf = (text: string): number => Date.parse(text.toUpperCase());

function problemOfTime(text: string, options: Pick<ValidateOptions, 'now' | 'maxFutureMs'>): string | undefined {
  const time = timeOf(text);
  if (Number.isNaN(time) || !isDayOfMonth(text)) return 'names a day that does not exist';
  if (time < 0) return 'must not be before 1970-01-01T00:00:00Z';
  const ahead = options.maxFutureMs ?? DAY;
  if (time > options.now + ahead) {
    return `must not lie more than ${ahead / 3_600_000} hours in the future; is the clock of the sender right?`;
  }
  return undefined;
}

/** Whether a text is a time at which something can have occurred, and stands in the envelope as it is. */
export const isPlainTime = (text: string, now: number): boolean =>
  CANONICAL_TIME.test(text) && TIME.test(text) && problemOfTime(text, { now }) === undefined;

/** Date.parse takes 30 February for 2 March. */
function isDayOfMonth(text: string): boolean {
  const day = Number(text.slice(8, 10));
  return day <= 28 || day <= new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate();
}

function problemsOf(error: z.ZodError, input: unknown, options: ValidateOptions): FieldProblem[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: path === '' ? key : `${path}.${key}`,
        message: `unknown field${suggestion(options.hints === false ? [] : nearest(key, fieldsAt(path)))}`,
      }));
    }
    return [{ path, message: messageOf(issue, valueAt(input, issue.path)) }];
  });
}

function messageOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return 'is required';
  if (value === null) return 'must not be null; leave it out instead';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${article(issue.expected)}, not ${article(kindOf(value))}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return typeof value === 'string'
        ? 'must not be empty; leave it out instead'
        : `must be at least ${issue.minimum}`;
    case 'too_big':
      if (typeof value === 'string') return `must have at most ${issue.maximum} characters, has ${value.length}`;
      if (Array.isArray(value)) return `must have at most ${issue.maximum} items, has ${value.length}`;
      return `must be at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

const FIELDS = eventSchema.shape;

/** Names that are known where `path` points: fields of the event, or of one of its parts. */
function fieldsAt(path: string): string[] {
  if (path === '') return Object.keys(FIELDS);
  const part = Object.entries(FIELDS).find(([name]) => name === path)?.[1];
  return part instanceof z.ZodOptional && part.def.innerType instanceof z.ZodObject
    ? Object.keys(part.def.innerType.shape)
    : [];
}

function valueAt(input: unknown, path: PropertyKey[]): unknown {
  let value = input;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}

function article(kind: string): string {
  if (kind === 'int') return 'a whole number';
  return /^[aeio]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}

const suggestion = (near: string[]) => (near.length === 0 ? '' : `; did you mean ${near.join(', ')}?`);

/** A name as given, cut and with what would disturb a terminal made visible. */
const shown = (name: string) => JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
