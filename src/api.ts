import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ApiModule } from './app.module';
import { JsonLogger, requestContext } from './common/logging';
import { ProblemFilter } from './common/problem.filter';
import { Config } from './config/config';
import { readBodies } from './ingest/body';
import { serveOpenApi } from './openapi';
import { Logger } from '@nestjs/common';

/** A correlation id that a caller may choose: short and harmless in a log line. */
const CORRELATION_ID = /^[\w.:/-]{1,128}$/;

/** How long a request may take to arrive, ms; Fastify waits for ever by default. */
const REQUEST_TIMEOUT_MS = 120_000;

/** How long requests that are being answered may go on once the application ends, ms; then their connections are cut. */
const LAST_ANSWERS_MS = 5000;

/** The HTTP application, ready to listen. */
export async function createApi(config: Config): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    requestTimeout: REQUEST_TIMEOUT_MS,
    bodyLimit: config.ingest.maxBodyBytes,
    trustProxy: config.ingest.trustProxy.length > 0 ? config.ingest.trustProxy : false,
    genReqId: (request: IncomingMessage) => {
      const given = request.headers['x-correlation-id'];
      return typeof given === 'string' && CORRELATION_ID.test(given) ? given : randomUUID();
    },
    routerOptions: { maxParamLength: 500 },
  });
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.forRoot(config), adapter, {
    logger: new JsonLogger(config.logLevel, 'api'),
    bodyParser: false,
    abortOnError: false,
  });
  app.useGlobalFilters(new ProblemFilter());
  const fastify = app.getHttpAdapter().getInstance();
  const log = new Logger('Http');
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-correlation-id', request.id);
    requestContext.run({ correlationId: request.id }, done);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    log.debug(
      `${request.method} ${request.url.split('?', 1)[0]} ${reply.statusCode} ${reply.elapsedTime.toFixed(1)} ms`,
    );
    done();
  });
  fastify.addHook('preClose', (done) => {
    setTimeout(() => fastify.server.closeAllConnections(), LAST_ANSWERS_MS).unref();
    done();
  });
  readBodies(fastify, config);
  serveOpenApi(app);
  return app;
}
