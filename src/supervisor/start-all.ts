import { resolve } from 'node:path';
import { ApiKeyCache } from '../access/api-key-cache';
import { ApiKeysService } from '../access/api-keys.service';
import { connectClickHouse } from '../clickhouse/clickhouse.module';
import { openMigrator } from '../clickhouse/migrations';
import { SystemClock } from '../common/clock';
import { Config } from '../config/config';
import { prepareRootKey } from '../keys/prepare-root-key';
import { protectionWarnings } from '../keys/protection';
import { connectRedis } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { adminKeyFile, ensureAdminKey } from './admin-key';
import { Supervisor } from './supervisor';

/**
 * Schema and first keys: what must stand before API and workers start. Changes nothing on a second start.
 * @param embedded whether the store is ours alone, so that a root key may be made for it
 */
export async function prepareStores(config: Config, embedded: boolean): Promise<void> {
  const { migrator, close } = openMigrator(config, (line) => process.stdout.write(`  ${line}\n`));
  try {
    await migrator.migrate();
  } finally {
    await close();
  }
  const clickhouse = connectClickHouse(config);
  const redis = connectRedis(config, { blocking: true });
  try {
    await prepareRootKey(config, clickhouse, embedded);
    const keys = new RedisKeys(config.redis.prefix);
    const clock = new SystemClock();
    const apiKeys = new ApiKeysService(clickhouse, redis, keys, new ApiKeyCache(redis, keys, clock), clock);
    await ensureAdminKey(apiKeys, config.dataDir, 'always');
    await apiKeys.project();
  } finally {
    await clickhouse.close();
    redis.disconnect();
  }
}

/** `AUDIT_ROLE=all`: runs everything until SIGTERM or SIGINT, and tells a person where to find it. */
export async function startAll(
  config: Config,
  environment: Record<string, string | undefined>,
  entry: string,
): Promise<void> {
  const supervisor = new Supervisor(config, environment, entry, (inUse) =>
    prepareStores(inUse, config.clickhouse.url === undefined),
  );
  const end = (signal: string) => {
    process.stdout.write(`\nmcp-audit: ${signal}, ending\n`);
    supervisor.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`mcp-audit: did not end cleanly: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', () => end('SIGTERM'));
  process.once('SIGINT', () => end('SIGINT'));
  const began = Date.now();
  const url = await supervisor.start();
  process.stdout.write(
    [
      '',
      `mcp-audit runs (started in ${((Date.now() - began) / 1000).toFixed(1)} s)`,
      `  API            ${url}/audit/api`,
      `  OpenAPI        ${url}/audit/api/openapi.json`,
      `  console        ${url}/ (sign in with the admin API key)`,
      `  health         ${url}/audit/api/health`,
      `  admin API key  ${resolve(adminKeyFile(config.dataDir))}`,
      `  data           ${resolve(config.dataDir)}`,
      `  buffer, store  ${config.redis.url ? 'as configured' : 'embedded Redis'}, ${config.clickhouse.url ? 'as configured' : 'embedded ClickHouse'}`,
      ...protectionWarnings(config).map((warning) => `  WARNING        ${warning}`),
      '',
      'Try:  npx mcp-audit health      End with Ctrl-C.',
      '',
    ].join('\n'),
  );
}
