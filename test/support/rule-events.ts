import { EVENT_TYPES } from '../../src/events/event-types';
import { RuleInput, ruleSchema, Rule } from '../../src/rules/rule';
import type { RuleEvent } from '../../src/rules/rule-event';

let made = 0;

/** An event as rules see it, at `occurredAt` ms; received at once unless `over` says otherwise. */
export function ruleEvent(occurredAt: number, over: Partial<RuleEvent> = {}): RuleEvent {
  const eventType = over.eventType ?? 'LOGIN_FAILED';
  const type = EVENT_TYPES.get(eventType);
  if (!type) throw new Error(`no such type: ${eventType}`);
  const { category, severity, outcome } = type;
  made += 1;
  return {
    id: `event-${made}`,
    leafIndex: made,
    occurredAt,
    receivedAt: occurredAt,
    description: 'Wrong password',
    ...{ eventType, category, severity, outcome },
    ...over,
  };
}

/** A rule with one trigger. */
export function ruleOf(trigger: RuleInput['triggers'][number], over: Partial<RuleInput> = {}): Rule {
  return ruleSchema.parse({ id: 'rule', name: 'A rule', severity: 'high', triggers: [trigger], ...over });
}

/** Numbers that look random and are the same for the same seed: 0 ≤ n < below. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
