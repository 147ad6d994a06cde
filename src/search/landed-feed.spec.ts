import { Bell } from './landed-feed';

const never = new AbortController().signal;

describe('a bell', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('wakes who waits', async () => {
    const bell = new Bell();
    const waiting = bell.wait(1000, never);
    bell.ring();
    await waiting;
    expect(jest.getTimerCount()).toBe(0);
  });

  it('remembers that it rang while nobody waited, once', async () => {
    const bell = new Bell();
    bell.ring();
    await bell.wait(1000, never);
    let woken = false;
    const again = bell.wait(1000, never).then(() => (woken = true));
    await jest.advanceTimersByTimeAsync(999);
    expect(woken).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await again;
  });

  it('wakes on abort', async () => {
    const bell = new Bell();
    const leave = new AbortController();
    const waiting = bell.wait(1000, leave.signal);
    leave.abort();
    await waiting;
    await bell.wait(1000, leave.signal);
    expect(jest.getTimerCount()).toBe(0);
  });
});
