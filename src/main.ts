import 'reflect-metadata';
import { INestApplicationContext, Logger, ShutdownSignal } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiKeysService } from './access/api-keys.service';
import { WorkerModule } from './app.module';
import { createApi } from './api';
import { AppError } from './common/app-error';
import { JsonLogger } from './common/logging';
import { Config, parseConfig } from './config/config';
import { withSettingsFile } from './config/settings-file';
import { ensureAdminKey } from './supervisor/admin-key';
import { startAll } from './supervisor/start-all';
import type { ReadyMessage } from './supervisor/supervisor';

const DYING: ShutdownSignal[] = [ShutdownSignal.SIGTERM, ShutdownSignal.SIGINT];

/** How long a child without a parent may take to end, ms. */
const ORPHAN_MS = 15_000;

/**
 * Connections that may wait to be taken. Of Node's 511 clients lose some when the process stands still for half a second and they open
 * another connection for each request; those then try again after a second, or are refused. Linux allows 4096 by default.
 */
const BACKLOG = 4096;

/**
 * A child ends, draining, when its parent is gone; Nest's hooks do the rest. Its engines may be gone too, and then something
 * may wait for them for ever, with nobody left to end it: what is not stored by then stays in the buffer.
 */
function followParent(app: INestApplicationContext): void {
  app.enableShutdownHooks(DYING);
  process.once('disconnect', () => {
    setTimeout(() => process.exit(1), ORPHAN_MS).unref();
    process.kill(process.pid, 'SIGTERM');
  });
}

async function startApi(config: Config): Promise<void> {
  const app: NestFastifyApplication = await createApi(config);
  followParent(app);
  await ensureAdminKey(app.get(ApiKeysService), config.dataDir, 'none');
  await app.listen({ port: config.port, host: config.host, backlog: BACKLOG });
  const url = await app.getUrl();
  new Logger('Api').log(`serves at ${url}`);
  process.send?.({ ready: true, url } satisfies ReadyMessage);
}

async function startWorker(config: Config): Promise<void> {
  const app = await NestFactory.createApplicationContext(WorkerModule.forRoot(config), {
    logger: new JsonLogger(config.logLevel, 'worker'),
    abortOnError: false,
  });
  followParent(app);
  new Logger('Worker').log('works');
  process.send?.({ ready: true } satisfies ReadyMessage);
}

async function main(): Promise<void> {
  const config = parseConfig(withSettingsFile(process.env));
  Logger.overrideLogger(new JsonLogger(config.logLevel, config.role));
  if (config.role === 'api') await startApi(config);
  else if (config.role === 'worker') await startWorker(config);
  else await startAll(config, process.env, __filename);
}

main().catch((error: unknown) => {
  const known = error instanceof AppError;
  process.stderr.write(`mcp-audit: ${known ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
