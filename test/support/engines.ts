import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClickHouseClient } from '@clickhouse/client';
import { Redis } from 'ioredis';
import { Config, parseConfig } from '../../src/config/config';
import { Migrator } from '../../src/clickhouse/migrator';
import { readRuntime } from '../../src/supervisor/runtime-file';
import { connectClickHouse } from '../../src/clickhouse/clickhouse.module';

/** Where the system of this test run lives; set by the global set-up. */
export function testDataDir(): string {
  const dir = process.env.TEST_DATA_DIR;
  if (!dir) throw new Error('the global set-up of the project "system" has not run');
  return dir;
}

/** A database and a Redis prefix of one's own on the engines of this run: nothing else works on them. */
export interface OwnStores {
  config: Config;
  clickhouse: ClickHouseClient;
  redis: Redis;
  close: () => Promise<void>;
}

/** Fresh, migrated stores, configured by `env` on top. */
export async function ownStores(env: Record<string, string> = {}): Promise<OwnStores> {
  const running = await readRuntime(testDataDir());
  if (!running) throw new Error('the system of this test run is not running');
  const name = `audit_test_${randomBytes(6).toString('hex')}`;
  const config = parseConfig({
    AUDIT_CLICKHOUSE_URL: running.clickhouseUrl,
    AUDIT_REDIS_URL: running.redisUrl,
    AUDIT_CLICKHOUSE_DATABASE: name,
    AUDIT_REDIS_PREFIX: name,
    AUDIT_DATA_DIR: await mkdtemp(join(tmpdir(), 'mcp-audit-test-')),
    AUDIT_LOG_LEVEL: 'error',
    AUDIT_FLUSH_INTERVAL: '0.1',
    AUDIT_ROOT_KEY: randomBytes(32).toString('base64'),
    ...env,
  });
  const server = connectClickHouse(config, 'system');
  const clickhouse = connectClickHouse(config);
  await new Migrator(server, clickhouse, name, join(__dirname, '../../migrations'), undefined).migrate();
  const redis = new Redis(running.redisUrl);
  return {
    config,
    clickhouse,
    redis,
    close: async () => {
      const keys = await redis.keys(`${name}*`);
      if (keys.length > 0) await redis.unlink(...keys);
      redis.disconnect();
      await server.command({ query: `DROP DATABASE IF EXISTS ${name} SYNC` });
      await clickhouse.close();
      await server.close();
      await rm(config.dataDir, { recursive: true, force: true });
    },
  };
}
