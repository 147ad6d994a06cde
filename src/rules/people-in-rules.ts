import type { Expression, Match, Rule } from './rule';
import { PERSON_FIELDS } from './fields';

/** Ids of people that a rule compares with. */
export function peopleIn(rule: Rule): Set<string> {
  const found = new Set<string>();
  mapPeople(rule, (id) => {
    found.add(id);
    return id;
  });
  return found;
}

/** The same rule with each id of a person replaced. */
export function mapPeople(rule: Rule, replace: (id: string) => string): Rule {
  const inMatch = (match: Match): Match =>
    match.where ? { ...match, where: mapExpression(match.where, replace) } : match;
  return {
    ...rule,
    triggers: rule.triggers.map((trigger) => ({
      ...trigger,
      match: inMatch(trigger.match),
      condition:
        trigger.condition.kind === 'sequence'
          ? { ...trigger.condition, steps: trigger.condition.steps.map((s) => ({ ...s, match: inMatch(s.match) })) }
          : trigger.condition,
    })),
  };
}

function mapExpression(expression: Expression, replace: (id: string) => string): Expression {
  if ('all' in expression) return { all: expression.all.map((part) => mapExpression(part, replace)) };
  if ('any' in expression) return { any: expression.any.map((part) => mapExpression(part, replace)) };
  if ('not' in expression) return { not: mapExpression(expression.not, replace) };
  const { field, value } = expression;
  if (!PERSON_FIELDS.has(field) || value === undefined) return expression;
  const one = (id: Exclude<typeof value, readonly unknown[]>) => (typeof id === 'string' ? replace(id) : id);
  return { ...expression, value: Array.isArray(value) ? value.map(one) : one(value) };
}
