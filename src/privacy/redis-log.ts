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
    // A rewriting that began before the deletion still holds what was deleted.
    await until('Redis to end another rewriting of its log', deadline, async () => isIdle(await persistence(redis)));
    await redis.bgrewriteaof();
    await until('Redis to rewrite its log', deadline, async () => isIdle(await persistence(redis)));
    const { aof_last_bgrewrite_status: status } = await persistence(redis);
    if (status !== 'ok') throw new Error('Redis could not rewrite its log');
  }
  const rules = await snapshotRules(redis);
  if (rules === undefined) return { log, snapshot: 'unknown' };
  if (rules === '') return { log, snapshot: 'none' };
  await redis.bgsave();
  await until('Redis to write its snapshot', deadline, async () => isIdle(await persistence(redis)));
  return { log, snapshot: 'rewritten' };
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
    if (error instanceof Error && error.name === 'ReplyError') return undefined;
    throw error;
  }
}
