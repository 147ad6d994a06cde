import { alike, DayTops } from './day-tops';

const DAY = 86_400_000;
const days = { from: 10 * DAY, to: 40 * DAY };

/** Days whose counts a test changes, and how often somebody had to add them up. */
class World {
  held = new Map<string, number>();
  counts = 0;
  fails = false;

  tops(): DayTops {
    const parts = [
      {
        rows: (_sql: string, { tenant }: { tenant: string }) =>
          Promise.resolve([{ of: 'user', day: 12 * DAY, n: this.held.get(tenant) ?? 0, failed: 0 }]),
      },
      {
        top: (tenant: string, _span: unknown, { of }: { of: string }) => {
          if (of === 'user') this.counts += 1;
          if (this.fails) return Promise.reject(new Error('too slow'));
          return Promise.resolve({ total: this.held.get(tenant) ?? 0, items: [] });
        },
      },
    ];
    return new DayTops(...(parts as unknown as ConstructorParameters<typeof DayTops>));
  }
}

describe('the largest of whole days', () => {
  it('are counted once while nothing is added, for all who ask at the same time and later', async () => {
    const world = new World();
    const tops = world.tops();
    world.held.set('acme', 5);
    const both = await Promise.all([tops.read('acme', days), tops.read('acme', days)]);
    expect(await tops.read('acme', days)).toBe(both[0]);
    expect(both[0].user.total).toBe(5);
    expect(world.counts).toBe(1);
  });

  it('are counted again when something of the days was, and for each tenant and each time by itself', async () => {
    const world = new World();
    const tops = world.tops();
    world.held.set('acme', 5);
    await tops.read('acme', days);
    world.held.set('acme', 6);
    expect((await tops.read('acme', days)).user.total).toBe(6);
    expect((await tops.read('globex', days)).user.total).toBe(0);
    await tops.read('acme', { ...days, to: days.to + DAY });
    expect(world.counts).toBe(4);
  });

  it('are counted each time for a time that does not begin and end at midnight', async () => {
    const world = new World();
    const tops = world.tops();
    await tops.read('acme', { from: days.from + 1, to: days.to });
    await tops.read('acme', { from: days.from + 1, to: days.to });
    expect(world.counts).toBe(2);
  });

  it('are counted again after that has failed', async () => {
    const world = new World();
    const tops = world.tops();
    world.fails = true;
    await expect(tops.read('acme', days)).rejects.toThrow('too slow');
    world.fails = false;
    expect((await tops.read('acme', days)).user.total).toBe(0);
  });

  it('do not fill the memory, however many tenants and times are asked for', async () => {
    const world = new World();
    const tops = world.tops();
    for (let n = 0; n <= 200; n++) await tops.read(`tenant-${n}`, days);
    await tops.read('tenant-200', days);
    expect(world.counts).toBe(201);
    await tops.read('tenant-0', days);
    expect(world.counts).toBe(202);
  });
});

describe('a time with the same in it', () => {
  const on = (...numbers: number[]) => numbers.map((n) => ({ day: n * DAY }));

  it('reaches over days that hold nothing to the end of a block, on either side', () => {
    expect(alike(days, on(12, 39))).toEqual({ from: 8 * DAY, to: 40 * DAY });
    expect(alike({ from: 10 * DAY, to: 37 * DAY }, on(10, 36))).toEqual({ from: 8 * DAY, to: 40 * DAY });
  });

  it('ends where it did before days that hold something', () => {
    expect(alike({ from: 10 * DAY, to: 37 * DAY }, on(9, 12, 37))).toEqual({ from: 10 * DAY, to: 37 * DAY });
    expect(alike({ from: 10 * DAY, to: 37 * DAY }, on(8, 39))).toEqual({ from: 10 * DAY, to: 37 * DAY });
  });
});
