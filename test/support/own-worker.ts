import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { OwnStores } from './engines';
import { ROOT } from './system';

export interface OwnWorker {
  stop: () => Promise<void>;
  /** With -9. */
  kill: () => Promise<void>;
}

/** A worker of the built product, in a process of its own, on a test's own stores. `stop` and `kill` resolve when it has ended. */
export function startOwnWorker(stores: OwnStores, env: Record<string, string> = {}): OwnWorker {
  const { clickhouse, redis, rootKey, dataDir } = stores.config;
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AUDIT_')));
  const child = spawn(process.execPath, [join(ROOT, 'dist/main.js')], {
    cwd: ROOT,
    env: {
      ...inherited,
      AUDIT_ROLE: 'worker',
      AUDIT_CLICKHOUSE_URL: clickhouse.url,
      AUDIT_CLICKHOUSE_DATABASE: clickhouse.database,
      AUDIT_REDIS_URL: redis.url,
      AUDIT_REDIS_PREFIX: redis.prefix,
      AUDIT_ROOT_KEY: rootKey.value,
      AUDIT_DATA_DIR: dataDir,
      AUDIT_LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  return {
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
    kill: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}
