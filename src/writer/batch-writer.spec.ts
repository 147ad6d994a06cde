import { incomplete } from './batch-writer';

describe('what is stored of a batch', () => {
  const ranges = [
    { tenant: 'a', start: 10, count: 3 },
    { tenant: 'b', start: 0, count: 1 },
  ];
  const a = { tenant: 'a', rows: 3, leaves: 3, first: 10, last: 12 };
  const b = { tenant: 'b', rows: 1, leaves: 1, first: 0, last: 0 };

  it('is complete when each leaf is there once', () => {
    expect(incomplete(ranges, [b, a])).toEqual([]);
    expect(incomplete([], [])).toEqual([]);
  });

  it('lacks rows of a tenant, or all of them', () => {
    expect(incomplete(ranges, [{ ...a, rows: 2, leaves: 2, last: 11 }])).toEqual([
      { tenant: 'a', expected: 3, rows: 2, excess: false },
      { tenant: 'b', expected: 1, rows: 0, excess: false },
    ]);
  });

  it.each([
    ['more rows than leaves', { rows: 4, leaves: 4, last: 13 }],
    ['a leaf twice in place of another', { rows: 3, leaves: 2 }],
    ['a leaf twice while another is missing', { rows: 2, leaves: 1, last: 10 }],
    ['a leaf below its range', { rows: 3, leaves: 3, first: 9 }],
    ['a leaf above its range', { rows: 1, leaves: 1, first: 13, last: 13 }],
  ])('has what it should not have: %s', (_, over) => {
    expect(incomplete(ranges, [{ ...a, ...over }, b])).toMatchObject([{ tenant: 'a', excess: true }]);
  });
});
