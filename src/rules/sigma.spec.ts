import { ruleEvent } from '../../test/support/rule-events';
import { AppError } from '../common/app-error';
import { compileMatch } from './match';
import { Rule } from './rule';
import type { RuleEvent } from './rule-event';
import { RuleEvaluator } from './rule-evaluator';
import { importRules } from './sigma';

const START = Date.UTC(2026, 10, 23);
const make = (yaml: string, mapping: Record<string, string> = {}): Rule[] =>
  importRules(yaml, { mapping, recipients: ['security_team'] });
const only = (rules: Rule[]): Rule => {
  expect(rules).toHaveLength(1);
  return rules[0] as Rule;
};
const detecting = (detection: string): Rule =>
  only(make(`title: A rule\nlevel: high\ndetection:\n${detection.replace(/^/gm, '  ')}`));
const matches = (rule: Rule, event: RuleEvent): boolean => {
  const [trigger] = rule.triggers;
  return trigger !== undefined && compileMatch(trigger.match)(event);
};
const said = (description: string, over: Partial<RuleEvent> = {}) => ruleEvent(START, { description, ...over });
const refusal = (yaml: string): string => {
  try {
    make(yaml);
  } catch (error) {
    if (error instanceof AppError && error.status === 422) return error.message;
    throw error;
  }
  throw new Error('it was imported');
};

describe('a detection rule of Sigma', () => {
  it('becomes a rule with its title, level and source', () => {
    const yaml = `
title: Root login over SSH!
id: 5638f7c0-ac70-491d-8465-2a65075e0d86
description: Somebody tried
level: informational
detection:
  selection:
    event_type: LOGIN_FAILED
    User: root
  condition: selection`;
    expect(only(make(yaml))).toMatchObject({
      id: 'root-login-over-ssh',
      name: 'Root login over SSH!',
      severity: 'info',
      source: 'sigma:5638f7c0-ac70-491d-8465-2a65075e0d86',
      recipients: ['security_team'],
      triggers: [
        {
          match: { eventTypes: ['LOGIN_FAILED'], where: { field: 'userId', op: 'eq', value: 'root' } },
          condition: { kind: 'any' },
        },
      ],
    });
  });

  it.each<[string, string, RuleEvent, boolean]>([
    ['a map is "and"', 's: {service: ssh, outcome: failure}\ncondition: s', said('x', { service: 'ssh' }), true],
    ['a map is "and"', 's: {service: ssh, outcome: denied}\ncondition: s', said('x', { service: 'ssh' }), false],
    ['a list is "or"', 's: {service: [web, ssh]}\ncondition: s', said('x', { service: 'SSH' }), true],
    ['a list of maps is "or"', 's: [{service: web}, {outcome: failure}]\ncondition: s', said('x'), true],
    ['words are looked for in the description', 's: [apple, wrong pass]\ncondition: s', said('Wrong password'), true],
    ['contains', 's: {description|contains: pass}\ncondition: s', said('Wrong PASSword'), true],
    ['all', 's: {description|contains|all: [wrong, word]}\ncondition: s', said('Wrong password'), true],
    ['all', 's: {description|contains|all: [wrong, key]}\ncondition: s', said('Wrong password'), false],
    ['startswith', 's: {description|startswith: wrong}\ncondition: s', said('Wrong password'), true],
    ['endswith', 's: {description|endswith: wrong}\ncondition: s', said('Wrong password'), false],
    ['re', "s: {description|re: '^W.*d$'}\ncondition: s", said('Wrong password'), true],
    ['cidr', "s: {src_ip|cidr: '203.0.113.0/24'}\ncondition: s", said('x', { ipAddress: '203.0.113.9' }), true],
    ['cidr', "s: {src_ip|cidr: '203.0.113.0/24'}\ncondition: s", said('x', { ipAddress: '2001:db8::1' }), false],
    ['gte', 's: {recordCount|gte: 10}\ncondition: s', said('x', { recordCount: 10 }), true],
    ['lt', 's: {recordCount|lt: 10}\ncondition: s', said('x'), false],
    ['exists', 's: {sessionId|exists: false}\ncondition: s', said('x'), true],
    ['null', 's: {sessionId: null}\ncondition: s', said('x', { sessionId: 's' }), false],
    ['wildcards', "s: {description: 'wr?ng*'}\ncondition: s", said('Wrong password'), true],
    ['wildcards', "s: {description: '*pass*'}\ncondition: s", said('Wrong password'), true],
    ['wildcards', "s: {description: '*pass'}\ncondition: s", said('Wrong password'), false],
    ['a wildcard that is none', "s: {description: '100\\*'}\ncondition: s", said('100*'), true],
    ['a wildcard that is none', "s: {description: '100\\*'}\ncondition: s", said('1000'), false],
    ['not', 's: {outcome: failure}\nf: {service: ssh}\ncondition: s and not f', said('x', { service: 'ssh' }), false],
    [
      'precedence',
      'a: {service: a}\nb: {service: b}\nc: {outcome: denied}\ncondition: a or b and c',
      said('x', { service: 'a' }),
      true,
    ],
    [
      'parentheses',
      'a: {service: a}\nb: {service: b}\nc: {outcome: denied}\ncondition: (a or b) and c',
      said('x', { service: 'a' }),
      false,
    ],
    ['1 of x*', 'x1: {service: a}\nx2: {service: b}\ncondition: 1 of x*', said('x', { service: 'b' }), true],
    [
      'all of them',
      'x1: {service: a}\nx2: {outcome: failure}\ncondition: all of them',
      said('x', { service: 'a' }),
      true,
    ],
    [
      'a detail',
      's: {details.country: PT}\ncondition: s',
      said('x', { envelope: { details: { country: 'PT' } } }),
      true,
    ],
  ])('%s: %s', (_, detection, event, expected) => {
    expect(matches(detecting(detection), event)).toBe(expected);
  });

  it('takes a mapping of fields', () => {
    const yaml = 'title: t\ndetection: {s: {Country: PT}, condition: s}';
    expect(refusal(yaml)).toContain('the field Country is not known');
    expect(only(make(yaml, { Country: 'details.country' })).triggers[0]?.match.where).toMatchObject({
      field: 'details.country',
    });
  });

  it.each([
    ['detection: {s: {service|base64: x}, condition: s}', 'the modifier base64 is not supported'],
    ['detection: {s: {service|windash|contains: x}, condition: s}', 'the modifier windash is not supported'],
    ['detection: {s: {service: x}, condition: s | count() > 5}', 'aggregation after | is not supported'],
    ['detection: {s: {service: x}, condition: s and t}', 'there is no search "t"'],
    ['detection: {s: {service: x}, condition: (s}', 'a ) is missing'],
    ['detection: {s: {service: x}, condition: s, timeframe: 5m}', 'timeframe: is not supported'],
    ['detection: {s: {eventType: LOGIN_FAILD}, condition: s}', 'did you mean LOGIN_FAILED'],
    ['detection: {s: {User|contains: adm}, condition: s}', 'is a reference in stored events'],
    ['filter: {rules: [a]}', 'filter: is not supported'],
    ['level: extreme\ndetection: {s: {service: x}, condition: s}', 'level'],
    ['detection: {s: [}', 'document 1'],
  ])('says what is wrong: %s', (text, message) => {
    expect(refusal(`title: A rule\n${text}`)).toContain(message);
  });
});

describe('a correlation rule of Sigma', () => {
  const failed = `
title: Failed login
name: failed
detection: {s: {eventType: LOGIN_FAILED}, condition: s}
---
title: Login
name: login
detection: {s: {eventType: LOGIN_SUCCESS}, condition: s}
---
title: Export
name: export
detection: {s: {eventType: DATA_EXPORTED}, condition: s}
---
`;
  const correlation = (text: string, other = '') =>
    `${failed}${other}title: Together\ncorrelation:\n${text.replace(/^/gm, '  ')}`;
  const hitsOf = (rules: Rule[], events: RuleEvent[]) => {
    const evaluator = new RuleEvaluator(rules, 0);
    return events.flatMap((event) => evaluator.observe(event, event.occurredAt)).length;
  };
  const from =
    (ipAddress: string) =>
    (eventType: string, minute: number, over: Partial<RuleEvent> = {}) =>
      ruleEvent(START + minute * 60_000, { eventType, ipAddress, ...over });
  const event = from('203.0.113.9');

  it('counts events; those it refers to are no rules of their own', () => {
    const yaml = correlation(
      'type: event_count\nrules: [failed]\ngroup-by: [src_ip]\ntimespan: 15m\ncondition: {gte: 3}',
    );
    const rules = make(yaml);
    expect(rules.map((rule) => rule.id)).toEqual(['login', 'export', 'together']);
    const rule = only(rules.filter(({ id }) => id === 'together'));
    expect(rule.triggers).toMatchObject([
      {
        match: { eventTypes: ['LOGIN_FAILED'] },
        groupBy: ['ipAddress'],
        condition: { kind: 'threshold', windowMinutes: 15, count: 3 },
      },
    ]);
    expect(
      hitsOf(
        [rule],
        [0, 1, 2].map((minute) => event('LOGIN_FAILED', minute)),
      ),
    ).toBe(1);
    expect(make(yaml.replace('type:', 'generate: true\n  type:'))).toHaveLength(4);
  });

  it('counts different values', () => {
    const text = 'type: value_count\nrules: failed\ngroup-by: src_ip\ntimespan: 1h\ncondition: {field: User, gt: 1}';
    const rules = make(correlation(text));
    const as = (userId: string, minute: number) => event('LOGIN_FAILED', minute, { userId });
    expect(hitsOf(rules, [as('a', 0), as('a', 1)])).toBe(0);
    expect(hitsOf(rules, [as('a', 0), as('b', 1)])).toBe(1);
  });

  it('adds up numbers', () => {
    const text =
      'type: value_sum\nrules: [export]\ngroup-by: [src_ip]\ntimespan: 1d\ncondition: {field: recordCount, gte: 100}';
    const rules = make(correlation(text));
    expect(
      hitsOf(
        rules,
        [60, 39].map((recordCount, i) => event('DATA_EXPORTED', i, { recordCount })),
      ),
    ).toBe(0);
    expect(
      hitsOf(
        rules,
        [60, 40].map((recordCount, i) => event('DATA_EXPORTED', i, { recordCount })),
      ),
    ).toBe(1);
  });

  it('finds different events near each other, in any order or in theirs', () => {
    const text = (type: string) => `type: ${type}\nrules: [login, export]\ngroup-by: [src_ip]\ntimespan: 10m`;
    const inOrder = [event('LOGIN_SUCCESS', 0), event('DATA_EXPORTED', 5)];
    const reversed = [event('DATA_EXPORTED', 0), event('LOGIN_SUCCESS', 5)];
    expect(hitsOf(make(correlation(text('temporal'))), inOrder)).toBe(1);
    expect(hitsOf(make(correlation(text('temporal'))), reversed)).toBe(1);
    expect(hitsOf(make(correlation(text('temporal_ordered'))), inOrder)).toBe(1);
    expect(hitsOf(make(correlation(text('temporal_ordered'))), reversed)).toBe(0);
    const apart = [event('LOGIN_SUCCESS', 0), from('203.0.113.10')('DATA_EXPORTED', 5)];
    expect(hitsOf(make(correlation(text('temporal'))), apart)).toBe(0);
  });

  it('finds many failed logins followed by one that succeeds', () => {
    const many = `title: Many
name: many
correlation: {type: event_count, rules: [failed], group-by: [src_ip], timespan: 1h, condition: {gte: 3}}
---
`;
    const rules = make(
      correlation('type: temporal_ordered\nrules: [many, login]\ngroup-by: [src_ip]\ntimespan: 1h', many),
    );
    const failures = (n: number) => Array.from({ length: n }, (_, i) => event('LOGIN_FAILED', i));
    expect(rules).toHaveLength(2); // The export rule is referred to by nobody.
    const [sequence] = rules.filter((rule) => rule.name === 'Together');
    expect(hitsOf(sequence ? [sequence] : [], [...failures(3), event('LOGIN_SUCCESS', 9)])).toBe(1);
    expect(hitsOf(sequence ? [sequence] : [], [...failures(2), event('LOGIN_SUCCESS', 9)])).toBe(0);
  });

  it.each([
    ['type: event_count\nrules: [failed]\ntimespan: 15m\ncondition: {lt: 3}', 'only one of gte and gt is supported'],
    ['type: event_count\nrules: [failed]\ntimespan: 15m\ncondition: {gt: 3, lte: 9}', 'only one of gte and gt'],
    ['type: event_count\nrules: [nothing]\ntimespan: 15m\ncondition: {gte: 3}', 'nothing is not among the documents'],
    ['type: event_count\nrules: [failed]\ntimespan: 15w\ncondition: {gte: 3}', 'timespan: must be such as 30s'],
    ['type: value_avg\nrules: [failed]\ntimespan: 15m\ncondition: {gte: 3}', 'value_avg is not supported'],
    ['type: value_count\nrules: [failed]\ntimespan: 15m\ncondition: {gte: 3}', 'is needed by value_count'],
    ['type: temporal\nrules: [failed]\ntimespan: 15m', 'needs two rules at least'],
    [
      'type: temporal\nrules: [failed, login]\ngroup-by: [ip]\ntimespan: 15m\naliases: {ip: {failed: src_ip, login: service}}',
      'stands for different fields',
    ],
  ])('says what is not supported: %s', (text, message) => {
    expect(refusal(correlation(text))).toContain(message);
  });
});

describe('a rule in the short form', () => {
  it('says volume, count, window and cooldown', () => {
    const yaml = `
id: custom_security_rule
name: Custom Security Alert
description: Detect unusual access patterns
event_types: [DATA_EXPORTED]
conditions: {data_volume_threshold: 1000, count_threshold: 3, time_window_minutes: 30}
recipients: [security_team]
cooldown_minutes: 60`;
    expect(only(make(yaml))).toMatchObject({
      id: 'custom-security-rule',
      cooldownMinutes: 60,
      triggers: [
        {
          match: { eventTypes: ['DATA_EXPORTED'] },
          groupBy: ['userId'],
          condition: { kind: 'threshold', windowMinutes: 30, count: 3, sum: { field: 'recordCount', atLeast: 1000 } },
        },
      ],
    });
    expect(refusal(yaml.replace('count_threshold', 'count_treshold'))).toContain('conditions');
  });
});
