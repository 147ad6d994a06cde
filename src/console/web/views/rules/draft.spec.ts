import { ruleSchema } from '../../../../rules/rule';
import { draftOf, Kind, ruleOf, STARTS } from './draft';

describe('the draft of a rule', () => {
  it('says the rule that it was made of', () => {
    const rule = ruleSchema.parse({
      id: 'night-exports',
      name: 'Exports at night',
      severity: 'medium',
      triggers: [STARTS.threshold],
      escalation: [{ afterMinutes: 5, recipients: ['ciso'] }],
      recipients: ['dpo', 'legal'],
      tags: ['gdpr'],
      source: 'sigma:1',
    });
    const said = ruleOf(draftOf(rule));
    expect('rule' in said && ruleSchema.parse(said.rule)).toEqual(rule);
  });

  it.each(Object.keys(STARTS) as Kind[])('starts from a trigger of the kind %s that the rules take', (kind) => {
    const said = ruleOf({ ...draftOf(), id: 'x', name: 'x', triggers: JSON.stringify([STARTS[kind]]) });
    expect('rule' in said && ruleSchema.safeParse(said.rule).error).toBeUndefined();
  });

  it('names the text that is no JSON', () => {
    expect(ruleOf({ ...draftOf(), triggers: '[' })).toEqual({ faults: { triggers: true } });
    expect(ruleOf({ ...draftOf(), rest: '{' })).toEqual({ faults: { rest: true } });
  });
});
