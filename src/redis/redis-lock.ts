import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { AppError } from '../common/app-error';

const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;
const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** How long a holder may be silent before the lock is taken to be abandoned, ms. */
const LEASE_MS = 30_000;
const POLL_MS = 25;

/**
 * Does `work` while no other process does anything under the same lock. A process that stalls past its lease can
 * overlap with the next holder, so the work must be correct (if wasteful) even then.
 * @param waitMs how long to wait for the lock; 0 asks once
 * @throws AppError 503 `BUSY` if another holder kept it for all that time
 */
export async function withLock<T>(redis: Redis, key: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  const token = randomUUID();
  const until = Date.now() + waitMs;
  while (!(await redis.set(key, token, 'PX', LEASE_MS, 'NX'))) {
    if (Date.now() >= until) {
      throw new AppError('BUSY', 503, 'this is being changed by another process; try again', { retryAfter: 5 });
    }
    await sleep(POLL_MS);
  }
  const renewal = setInterval(() => {
    // A renewal that fails only shortens the lease.
    redis.eval(RENEW, 1, key, token, String(LEASE_MS)).catch(() => undefined);
  }, LEASE_MS / 3);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    await redis.eval(RELEASE, 1, key, token);
  }
}
