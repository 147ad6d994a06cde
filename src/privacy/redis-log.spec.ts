import type { Redis } from 'ioredis';
import { rewriteRedisFiles } from './redis-log';

class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

/** A Redis as far as its files go: each rewriting ends when it was looked at twice. */
class FakeRedis {
  readonly started: string[] = [];
  running = 0;
  aof = true;
  status = 'ok';
  save: string | undefined = '';
  /** Called when a rewriting is asked for. */
  onStart: () => void = () => undefined;

  info(): Promise<string> {
    const busy = this.running > 0;
    if (busy) this.running -= 1;
    return Promise.resolve(
      [
        '# Persistence',
        `aof_enabled:${this.aof ? 1 : 0}`,
        `aof_rewrite_in_progress:${busy ? 1 : 0}`,
        'aof_rewrite_scheduled:0',
        'rdb_bgsave_in_progress:0',
        `aof_last_bgrewrite_status:${this.status}`,
        `rdb_last_bgsave_status:${this.status}`,
      ].join('\r\n'),
    );
  }

  bgrewriteaof = () => this.start('log');
  bgsave = () => this.start('snapshot');

  config(): Promise<string[]> {
    if (this.save === undefined) return Promise.reject(new ReplyError('NOPERM'));
    return Promise.resolve(['save', this.save]);
  }

  private start(what: string): Promise<void> {
    this.onStart();
    if (this.running > 0) return Promise.reject(new ReplyError('ERR already in progress'));
    this.started.push(what);
    this.running = 2;
    return Promise.resolve();
  }
}

const rewrite = (redis: FakeRedis, patience = 5000) =>
  rewriteRedisFiles(redis as unknown as Redis, Date.now() + patience);

describe('having Redis write its files anew', () => {
  it('waits until the log is written, and knows that there are no snapshots', async () => {
    const redis = new FakeRedis();
    expect(await rewrite(redis)).toEqual({ log: 'rewritten', snapshot: 'none' });
    expect([redis.started, redis.running]).toEqual([['log'], 0]);
  });

  it('waits for another rewriting to end, and does not take it for its own', async () => {
    const redis = new FakeRedis();
    redis.running = 2;
    await rewrite(redis);
    expect(redis.started).toEqual(['log']);
  });

  it('tries again when another one is faster', async () => {
    const redis = new FakeRedis();
    let others = 1;
    redis.onStart = () => {
      if (others-- > 0) redis.running = 2;
    };
    await rewrite(redis);
    expect(redis.started).toEqual(['log']);
  });

  it('has snapshots written too where Redis makes them', async () => {
    const redis = new FakeRedis();
    redis.save = '3600 1';
    expect(await rewrite(redis)).toEqual({ log: 'rewritten', snapshot: 'rewritten' });
    expect(redis.started).toEqual(['log', 'snapshot']);
  });

  it('says what it does not know, and does nothing about a log that is off', async () => {
    const redis = new FakeRedis();
    redis.aof = false;
    redis.save = undefined;
    expect(await rewrite(redis)).toEqual({ log: 'none', snapshot: 'unknown' });
    expect(redis.started).toEqual([]);
  });

  it('fails when Redis could not write, or not in time', async () => {
    const failing = new FakeRedis();
    failing.status = 'err';
    await expect(rewrite(failing)).rejects.toThrow('could not rewrite its log');
    const slow = new FakeRedis();
    slow.running = Infinity;
    await expect(rewrite(slow, 150)).rejects.toThrow('waited in vain for Redis to begin to write its log');
  });
});
