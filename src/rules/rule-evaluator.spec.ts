import { randomFrom, ruleEvent, ruleOf } from '../../test/support/rule-events';
import type { Hit } from './hit';
import type { Rule } from './rule';
import type { RuleEvent } from './rule-event';
import { pack, Remembered, RuleEvaluator } from './rule-evaluator';

const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 23);
const MATCH = { eventTypes: ['LOGIN_FAILED'] };

const run = (rule: Rule, events: RuleEvent[], latenessMs = 60 * MINUTE): Hit[] => {
  const evaluator = new RuleEvaluator([rule], latenessMs);
  return events.flatMap((event) => evaluator.observe(event, event.receivedAt));
};
const minutesOf = (hits: Hit[]) => hits.map((hit) => (hit.at - START) / MINUTE).sort((a, b) => a - b);
const at = (minute: number, over: Partial<RuleEvent> = {}) => ruleEvent(START + minute * MINUTE, over);

describe('a threshold', () => {
  const fiveIn15 = ruleOf({
    match: MATCH,
    groupBy: ['ipAddress'],
    condition: { kind: 'threshold', windowMinutes: 15, count: 5 },
  });
  const from = (minutes: number[], ipAddress = '203.0.113.9') => minutes.map((minute) => at(minute, { ipAddress }));

  it('holds at the event that makes the count, and at each further one within the window', () => {
    expect(minutesOf(run(fiveIn15, from([0, 1, 2, 3, 4, 5, 30])))).toEqual([4, 5]);
  });

  it('slides: it does not matter where a clock would cut the time', () => {
    expect(minutesOf(run(fiveIn15, from([13, 14, 15, 16, 17])))).toEqual([17]);
  });

  it('counts an event that lies exactly a window back, and none that lies further', () => {
    expect(minutesOf(run(fiveIn15, from([0, 1, 2, 3, 15])))).toEqual([15]);
    expect(run(fiveIn15, from([0, 1, 2, 3, 15.001]))).toEqual([]);
  });

  it('keeps groups apart, and passes over events without the field', () => {
    const mixed = [0, 1, 2, 3, 4].map((minute) => at(minute, { ipAddress: `203.0.113.${minute}` }));
    expect(run(fiveIn15, [...mixed, ...[5, 6, 7, 8, 9].map((minute) => at(minute))])).toEqual([]);
    expect(run(fiveIn15, from([0, 1, 2, 3, 4]))[0]).toMatchObject({ group: { ipAddress: '203.0.113.9' }, value: 5 });
  });

  it('finds what a late event completes, at the time at which it was complete', () => {
    const [a, b, c, d, e] = from([0, 1, 2, 3, 4]) as [RuleEvent, RuleEvent, RuleEvent, RuleEvent, RuleEvent];
    const late = { ...b, receivedAt: e.receivedAt + 20 * MINUTE };
    expect(minutesOf(run(fiveIn15, [a, c, d, e, late]))).toEqual([4]);
  });

  it('adds up numbers', () => {
    const volume = ruleOf({
      match: { eventTypes: ['DATA_EXPORTED'] },
      groupBy: ['userId'],
      condition: { kind: 'threshold', windowMinutes: 30, count: 3, sum: { field: 'recordCount', atLeast: 1000 } },
    });
    const exports = (counts: number[]) =>
      counts.map((recordCount, i) => at(i, { eventType: 'DATA_EXPORTED', userId: 'sub_a', recordCount }));
    expect(run(volume, exports([600, 500]))).toEqual([]);
    expect(run(volume, exports([300, 300, 300]))).toEqual([]);
    expect(run(volume, exports([300, 300, 400]))).toMatchObject([{ at: START + 2 * MINUTE, value: 1000 }]);
  });

  it('counts different values', () => {
    const spraying = ruleOf({
      match: MATCH,
      groupBy: ['ipAddress'],
      condition: { kind: 'threshold', windowMinutes: 10, distinct: { field: 'userId', atLeast: 3 } },
    });
    const users = (names: string[]) => names.map((userId, i) => at(i, { ipAddress: '203.0.113.9', userId }));
    expect(run(spraying, users(['a', 'b', 'a', 'b', 'a']))).toEqual([]);
    expect(minutesOf(run(spraying, users(['a', 'b', 'a', 'c'])))).toEqual([3]);
  });

  it('raises nothing while it is suppressed', () => {
    const rule = { ...fiveIn15, suppress: [{ start: '00:00', end: '00:05', timezone: 'UTC' }] };
    expect(minutesOf(run(rule, from([0, 1, 2, 3, 4, 5, 6])))).toEqual([5, 6]);
  });
});

describe('hits', () => {
  const window = 10 * MINUTE;
  const lateness = 30 * MINUTE;

  /** Counts each window anew, over all events in the order of their times. */
  function recount(events: RuleEvent[], count: number): string[] {
    const sorted = [...events].sort((a, b) => a.occurredAt - b.occurredAt);
    return sorted
      .filter((event, i) => {
        const before = sorted.slice(0, i + 1).filter((e) => e.ipAddress === event.ipAddress);
        return before.filter((e) => e.occurredAt >= event.occurredAt - window).length >= count;
      })
      .map((event) => `${event.ipAddress} ${event.occurredAt}`)
      .sort();
  }

  it.each(Array.from({ length: 40 }, (_, i) => i + 1))(
    'depend on the events and not on the order in which they come (seed %i)',
    (seed) => {
      const random = randomFrom(seed);
      const count = 2 + random(5);
      const events = Array.from({ length: 250 }, () => {
        const occurredAt = START + random(120) * 30_000;
        return ruleEvent(occurredAt, { ipAddress: `10.0.0.${random(4)}`, receivedAt: occurredAt + random(lateness) });
      }).sort((a, b) => a.receivedAt - b.receivedAt);
      const rule = ruleOf({
        match: MATCH,
        groupBy: ['ipAddress'],
        condition: { kind: 'threshold', windowMinutes: window / MINUTE, count },
      });
      const hits = run(rule, events, lateness).map((hit) => `${hit.group.ipAddress} ${hit.at}`);
      expect(hits.sort()).toEqual(recount(events, count));
    },
  );

  it.each(Array.from({ length: 20 }, (_, i) => i + 1))(
    'of sums and of different values depend on the events alone as well (seed %i)',
    (seed) => {
      const random = randomFrom(seed * 31);
      const events = Array.from({ length: 200 }, (_, i) => {
        const occurredAt = START + i * 20_000 + random(15);
        const over = { ipAddress: `10.0.0.${random(3)}`, userId: `u${random(9)}`, amount: random(1000) / 10 };
        return ruleEvent(occurredAt, { ...over, receivedAt: occurredAt + random(lateness) });
      }).sort((a, b) => a.receivedAt - b.receivedAt);
      const sorted = [...events].sort((a, b) => a.occurredAt - b.occurredAt);
      const expected = (holds: (window: RuleEvent[]) => boolean) =>
        sorted
          .filter((event) =>
            holds(
              sorted.filter(
                (e) =>
                  e.ipAddress === event.ipAddress &&
                  e.occurredAt <= event.occurredAt &&
                  e.occurredAt >= event.occurredAt - window,
              ),
            ),
          )
          .map((event) => event.occurredAt);
      const found = (condition: object) =>
        run(
          ruleOf({
            match: MATCH,
            groupBy: ['ipAddress'],
            condition: { kind: 'threshold', windowMinutes: window / MINUTE, ...condition },
          }),
          events,
          lateness,
        )
          .map((hit) => hit.at)
          .sort((a, b) => a - b);
      expect(found({ distinct: { field: 'userId', atLeast: 5 } })).toEqual(
        expected((events) => new Set(events.map((e) => e.userId)).size >= 5),
      );
      expect(found({ sum: { field: 'amount', atLeast: 500 } })).toEqual(
        expected((events) => Math.round(events.reduce((sum, e) => sum + (e.amount ?? 0), 0) * 1e4) / 1e4 >= 500),
      );
    },
  );

  it('are all counted in a busy group, also of what comes after thousands of later ones', () => {
    const rule = ruleOf({
      match: MATCH,
      groupBy: ['ipAddress'],
      condition: { kind: 'threshold', windowMinutes: 15, count: 5 },
    });
    const events = Array.from({ length: 20_000 }, (_, i) => at(i / 400, { ipAddress: '10.0.0.1' }));
    const late = events.splice(4000, 3000).map((event) => ({ ...event, receivedAt: at(50).receivedAt }));
    const evaluator = new RuleEvaluator([rule], lateness);
    const hits = [...events, ...late].flatMap((event) => evaluator.observe(event, event.receivedAt));
    expect(hits).toHaveLength(20_000 - 4);
    const [change] = evaluator.takeChanges().map(pack);
    expect(change?.state?.length).toBeLessThan(5000);
  });

  it('are the same when the state was put away and taken out again in between', () => {
    const random = randomFrom(7);
    const events = Array.from({ length: 200 }, (_, i) => at(i / 2, { ipAddress: `10.0.0.${random(5)}` }));
    const rule = ruleOf({
      match: MATCH,
      groupBy: ['ipAddress'],
      condition: { kind: 'threshold', windowMinutes: 15, count: 6 },
    });
    const kept = new Map<string, Remembered>();
    const pieces = [0, 50, 100, 150].map((from) => events.slice(from, from + 50));
    const hits = pieces.flatMap((piece) => {
      const evaluator = new RuleEvaluator([rule], lateness);
      for (const group of kept.values()) evaluator.restore(group);
      const found = piece.flatMap((event) => evaluator.observe(event, event.receivedAt));
      for (const change of evaluator.takeChanges().map(pack)) {
        if (change.state === undefined) kept.delete(change.trigger + change.group);
        else kept.set(change.trigger + change.group, change);
      }
      return found;
    });
    expect(minutesOf(hits)).toEqual(minutesOf(run(rule, events, lateness)));
    expect(hits.length).toBeGreaterThan(0);
  });
});

describe('any event', () => {
  it('is a hit, also without the fields that it would be grouped by', () => {
    const rule = ruleOf({
      match: { severities: ['critical'] },
      groupBy: ['userId', 'ipAddress'],
      condition: { kind: 'any' },
    });
    const hits = run(rule, [at(0), at(1, { severity: 'critical', ipAddress: '203.0.113.9' })]);
    expect(hits).toMatchObject([{ group: { ipAddress: '203.0.113.9' }, at: START + MINUTE }]);
  });

  it('of alerting itself is none, whatever the rule', () => {
    const rule = ruleOf({ match: {}, condition: { kind: 'any' } });
    expect(run(rule, [at(0, { eventType: 'AUDIT_ALERT_OPENED', category: 'audit' })])).toEqual([]);
  });
});

describe('a new value', () => {
  const rule = ruleOf({
    match: { eventTypes: ['LOGIN_SUCCESS'] },
    groupBy: ['userId'],
    condition: { kind: 'new_value', field: 'details.country', memoryDays: 30 },
  });
  const login = (day: number, country: string, userId = 'sub_a') =>
    at(day * 24 * 60, { eventType: 'LOGIN_SUCCESS', userId, envelope: { details: { country } } });

  it('is one that the group did not have; the first is known, and another group has its own', () => {
    const events = [login(0, 'PT'), login(1, 'PT'), login(2, 'BR'), login(3, 'BR'), login(4, 'BR', 'sub_b')];
    expect(run(rule, events).map((hit) => [hit.group.userId, (hit.at - START) / (24 * 60 * MINUTE)])).toEqual([
      ['sub_a', 2],
    ]);
  });

  it('is new again after it has not been seen for long', () => {
    expect(run(rule, [login(0, 'PT'), login(1, 'BR'), login(20, 'PT'), login(40, 'BR')])).toHaveLength(2);
  });
});

describe('an absence', () => {
  const rule = ruleOf({
    match: { eventTypes: ['BACKUP_COMPLETED'] },
    groupBy: ['service'],
    condition: { kind: 'absence', windowMinutes: 60 },
  });
  const backup = (minute: number, service = 'db') => at(minute, { eventType: 'BACKUP_COMPLETED', service });

  it('is raised once, when the time is up', () => {
    const evaluator = new RuleEvaluator([rule], 0);
    evaluator.observe(backup(0), START);
    expect(evaluator.tick(START + 60 * MINUTE)).toEqual([]);
    expect(evaluator.tick(START + 61 * MINUTE)).toMatchObject([{ group: { service: 'db' }, at: START + 60 * MINUTE }]);
    expect(evaluator.tick(START + 90 * MINUTE)).toEqual([]);
    evaluator.observe(backup(100), START + 100 * MINUTE);
    expect(evaluator.tick(START + 161 * MINUTE)).toHaveLength(1);
  });

  it('is found in history without a clock', () => {
    expect(minutesOf(run(rule, [backup(0), backup(50), backup(150)]))).toEqual([110]);
  });
});

describe('a sequence', () => {
  const rule = (ordered: boolean) =>
    ruleOf({
      match: {},
      groupBy: ['ipAddress'],
      condition: {
        kind: 'sequence',
        windowMinutes: 15,
        ordered,
        steps: [{ match: { eventTypes: ['LOGIN_FAILED'] }, count: 3 }, { match: { eventTypes: ['LOGIN_SUCCESS'] } }],
      },
    });
  const ipAddress = '203.0.113.9';
  const events = (text: string, every = 1) =>
    [...text].map((letter, i) =>
      at(i * every, { ipAddress, eventType: letter === 'F' ? 'LOGIN_FAILED' : 'LOGIN_SUCCESS' }),
    );

  it('holds when the steps come in their order, others between them or not', () => {
    expect(minutesOf(run(rule(true), events('FFSFS')))).toEqual([4]);
    expect(run(rule(true), events('SFFF'))).toEqual([]);
  });

  it('has to be within its time', () => {
    expect(run(rule(true), events('FFFS', 6))).toEqual([]);
  });

  it('may come in any order if it says so', () => {
    expect(minutesOf(run(rule(false), events('SFFF')))).toEqual([3]);
  });

  it('is found when a step of it comes late', () => {
    const [a, b, c, d] = events('FFFS') as [RuleEvent, RuleEvent, RuleEvent, RuleEvent];
    expect(minutesOf(run(rule(true), [a, c, d, { ...b, receivedAt: d.receivedAt }]))).toEqual([3]);
  });
});

describe('an impossible rate', () => {
  it('is more events than there can be in the time', () => {
    const rule = ruleOf({
      match: { eventTypes: ['DATA_READ'] },
      groupBy: ['userId'],
      condition: { kind: 'rate', perSecond: 2, windowMinutes: 0.5 },
    });
    const reads = (n: number) =>
      Array.from({ length: n }, (_, i) => ruleEvent(START + i * 100, { eventType: 'DATA_READ', userId: 'sub_a' }));
    expect(run(rule, reads(60))).toEqual([]);
    expect(run(rule, reads(61))).toHaveLength(1);
  });
});
