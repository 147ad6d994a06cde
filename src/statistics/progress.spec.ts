import { advance, chunkOf, Progress, windowOf } from './progress';

const none = new Set<number>();

describe('what is counted next', () => {
  it('is what was committed since, without what is in flight', () => {
    expect(windowOf({ upTo: 4, holes: [] }, { last: 9, inFlight: new Set([3, 6, 9, 12]) })).toEqual({
      after: 4,
      to: 9,
      except: [6, 9],
      holes: [],
    });
  });

  it('is what was in flight before, once it is committed', () => {
    expect(windowOf({ upTo: 9, holes: [2, 6] }, { last: 9, inFlight: new Set([6]) })).toEqual({
      after: 9,
      to: 9,
      except: [],
      holes: [2],
    });
  });

  it('never goes back, also when a new Redis gives out lower numbers', () => {
    expect(windowOf({ upTo: 9, holes: [] }, { last: 3, inFlight: none })).toMatchObject({ after: 9, to: 9 });
  });

  it('is as many batches as fit into one insert, and one at least', () => {
    const pending = [
      { batch: 1, rows: 5 },
      { batch: 2, rows: 5 },
      { batch: 4, rows: 1 },
    ];
    expect(chunkOf(pending, 10)).toEqual([1, 2]);
    expect(chunkOf(pending, 11)).toEqual([1, 2, 4]);
    expect(chunkOf(pending, 3)).toEqual([1]);
    expect(chunkOf([], 3)).toEqual([]);
  });
});

describe('the progress of counting', () => {
  it('stops at the last batch counted while there are more', () => {
    const sequence = { last: 9, inFlight: new Set([5, 8]) };
    const progress: Progress = { upTo: 3, holes: [1, 2] };
    const window = windowOf(progress, sequence);
    expect(advance(progress, sequence, window, [1, 2, 6, 7], [1, 2, 6])).toEqual({ upTo: 6, holes: [5] });
    expect(advance(progress, sequence, window, [1, 2, 6], [1])).toEqual({ upTo: 3, holes: [2] });
    expect(advance(progress, sequence, window, [], [])).toEqual({ upTo: 9, holes: [5, 8] });
  });

  it('reaches each batch exactly once, however batches come to be committed', () => {
    let seed = 7;
    const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
    const empty = (batch: number) => batch % 5 === 0;
    const counted: number[] = [];
    let progress: Progress = { upTo: 0, holes: [] };
    let last = 0;
    const inFlight = new Set<number>();
    for (let turn = 0; turn < 3000; turn++) {
      for (let n = turn < 2900 ? random(4) : 0; n > 0; n--) inFlight.add(++last);
      for (const batch of [...inFlight]) if (random(3) === 0 || turn > 2900) inFlight.delete(batch);
      const sequence = { last, inFlight };
      const window = windowOf(progress, sequence);
      const pending = [
        ...window.holes,
        ...Array.from({ length: window.to - window.after }, (_, i) => window.after + 1 + i),
      ]
        .filter((batch) => !window.except.includes(batch) && !empty(batch) && !counted.includes(batch))
        .sort((a, b) => a - b);
      const chunk = pending.slice(0, 1 + random(6));
      counted.push(...chunk);
      progress = advance(progress, sequence, window, pending, chunk);
    }
    const all = Array.from({ length: last }, (_, i) => i + 1).filter((batch) => !empty(batch));
    expect(last).toBeGreaterThan(1000);
    expect([...new Set(counted)].sort((a, b) => a - b)).toEqual(all);
    expect(counted).toHaveLength(all.length);
    expect(progress).toEqual({ upTo: last, holes: [] });
  });
});
