import { BlockList, isIPv6 } from 'node:net';
import { SEVERITIES } from '../events/event-types';
import { FieldValue, readerOf } from './fields';
import type { Comparison, Expression, Match } from './rule';
import type { RuleEvent } from './rule-event';

export type Predicate = (event: RuleEvent) => boolean;

/** Acts of alerting are never matched: an alert about an alert would never end. */
const OWN = /^AUDIT_(ALERT|NOTIFICATION)_/;

/** The test that a match stands for. Text is compared without regard to case, as Sigma does. */
export function compileMatch(match: Match): Predicate {
  const tests: Predicate[] = [];
  const oneOf = (values: readonly string[] | undefined, read: (event: RuleEvent) => string) => {
    if (!values) return;
    const set = new Set(values);
    tests.push((event) => set.has(read(event)));
  };
  oneOf(match.eventTypes, (e) => e.eventType);
  oneOf(match.categories, (e) => e.category);
  oneOf(match.severities, (e) => e.severity);
  if (match.minSeverity) oneOf(SEVERITIES.slice(SEVERITIES.indexOf(match.minSeverity)), (e) => e.severity);
  oneOf(match.outcomes, (e) => e.outcome);
  if (match.where) tests.push(compileExpression(match.where));
  return (event) => !OWN.test(event.eventType) && tests.every((test) => test(event));
}

export function compileExpression(expression: Expression): Predicate {
  if ('all' in expression) {
    const parts = expression.all.map(compileExpression);
    return (event) => parts.every((part) => part(event));
  }
  if ('any' in expression) {
    const parts = expression.any.map(compileExpression);
    return (event) => parts.some((part) => part(event));
  }
  if ('not' in expression) {
    const part = compileExpression(expression.not);
    return (event) => !part(event);
  }
  return compileComparison(expression);
}

function compileComparison({ field, op, value }: Comparison): Predicate {
  const read = readerOf(field);
  if (op === 'exists') {
    const wanted = value !== false;
    return (event) => isThere(read(event)) === wanted;
  }
  const wanted = Array.isArray(value) ? value : [value ?? null];
  if (op === 'ne') {
    const equal = wanted.map(testOfEqual);
    return (event) => !items(read(event)).some((item) => equal.some((test) => test(item)));
  }
  const tests = wanted.map((one) => testOf(op, one));
  return (event) => items(read(event)).some((item) => tests.some((test) => test(item)));
}

type Scalar = string | number | boolean | null | undefined;

function testOf(op: Exclude<Comparison['op'], 'exists' | 'ne'>, wanted: Scalar): (value: Scalar) => boolean {
  const text = String(wanted).toLowerCase();
  const number = Number(wanted);
  switch (op) {
    case 'eq':
      return testOfEqual(wanted);
    case 'contains':
      return (value) => isText(value) && lower(value).includes(text);
    case 'starts_with':
      return (value) => isText(value) && lower(value).startsWith(text);
    case 'ends_with':
      return (value) => isText(value) && lower(value).endsWith(text);
    case 'matches': {
      const pattern = new RegExp(String(wanted), 'u');
      return (value) => isText(value) && pattern.test(String(value).slice(0, LONGEST_MATCHED));
    }
    case 'cidr':
      return testOfRange(String(wanted));
    case 'gt':
      return (value) => numberOf(value) > number;
    case 'gte':
      return (value) => numberOf(value) >= number;
    case 'lt':
      return (value) => numberOf(value) < number;
    case 'lte':
      return (value) => numberOf(value) <= number;
  }
}

/** A pattern looks at no more of a value than this. */
const LONGEST_MATCHED = 4096;

function testOfEqual(wanted: Scalar): (value: Scalar) => boolean {
  if (wanted === null) return (value) => value === null || value === undefined || value === '';
  const text = String(wanted).toLowerCase();
  return (value) => value !== null && value !== undefined && lower(value) === text;
}

function testOfRange(range: string): (value: Scalar) => boolean {
  const [address = '', prefix] = range.split('/');
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(address, Number(prefix ?? (family === 'ipv6' ? 128 : 32)), family);
  return (value) => typeof value === 'string' && list.check(value, isIPv6(value) ? 'ipv6' : 'ipv4');
}

const isThere = (value: FieldValue): boolean => value !== undefined && value !== null && value !== '';
const isText = (value: Scalar): boolean => typeof value === 'string' || typeof value === 'number';
const lower = (value: Scalar): string => String(value).toLowerCase();
const numberOf = (value: Scalar): number =>
  typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;

/** What a field holds, one by one; an absent field holds one undefined. */
function items(value: FieldValue): Scalar[] {
  if (!Array.isArray(value)) return [value as Scalar];
  return (value as readonly FieldValue[]).filter((item): item is Scalar => typeof item !== 'object' || item === null);
}
