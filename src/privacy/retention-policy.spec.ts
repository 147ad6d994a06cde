import { dayOf, retentionEnd, RetentionPolicy } from './retention-policy';

const policy = (own: Partial<RetentionPolicy> = {}): RetentionPolicy => ({
  ...{ tenant: 'acme', retention: 'user_action', days: 30, appliedDays: null, appliedBefore: null },
  ...{ changedBy: 'k', changedAt: 0, version: 1 },
  ...own,
});

describe('the end of retention', () => {
  it('is what the event says itself while no policy was applied', () => {
    expect(retentionEnd([policy()], 'p')).toEqual({ sql: 'retain_until', params: {} });
  });

  it('is that of a policy for what was received before it was applied', () => {
    const { sql, params } = retentionEnd([policy({ appliedDays: 7, appliedBefore: 86_400_000 })], 'p');
    expect(sql).toMatch(
      /^multiIf\(retention = \{p_class0:String\} AND received_at < .*, toDate\(.*\), retain_until\)$/,
    );
    expect(params).toEqual({ p_class0: 'user_action', p_before0: 86_400_000, p_days0: 7 });
  });
});

test('a day is that of UTC', () => {
  expect(dayOf(Date.UTC(2026, 10, 23, 23, 59, 59, 999))).toBe('2026-11-23');
});
