import { SEVERITIES } from '../events/event-types';
import { isInEnvelope } from './fields';
import type { Expression, Rule, Trigger } from './rule';

/** What has to be read so that some rules can be evaluated: a condition in SQL, and the fields that they look at. */
export interface EventScope {
  sql: string;
  params: Record<string, unknown>;
  fields: ReadonlySet<string>;
  needsEnvelope: boolean;
}

/** Leaves out events of types, categories and severities that no trigger is about. Never leaves out one that might match. */
export function scopeOf(rules: readonly Rule[]): EventScope {
  const triggers = rules.filter((rule) => rule.enabled).flatMap((rule) => rule.triggers);
  const types = new Set<string>();
  const params: Record<string, unknown> = {};
  const parts = new Set<string>();
  const inList = (column: string, values: readonly string[]) => {
    const name = `scope${Object.keys(params).length}`;
    params[name] = values;
    return `${column} IN {${name}:Array(String)}`;
  };
  for (const { match } of triggers) {
    if (match.eventTypes) for (const type of match.eventTypes) types.add(type);
    else {
      const severities = match.minSeverity ? SEVERITIES.slice(SEVERITIES.indexOf(match.minSeverity)) : match.severities;
      const conditions = [
        ...(match.categories ? [inList('category', match.categories)] : []),
        ...(severities ? [inList('severity', severities)] : []),
        ...(match.outcomes ? [inList('outcome', match.outcomes)] : []),
      ];
      parts.add(conditions.length > 0 ? conditions.join(' AND ') : '1');
    }
  }
  if (types.size > 0) parts.add(inList('event_type', [...types]));
  const sql = parts.size === 0 ? '0' : [...parts].map((part) => `(${part})`).join(' OR ');
  const fields = new Set(triggers.flatMap(fieldsRead));
  return { sql: `(${sql})`, params, fields, needsEnvelope: [...fields].some(isInEnvelope) };
}

function fieldsRead({ match, groupBy, condition }: Trigger): string[] {
  const fields = [...groupBy, ...(match.where ? fieldsOf(match.where) : [])];
  if (condition.kind === 'new_value') fields.push(condition.field);
  if (condition.kind === 'threshold') {
    if (condition.distinct) fields.push(condition.distinct.field);
    if (condition.sum) fields.push(condition.sum.field);
  }
  if (condition.kind === 'sequence') {
    for (const step of condition.steps) if (step.match.where) fields.push(...fieldsOf(step.match.where));
  }
  return fields;
}

function fieldsOf(expression: Expression): string[] {
  if ('all' in expression) return expression.all.flatMap(fieldsOf);
  if ('any' in expression) return expression.any.flatMap(fieldsOf);
  if ('not' in expression) return fieldsOf(expression.not);
  return [expression.field];
}
