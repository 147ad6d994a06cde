import { partyParts } from './counted';

const DAY = 86_400_000;
const HOUR = 3_600_000;

describe('the parts that users, addresses and resources are counted from', () => {
  it('are whole blocks of eight days, the days around them, and events at the ends', () => {
    expect(partyParts({ from: 7 * DAY - HOUR, to: 26 * DAY + HOUR }, 'user')).toEqual([
      { from: 8 * DAY, to: 24 * DAY, dimension: 'user', inBlocks: true },
      { from: 7 * DAY, to: 8 * DAY, dimension: 'user' },
      { from: 24 * DAY, to: 26 * DAY, dimension: 'user' },
      { from: 7 * DAY - HOUR, to: 7 * DAY, dimension: 'events' },
      { from: 26 * DAY, to: 26 * DAY + HOUR, dimension: 'events' },
    ]);
  });

  it.each([
    ['days without a whole block', 1 * DAY, 8 * DAY - 1, ['resource', 'events']],
    ['a part of a day', 5 * HOUR, 7 * HOUR, ['events']],
    ['whole blocks only', -8 * DAY, 8 * DAY, ['resource']],
    ['no time', DAY, DAY, []],
  ])('cover %s', (_, from, to, dimensions) => {
    const parts = partyParts({ from, to }, 'resource');
    expect(parts.map(({ dimension }) => dimension)).toEqual(dimensions);
    expect(parts.reduce((sum, part) => sum + part.to - part.from, 0)).toBe(to - from);
  });
});
