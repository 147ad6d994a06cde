import { apiFilters, bucketOf, filtersOf, toggled } from './filters';

describe('the filters in the address', () => {
  it('hold several values each, whatever is in them', () => {
    const query = toggled({}, 'userId', 'silva, ana');
    const both = { ...query, ...toggled(query, 'userId', 'bob') };
    expect(filtersOf(both)).toEqual([['userId', ['silva, ana', 'bob']]]);
    expect(apiFilters(both)).toEqual({ userId: ['silva, ana', 'bob'] });
  });

  it('lose a value that is chosen again, and go with their last', () => {
    const query = toggled({}, 'severity', 'high');
    expect(toggled(query, 'severity', 'high')).toEqual({ severity: undefined });
  });

  it('take a text as it is, and only one', () => {
    expect(filtersOf({ text: 'a, b' })).toEqual([['text', ['a, b']]]);
    expect(toggled({ text: 'a' }, 'text', 'b')).toEqual({ text: 'b' });
  });
});

describe('the histogram', () => {
  it('counts by minutes, hours or days', () => {
    const day = 86_400_000;
    expect(bucketOf({ from: 0, to: 3_600_000 }).groupBy).toBe('minute');
    expect(bucketOf({ from: 0, to: day }).groupBy).toBe('hour');
    expect(bucketOf({ from: 0, to: 30 * day }).groupBy).toBe('day');
  });
});
