import { resolve } from 'node:path';
import { Config } from '../config/config';
import { connectClickHouse } from './clickhouse.module';
import { Migrator } from './migrator';

/** Where the migration files are, seen from `dist/clickhouse` and `src/clickhouse` alike. */
export const MIGRATIONS_DIR = resolve(__dirname, '..', '..', 'migrations');

/** A migrator for the configured server; `close` ends its connections. */
export function openMigrator(
  config: Config,
  report?: (line: string) => void,
): { migrator: Migrator; close: () => Promise<void> } {
  const server = connectClickHouse(config, 'system');
  const client = connectClickHouse(config);
  const { database, cluster } = config.clickhouse;
  return {
    migrator: new Migrator(server, client, database, MIGRATIONS_DIR, cluster, report),
    close: async () => {
      await Promise.all([server.close(), client.close()]);
    },
  };
}
