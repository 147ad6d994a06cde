import type { Redis } from 'ioredis';
import { until } from './until';

/** What became of the files in which Redis may hold what was deleted. `unknown`: Redis does not tell or is not ours to ask. */
export interface RedisFiles {
  log: 'rewritten' | 'none' | 'unknown';
  snapshot: 'rewritten' | 'none' | 'unknown';
}

/**
 * Has Redis write its files anew, so that what was deleted before this call stands in none of them. The caller's deletions
 * are done. Rejects if it takes until `deadline` (ms since the epoch).
 */
export async function rewriteRedisFiles(redis: Redis, deadline: number): Promise<RedisFiles> {
  const { aof_enabled: logged } = await persistence(redis);
  const log = logged === undefined ? 'unknown' : logged === '1' ? 'rewritten' : 'none';
  if (log === 'rewritten') {
    await rewrite('its log', redis, deadline, () => redis.bgrewriteaof());
    const { aof_last_bgrewrite_status: status } = await persistence(redis);
    if (status !== 'ok') throw new Error('Redis could not rewrite its log');
  }
  const rules = await snapshotRules(redis);
  if (rules === undefined) return { log, snapshot: 'unknown' };
  if (rules === '') return { log, snapshot: 'none' };
  await rewrite('its snapshot', redis, deadline, () => redis.bgsave());
  const { rdb_last_bgsave_status: status } = await persistence(redis);
  if (status !== 'ok') throw new Error('Redis could not write its snapshot');
  return { log, snapshot: 'rewritten' };
}

/** Starts a rewriting and waits for its end. One that began before may hold what was deleted since, so it does not count. */
async function rewrite(what: string, redis: Redis, deadline: number, start: () => Promise<unknown>): Promise<void> {
  const idle = async () => isIdle(await persistence(redis));
  await until(`Redis to begin to write ${what}`, deadline, async () => {
    if (!(await idle())) return false;
    try {
      await start();
      return true;
    } catch (error) {
      // Somebody else was faster.
      if (isReply(error) && !(await idle())) return false;
      throw error;
    }
  });
  await until(`Redis to write ${what}`, deadline, idle);
}

type Persistence = Record<string, string | undefined>;

async function persistence(redis: Redis): Promise<Persistence> {
  const lines = (await redis.info('persistence')).split(/\r?\n/);
  return Object.fromEntries(lines.map((line) => line.split(':', 2) as [string, string]));
}

const isIdle = (state: Persistence): boolean =>
  state['aof_rewrite_in_progress'] !== '1' &&
  state['aof_rewrite_scheduled'] !== '1' &&
  state['rdb_bgsave_in_progress'] !== '1';

/** When Redis makes snapshots by itself: empty for never. Servers of others often do not let us ask. */
async function snapshotRules(redis: Redis): Promise<string | undefined> {
  try {
    const answer = await redis.config('GET', 'save');
    return answer[1];
  } catch (error) {
    if (isReply(error)) return undefined;
    throw error;
  }
}

/** Redis answered, and refused. */
const isReply = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError';
