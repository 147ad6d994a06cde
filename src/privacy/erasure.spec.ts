import { blockersOf, ErasureFacts, FactGroup, refusal } from './erasure';

const group = (own: Partial<FactGroup>): FactGroup => ({
  ...{ eventType: 'LOGOUT', retention: 'security', events: 1, firstAt: 0, lastAt: 0, retained: 1, until: '2033-01-01' },
  ...own,
});
const facts = (...groups: FactGroup[]): ErasureFacts => ({
  ...{ events: groups.length, firstAt: 0, lastAt: 0, groups, fields: [], plainEvents: 0, mentions: 0 },
});

describe('what stands against an erasure', () => {
  it('is nothing, where no class demands readable data', () => {
    expect(blockersOf(facts(group({ retention: 'financial' })), [], [])).toEqual([]);
    expect(blockersOf(facts(group({ retention: 'user_action' })), [], ['financial'])).toEqual([]);
  });

  it('is a retention that has not ended, summed by class, until its last day', () => {
    const all = facts(
      group({ retention: 'financial', retained: 2, until: '2031-05-01' }),
      group({ retention: 'financial', retained: 3, until: '2032-05-01' }),
      group({ retention: 'compliance', retained: 1, until: '2033-05-01' }),
    );
    expect(blockersOf(all, [], ['financial', 'compliance'])).toEqual([
      { kind: 'retention', retention: 'compliance', events: 1, until: '2033-05-01' },
      { kind: 'retention', retention: 'financial', events: 5, until: '2032-05-01' },
    ]);
  });

  it('is no event whose retention has ended, though it is still stored', () => {
    expect(blockersOf(facts(group({ retention: 'financial', retained: 0 })), [], ['financial'])).toEqual([]);
  });

  it('is no record of a right that the person used', () => {
    const asked = group({ eventType: 'GDPR_REQUEST', retention: 'compliance' });
    const consented = group({ eventType: 'CONSENT_GRANTED', retention: 'compliance', retained: 2 });
    expect(blockersOf(facts(asked), [], ['compliance'])).toEqual([]);
    expect(blockersOf(facts(asked, consented), [], ['compliance'])).toMatchObject([{ events: 2 }]);
  });

  it('is a hold on one of the events, or on the person before there are any', () => {
    const hold = { id: 'h1', name: 'Case 7' };
    expect(blockersOf(facts(), [{ ...hold, events: 0, wholePerson: false }], [])).toEqual([]);
    expect(blockersOf(facts(), [{ ...hold, events: 4, wholePerson: false }], [])).toHaveLength(1);
    expect(blockersOf(facts(), [{ ...hold, events: 0, wholePerson: true }], [])).toHaveLength(1);
  });
});

test('a refusal names the last day, each reason and what to do', () => {
  const text = refusal([
    { kind: 'retention', retention: 'compliance', events: 1, until: '2033-05-01' },
    { kind: 'retention', retention: 'financial', events: 5, until: '2032-05-01' },
    { kind: 'hold', id: 'h1', name: 'Case 7', events: 4 },
  ]);
  expect(text).toBe(
    'the person cannot be erased before 2033-05-01: 1 event(s) of the retention class compliance must stay readable until ' +
      '2033-05-01 (AUDIT_ERASURE_BLOCKED_BY); 5 event(s) of the retention class financial must stay readable until 2032-05-01 ' +
      '(AUDIT_ERASURE_BLOCKED_BY); the legal hold "Case 7" (h1) covers 4 stored event(s) of the person; it has to be released first',
  );
});
