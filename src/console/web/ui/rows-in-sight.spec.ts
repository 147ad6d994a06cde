import { ROW_HEIGHT, rowsInSight } from './rows-in-sight';

describe('the rows in sight', () => {
  it('are all of a short table', () => {
    expect(rowsInSight(20, 500, 100)).toEqual([0, 20]);
  });

  it('are a screen of a long one, with some beyond its edges', () => {
    const [first, end] = rowsInSight(10_000, 5000 * ROW_HEIGHT, 20 * ROW_HEIGHT);
    expect(first).toBeLessThan(5000);
    expect(end).toBeGreaterThanOrEqual(5020);
    expect(end - first).toBeLessThan(60);
  });

  it('never leave the table, also when it has become shorter than the place scrolled to', () => {
    expect(rowsInSight(10_000, 0, 800)[0]).toBe(0);
    expect(rowsInSight(200, 10_000 * ROW_HEIGHT, 800)).toEqual([199, 200]);
  });
});
