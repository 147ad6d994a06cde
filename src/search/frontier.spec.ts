import type { Redis } from 'ioredis';
import { RedisKeys } from '../redis/redis-keys';
import { Frontier } from './frontier';
import type { SearchStore } from './search-store';

/** A Redis of two answers, in which `between` happens after the first command. */
function frontier(state: { next: string | null; inFlight: number[] }, between: () => void = () => undefined): Frontier {
  let commands = 0;
  const answer = <T>(read: () => T): Promise<T> => {
    if (commands++ === 1) between();
    return Promise.resolve(read());
  };
  const redis = {
    get: () => answer(() => state.next),
    zrange: () =>
      answer(() => (state.inFlight.length > 0 ? ['batch', String(Math.min(...state.inFlight))] : ([] as string[]))),
  } as unknown as Redis;
  const store = { rows: () => Promise.resolve([{ next: 7 }]) } as unknown as SearchStore;
  return new Frontier(redis, new RedisKeys('t'), store);
}

describe('the frontier', () => {
  it('is the next index when nothing is in flight', async () => {
    expect(await frontier({ next: '100', inFlight: [] }).of('a')).toBe(100);
  });

  it('is the start of the lowest batch in flight', async () => {
    expect(await frontier({ next: '100', inFlight: [80, 40, 60] }).of('a')).toBe(40);
  });

  it('does not pass a batch that is sequenced while it is read', async () => {
    const state = { next: '100', inFlight: [] as number[] };
    const sequenced = () => {
      state.inFlight.push(100);
      state.next = '150';
    };
    expect(await frontier(state, sequenced).of('a')).toBe(100);
  });

  it('stands behind what is stored when the counter is lost', async () => {
    expect(await frontier({ next: null, inFlight: [] }).of('a')).toBe(7);
  });
});
