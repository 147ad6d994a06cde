import type { EventItem } from '../../../../search/event-item';
import { NOTHING, paused, receivedSince, taken } from './recent';

const event = (leafIndex: number, receivedAt = '2026-11-23T10:00:00.000Z') => ({ leafIndex, receivedAt }) as EventItem;
const indices = (rows: readonly EventItem[]) => rows.map(({ leafIndex }) => leafIndex);

describe('the live view', () => {
  it('shows the newest first, each once', () => {
    const some = taken(NOTHING, [event(1), event(2)]);
    expect(indices(taken(some, [event(2), event(3)]).rows)).toEqual([3, 2, 1]);
  });

  it('holds back what comes during a pause, and shows it afterwards', () => {
    const stopped = taken(paused(taken(NOTHING, [event(1)]), true), [event(2)]);
    expect(indices(stopped.rows)).toEqual([1]);
    expect(indices(stopped.held)).toEqual([2]);
    expect(indices(paused(stopped, false).rows)).toEqual([2, 1]);
  });

  it('keeps a bounded number of rows', () => {
    const many = taken(
      NOTHING,
      Array.from({ length: 2500 }, (_, at) => event(at)),
    );
    expect(many.rows).toHaveLength(2000);
    expect(many.rows[0]?.leafIndex).toBe(2499);
  });

  it('tells how many came lately', () => {
    const rows = taken(NOTHING, [event(1, '2026-11-23T09:00:00.000Z'), event(2)]);
    expect(receivedSince(rows, Date.parse('2026-11-23T09:59:00.000Z'))).toBe(1);
  });
});
