import { ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { Global, Inject, Injectable, Module, OnApplicationShutdown } from '@nestjs/common';
import { AppError } from '../common/app-error';
import { Config, CONFIG } from '../config/config';

/** Nest token of the application's `ClickHouseClient`. */
export const CLICKHOUSE = Symbol('CLICKHOUSE');

/** A client for the configured server and database. One code path, embedded or not. */
export function connectClickHouse(config: Config, database = config.clickhouse.database): ClickHouseClient {
  if (!config.clickhouse.url) {
    throw new AppError(
      'CLICKHOUSE_URL_MISSING',
      500,
      'AUDIT_CLICKHOUSE_URL is needed by a process that does not start its own engines',
    );
  }
  return createClient({
    url: config.clickhouse.url,
    database,
    application: 'mcp-audit',
    // Every failure is thrown to the caller, who knows what it means.
    log: { level: ClickHouseLogLevel.OFF },
    request_timeout: 60_000,
    max_open_connections: 32,
    keep_alive: { enabled: true, idle_socket_ttl: 2000 },
    clickhouse_settings: {
      // On by default since 26.x; an insert must be in its table when it is answered.
      async_insert: 0,
      date_time_input_format: 'best_effort',
    },
  });
}

@Injectable()
class ClickHouseCloser implements OnApplicationShutdown {
  constructor(@Inject(CLICKHOUSE) private readonly client: ClickHouseClient) {}

  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }
}

@Global()
@Module({
  providers: [
    { provide: CLICKHOUSE, inject: [CONFIG], useFactory: (config: Config) => connectClickHouse(config) },
    ClickHouseCloser,
  ],
  exports: [CLICKHOUSE],
})
export class ClickHouseModule {}
