import { CanActivate, ExecutionContext, Global, Module } from '@nestjs/common';
import { APP_GUARD, APP_PIPE, NestFactory } from '@nestjs/core';
import { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import { ScheduleModule } from '@nestjs/schedule';
import type { FastifyRequest } from 'fastify';
import { ZodValidationPipe } from 'nestjs-zod';
import type { Principal } from '../../src/access/principal';
import { Clock, SystemClock } from '../../src/common/clock';
import { ProblemFilter } from '../../src/common/problem.filter';
import { Config, CONFIG, parseConfig } from '../../src/config/config';
import { readBodies } from '../../src/ingest/body';
import { IngestModule } from '../../src/ingest/ingest.module';
import { KeysModule } from '../../src/keys/keys.module';
import { RedisKeys } from '../../src/redis/redis-keys';
import { connectRedis, RedisModule, settled } from '../../src/redis/redis.module';

/** Whoever calls is who the header X-Tenant says. */
class AnyoneGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest & { principal: Principal }>();
    const tenant = String(request.headers['x-tenant'] ?? 'acme');
    request.principal = { keyId: tenant, name: tenant, tenant, roles: ['ingest'], system: false };
    return true;
  }
}

/** Ingest alone, over HTTP, with nothing but a Redis: neither API keys nor ClickHouse. */
export async function startIngest(
  redisUrl: string,
  env: Record<string, string> = {},
): Promise<{ app: NestFastifyApplication; url: string }> {
  const rootKey = Buffer.alloc(32, 7).toString('base64');
  const config = parseConfig({ AUDIT_REDIS_URL: redisUrl, AUDIT_ROOT_KEY: rootKey, ...env });
  await allowKeys(config);

  @Global()
  @Module({
    providers: [
      { provide: CONFIG, useValue: config },
      { provide: Clock, useClass: SystemClock },
    ],
    exports: [CONFIG, Clock],
  })
  class Foundation {}

  @Module({
    imports: [Foundation, RedisModule, ScheduleModule.forRoot(), KeysModule, IngestModule],
    providers: [
      { provide: APP_GUARD, useClass: AnyoneGuard },
      { provide: APP_PIPE, useClass: ZodValidationPipe },
    ],
  })
  class IngestOnly {}

  const app = await NestFactory.create<NestFastifyApplication>(IngestOnly, new FastifyAdapter(), {
    bodyParser: false,
    logger: ['error'],
    abortOnError: false,
  });
  app.useGlobalFilters(new ProblemFilter());
  readBodies(app.getHttpAdapter().getInstance(), config);
  await app.listen(0, '127.0.0.1');
  return { app, url: await app.getUrl() };
}

/** What a process with ClickHouse does once it has given this Redis its keys; a Redis that is down kept them on disk. */
async function allowKeys(config: Config): Promise<void> {
  const redis = await settled(connectRedis(config), 500);
  if (redis.status === 'ready') await redis.set(new RedisKeys(config.redis.prefix).keyEpoch(), 'test', 'NX');
  redis.disconnect();
}
