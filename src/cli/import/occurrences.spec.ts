import { Occurrences } from './occurrences';

describe('Occurrences', () => {
  it('numbers identical lines', () => {
    const seen = new Occurrences();
    expect(['a', 'b', 'a', 'a', 'b'].map((line) => seen.next(line))).toEqual([0, 0, 1, 2, 1]);
  });

  it('remembers at least as many of the last lines as it promises, and no more than twice as many', () => {
    const seen = new Occurrences(10);
    seen.next('x');
    for (let n = 0; n < 9; n++) seen.next(`line ${n}`);
    expect(seen.next('x')).toBe(1);
    for (let n = 0; n < 20; n++) seen.next(`other ${n}`);
    expect(seen.next('x')).toBe(0);
  });
});
