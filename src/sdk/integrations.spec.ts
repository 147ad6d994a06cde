import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import {
  Body,
  CanActivate,
  Controller,
  ForbiddenException,
  Get,
  Header,
  HttpCode,
  Injectable,
  Module,
  Param,
  Post,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import { Recorded } from '../../test/support/recorded';
import { AuditAction, AuditApi } from './decorators';
import { auditMiddleware } from './express';
import { auditPlugin } from './fastify';
import { auditEvent, getAuditLogger } from './global';
import { AuditLogger } from './logger';
import { AuditModule } from './nest';
import auditTransport, { auditMixin } from './pino';
import { AuditTransport } from './winston';
import { auditContext } from './context';

const headers = { 'x-request-id': 'req-1', 'user-agent': 'jest', 'content-type': 'application/json' };
const body = JSON.stringify({ name: 'Anna', password: 'secret' });
const expected = { correlationId: 'req-1', ipAddress: '127.0.0.1', userAgent: 'jest', userId: 'u1' };

describe('integrations', () => {
  let recorded: Recorded;
  beforeEach(async () => (recorded = await Recorded.start()));
  afterEach(() => recorded.stop());

  it('Express: records in the context of the request, also behind the parsing of its body', async () => {
    // Loaded here since it brings no types.
    const express = jest.requireActual<ExpressLike>('express');
    const app = express();
    app.use(auditMiddleware({ recordDenied: true }));
    app.use(express.json());
    app.use((request: { user?: unknown }, _response: unknown, next: () => void) => {
      request.user = { id: 'u1' };
      next();
    });
    app.post('/users', (_request, response) => {
      void auditEvent('USER_CREATED', 'made', { context: { resourceId: '7' } });
      response.status(201).json({ id: 7 });
    });
    app.get('/secret', (_request, response) => void response.status(403).json({}));
    const server = app.listen(0, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect((await fetch(`${url}/users`, { method: 'POST', headers, body })).status).toBe(201);
    expect((await fetch(`${url}/secret?x=1`, { headers })).status).toBe(403);
    expect(await recorded.events()).toMatchObject([
      { description: 'made', context: { ...expected, resourceId: '7' } },
      { eventType: 'ACCESS_DENIED', description: 'GET /secret was refused', context: expected },
    ]);
    await new Promise((done) => server.close(done));
  });

  it('Fastify: the same, with its plugin', async () => {
    const { fastify } = await import('fastify');
    const app = fastify();
    await app.register(auditPlugin as never, { recordDenied: true } as never);
    app.decorateRequest('user', null);
    app.addHook('preHandler', (request, _reply, done) => {
      (request as { user?: unknown }).user = { id: 'u1' };
      done();
    });
    app.post('/users', async (_request, reply) => {
      await Promise.resolve();
      void auditEvent('USER_CREATED', 'made');
      return reply.status(201).send({ id: 7 });
    });
    app.get('/secret', (_request, reply) => reply.status(401).send({}));
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    expect((await fetch(`${url}/users`, { method: 'POST', headers, body })).status).toBe(201);
    expect((await fetch(`${url}/secret`, { headers })).status).toBe(401);
    expect(await recorded.events()).toMatchObject([
      { description: 'made', context: expected },
      { eventType: 'ACCESS_DENIED', context: expected },
    ]);
    await app.close();
  });

  it('Nest: guards, handlers and decorators record in the context of the request; results stay as they are', async () => {
    @Injectable()
    class LoginGuard implements CanActivate {
      canActivate(context: Parameters<CanActivate['canActivate']>[0]): boolean {
        const request = context.switchToHttp().getRequest<{ user?: unknown; url: string }>();
        request.user = { id: 'u1' };
        void auditEvent('LOGIN_SUCCESS', 'seen by the guard');
        if (request.url.includes('forbidden')) throw new ForbiddenException();
        return true;
      }
    }
    @Controller('users')
    @UseGuards(LoginGuard)
    class UsersController {
      constructor(readonly audit: AuditLogger) {}

      @Post()
      @HttpCode(202)
      @Header('x-kept', 'yes')
      @AuditApi({ logRequestBody: true, logResponseBody: true })
      create(@Body() user: { name: string }) {
        void this.audit.logUserEvent('USER_CREATED', 'made', { resourceType: 'user' });
        return { id: 7, name: user.name };
      }

      @AuditAction('DATA_READ', 'read')
      @Get(':id')
      read(@Param('id') id: string) {
        return { id };
      }

      @Get(':id/forbidden')
      forbidden(): string {
        return 'never';
      }
    }
    const { server } = recorded;
    @Module({
      imports: [
        AuditModule.forRoot({ url: server.url, apiKey: 'key', flushIntervalMs: 1, http: { recordDenied: true } }),
      ],
      controllers: [UsersController],
    })
    class App {}
    const app = await NestFactory.create<NestFastifyApplication>(App, new FastifyAdapter(), { logger: false });
    await app.listen(0, '127.0.0.1');
    const url = (await app.getUrl()) + '/users';
    const made = await fetch(url, { method: 'POST', headers, body });
    expect([made.status, made.headers.get('x-kept'), await made.json()]).toEqual([202, 'yes', { id: 7, name: 'Anna' }]);
    expect(await (await fetch(`${url}/9`, { headers })).json()).toEqual({ id: '9' });
    expect((await fetch(`${url}/9/forbidden`, { headers })).status).toBe(403);
    await getAuditLogger().flush();
    const events = await recorded.events();
    expect(new Set(events.map(({ context }) => JSON.stringify(context)))).toHaveProperty('size', 2);
    expect(events).toMatchObject([
      { description: 'seen by the guard', context: expected },
      { description: 'made', context: { ...expected, resourceType: 'user' } },
      {
        eventType: 'API_CALL',
        description: 'POST /users',
        details: { status: 202, requestBody: { name: 'Anna', password: '[redacted]' }, responseBody: { id: 7 } },
      },
      { description: 'seen by the guard' },
      { description: 'read', context: expected, details: { method: 'UsersController.read' } },
      { description: 'seen by the guard' },
      { eventType: 'ACCESS_DENIED', context: expected },
    ]);
    await app.close();
    expect(await getAuditLogger().log('DATA_READ', 'late')).toBe('dropped');
  });

  it('pino: entries that name an event become one, with the context of the thread that wrote them', async () => {
    const { server } = recorded;
    const transport = auditTransport({ url: server.url, apiKey: 'key', minLevel: 50 });
    const { pino } = await import('pino');
    const log = pino({ mixin: auditMixin }, transport);
    log.info('nothing to audit');
    auditContext({ userId: 'anna' }, () => {
      log.warn({ eventType: 'LOGIN_FAILED', ipAddress: '203.0.113.9', attempt: 3 }, 'Wrong password');
      log.error({ err: { message: 'boom' } }, 'It broke');
    });
    await new Promise((done) => transport.end(done));
    expect(await recorded.events()).toMatchObject([
      {
        eventType: 'LOGIN_FAILED',
        description: 'Wrong password',
        context: { userId: 'anna', ipAddress: '203.0.113.9' },
        details: { attempt: 3 },
      },
      {
        eventType: 'SYSTEM_ERROR',
        description: 'It broke',
        context: { userId: 'anna' },
        details: { err: { message: 'boom' } },
      },
    ]);
  });

  it('winston: the same, in its own thread', async () => {
    const { createLogger } = await import('winston');
    const log = createLogger({ transports: [new AuditTransport({ graveLevels: ['error'] })] });
    auditContext({ userId: 'anna' }, () => {
      log.info('nothing to audit');
      log.warn('Wrong password', { eventType: 'LOGIN_FAILED', attempt: 3, token: 'x' });
      log.error('It broke');
    });
    await new Promise((done) => log.end(done));
    expect(await recorded.events()).toMatchObject([
      { eventType: 'LOGIN_FAILED', context: { userId: 'anna' }, details: { attempt: 3, token: '[redacted]' } },
      { eventType: 'SYSTEM_ERROR', description: 'It broke' },
    ]);
  });
});

interface ExpressResponse {
  status(code: number): { json(body: unknown): unknown };
}
type Handler = (request: { user?: unknown }, response: ExpressResponse, next: () => void) => void;
interface ExpressLike {
  (): {
    use(handler: unknown): void;
    post(path: string, handler: Handler): void;
    get(path: string, handler: Handler): void;
    listen(port: number, host: string): Server;
  };
  json(): unknown;
}
