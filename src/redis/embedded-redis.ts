import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { ChildSpec, until } from '../supervisor/child';
import { guarded } from '../supervisor/guard';

export function embeddedRedisUrl(port: number, password: string): string {
  return `redis://:${password}@127.0.0.1:${port}/0`;
}

/**
 * Writes the configuration of an embedded Redis into `<dataDir>/redis` and says how to start it.
 * @param maxMemoryBytes past it writes are refused (noeviction), which ingest answers with 503
 */
export async function embeddedRedis(
  dataDir: string,
  port: number,
  password: string,
  maxMemoryBytes: number,
): Promise<ChildSpec> {
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    throw new AppError(
      'REDIS_MISSING',
      500,
      'redis-server is not installed: run "bash deploy/setup.sh", or set AUDIT_REDIS_URL to a server of yours',
    );
  }
  const base = resolve(dataDir, 'redis');
  await mkdir(base, { recursive: true, mode: 0o700 });
  const configFile = join(base, 'redis.conf');
  await writeFile(
    configFile,
    [
      'bind 127.0.0.1',
      `port ${port}`,
      `requirepass ${password}`,
      `dir "${base}"`,
      `logfile "${join(base, 'server.log')}"`,
      'appendonly yes',
      // A 202 says that the event is on disk; everysec would lose up to a second of acknowledged events.
      'appendfsync always',
      'no-appendfsync-on-rewrite no',
      'auto-aof-rewrite-min-size 256mb',
      'save ""',
      `maxmemory ${maxMemoryBytes}`,
      'maxmemory-policy noeviction',
      '',
    ].join('\n'),
    { mode: 0o600 },
  );
  const url = embeddedRedisUrl(port, password);
  return {
    name: 'redis',
    ...guarded(join(base, 'alive'), 'TERM', ['redis-server', configFile]),
    options: { stdio: ['pipe', 'ignore', 'inherit'], detached: true },
    ready: () => until(() => ping(url), 60_000),
    stop: 'stdin',
    graceMs: 30_000,
  };
}

async function ping(url: string): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  redis.on('error', () => {
    // Reported by the rejected command below.
  });
  try {
    await redis.connect();
    // Answers LOADING while the log is read in.
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}
