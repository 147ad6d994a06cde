import type { WindowEntry } from './window-entry';
import { packEntries, unpackEntries } from './window-pack';

const START = Date.UTC(2026, 10, 23);

describe('the entries of a window', () => {
  it.each<[string, WindowEntry[]]>([
    ['none', []],
    [
      'counted ones',
      [
        { t: START, hit: false },
        { t: START, hit: false },
        { t: START + 7, hit: true },
      ],
    ],
    [
      'hits from the first on',
      [
        { t: START, hit: true },
        { t: START + 1, hit: false },
        { t: START + 2, hit: true },
      ],
    ],
    [
      'with numbers',
      [
        { t: START, hit: false, v: 0 },
        { t: START + 1, hit: false, v: -12_500 },
      ],
    ],
    [
      'with values',
      [
        { t: START, hit: false, d: 'sub_a' },
        { t: START + 1, hit: false },
      ],
    ],
    [
      'with steps',
      [
        { t: START, hit: false, m: 1 },
        { t: START + 1, hit: true, m: 3 },
      ],
    ],
    [
      'that stand for several',
      [
        { t: START + 9, hit: true, n: 12, f: START + 2, v: 40 },
        { t: START + 10, hit: true },
      ],
    ],
  ])('come back as they were: %s', (_, entries) => {
    expect(unpackEntries(packEntries(entries))).toEqual(entries);
  });

  it('take a few bytes each where they are only counted', () => {
    const entries = Array.from({ length: 1000 }, (_, i) => ({ t: START + i * 250, hit: i > 10 }));
    expect(packEntries(entries).length).toBeLessThan(5000);
  });
});
