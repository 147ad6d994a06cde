import { Batcher, Timer } from './batcher';

interface Part {
  tenant: string;
  payload: Buffer;
}

const part = (bytes: number, tenant = 't'): Part => ({ tenant, payload: Buffer.alloc(bytes) });
const settle = () => new Promise((done) => setImmediate(done));

/** A buffer whose time and flushes the test owns. */
function harness(over: { maxFlushes?: number; spacingMs?: number } = {}) {
  const clock = { now: 0 };
  const waits: number[] = [];
  const flushed: { sizes: number[]; resolve: () => void; reject: (error: Error) => void }[] = [];
  const timers = new Set<() => void>();
  const timer: Timer = (callback, ms) => {
    waits.push(ms);
    const fire = () => {
      timers.delete(fire);
      callback();
    };
    timers.add(fire);
    return () => timers.delete(fire);
  };
  const buffer = new Batcher<Part>({
    sizeOf: (item) => item.payload.length,
    maxSize: 100,
    maxAgeMs: 3,
    timer,
    now: () => clock.now,
    flush: (parts) =>
      new Promise((resolve, reject) => flushed.push({ sizes: parts.map((p) => p.payload.length), resolve, reject })),
    ...over,
  });
  return { buffer, flushed, timers, waits, clock, fire: () => [...timers].forEach((t) => t()) };
}

describe('Batcher', () => {
  it('flushes concurrent parts together when the first is old enough', async () => {
    const { buffer, flushed, fire } = harness();
    const adds = Promise.all([buffer.add(part(1)), buffer.add(part(2))]);
    expect(flushed).toHaveLength(0);
    fire();
    expect(flushed.map((f) => f.sizes)).toEqual([[1, 2]]);
    flushed[0]?.resolve();
    await adds;
  });

  it('acknowledges nothing before its flush is durable', async () => {
    const { buffer, flushed, fire } = harness();
    let acknowledged = false;
    const add = buffer.add(part(1)).then(() => (acknowledged = true));
    fire();
    await settle();
    expect(acknowledged).toBe(false);
    flushed[0]?.resolve();
    await add;
    expect(acknowledged).toBe(true);
  });

  it('is quick after a pause, and otherwise leaves time between batches that are not full', () => {
    const { buffer, flushed, waits, clock, fire } = harness({ spacingMs: 50 });
    void buffer.add(part(1));
    clock.now = 3;
    fire();
    void buffer.add(part(2));
    clock.now = 53;
    fire();
    clock.now = 1000;
    void buffer.add(part(3));
    expect(waits).toEqual([3, 50, 3]);
    expect(flushed.map((f) => f.sizes)).toEqual([[1], [2]]);
  });

  it('flushes at once when full, and cancels the timer', () => {
    const { buffer, flushed, timers } = harness();
    void buffer.add(part(60));
    expect(timers.size).toBe(1);
    void buffer.add(part(40));
    expect(flushed.map((f) => f.sizes)).toEqual([[60, 40]]);
    expect(timers.size).toBe(0);
  });

  it('gives a part larger than a segment one of its own', () => {
    const { buffer, flushed, fire } = harness();
    void buffer.add(part(10));
    void buffer.add(part(500));
    fire();
    expect(flushed.map((f) => f.sizes)).toEqual([[10], [500]]);
  });

  it('collects while the allowed number of flushes runs, then goes on', async () => {
    const { buffer, flushed } = harness({ maxFlushes: 1 });
    for (const bytes of [100, 70, 50]) void buffer.add(part(bytes));
    expect(flushed.map((f) => f.sizes)).toEqual([[100]]);
    flushed[0]?.resolve();
    await settle();
    expect(flushed.map((f) => f.sizes)).toEqual([[100], [70]]);
  });

  it('flushes what came of age during a flush as soon as that ends', async () => {
    const { buffer, flushed, fire } = harness({ maxFlushes: 1 });
    void buffer.add(part(100));
    void buffer.add(part(1));
    fire();
    expect(flushed).toHaveLength(1);
    flushed[0]?.resolve();
    await settle();
    expect(flushed.map((f) => f.sizes)).toEqual([[100], [1]]);
  });

  it('rejects every waiter when the flush fails, and serves the next', async () => {
    const { buffer, flushed, fire } = harness();
    const adds = Promise.allSettled([buffer.add(part(1)), buffer.add(part(2))]);
    fire();
    flushed[0]?.reject(new Error('disk full'));
    expect((await adds).map((a) => a.status)).toEqual(['rejected', 'rejected']);
    const next = buffer.add(part(3));
    fire();
    flushed[1]?.resolve();
    await expect(next).resolves.toBeUndefined();
  });

  it('drains what waits without its age, and waits for all flushes, failed ones too', async () => {
    const { buffer, flushed } = harness();
    const first = buffer.add(part(100));
    const second = buffer.add(part(1));
    let drained = false;
    const drain = buffer.drain().then(() => (drained = true));
    expect(flushed.map((f) => f.sizes)).toEqual([[100], [1]]);
    flushed[0]?.resolve();
    await settle();
    expect(drained).toBe(false);
    flushed[1]?.reject(new Error('away'));
    await drain;
    await first;
    await expect(second).rejects.toThrow('away');
  });

  it('drains what it holds although more comes in all the time', async () => {
    const { buffer, flushed } = harness({ maxFlushes: 1 });
    void buffer.add(part(100));
    void buffer.add(part(1));
    let drained = false;
    const drain = buffer.drain().then(() => (drained = true));
    for (let i = 0; i < 5 && !drained; i++) {
      void buffer.add(part(100));
      flushed[i]?.resolve();
      await settle();
    }
    expect(drained).toBe(true);
    await drain;
  });
});
