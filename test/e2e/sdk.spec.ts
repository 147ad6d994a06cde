import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditLogger } from '../../src/sdk/logger';
import { ROOT, TestTenant, waitFor } from '../support/system';

interface Ended {
  code: number | null;
  output: string;
}

describe('the SDK as applications get it', () => {
  let dir: string;
  let tenant: TestTenant;
  const run = (command: string, ...args: string[]): Promise<Ended> =>
    new Promise((done) => {
      const child = execFile(command, args, { cwd: dir, timeout: 120_000 }, (_, stdout, stderr) =>
        done({ code: child.exitCode, output: stdout + stderr }),
      );
    });

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'mcp-audit-consumer-'));
    await mkdir(join(dir, 'node_modules'));
    await symlink(ROOT, join(dir, 'node_modules/mcp-audit'));
    for (const name of ['pino', '@types'])
      await symlink(join(ROOT, 'node_modules', name), join(dir, 'node_modules', name));
    tenant = await TestTenant.create();
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const use = `
    const names = [auditEvent, AuditAction, auditMiddleware, auditPlugin, AuditModule, AuditTransport].map((f) => typeof f);
    if (new Set(names).size !== 1 || EventType.LOGIN_FAILED !== 'LOGIN_FAILED') throw new Error(names.join());
    console.log('fine');`;

  it('loads as ESM and as CommonJS, all entry points, by their names', async () => {
    const entries = {
      'mcp-audit/sdk': 'auditEvent, AuditAction, EventType',
      'mcp-audit/sdk/express': 'auditMiddleware',
      'mcp-audit/sdk/fastify': 'auditPlugin',
      'mcp-audit/sdk/nest': 'AuditModule',
      'mcp-audit/sdk/winston': 'AuditTransport',
    };
    const esm = Object.entries(entries).map(([path, names]) => `import { ${names} } from '${path}';`);
    const cjs = Object.entries(entries).map(([path, names]) => `const { ${names} } = require('${path}');`);
    await writeFile(join(dir, 'a.mjs'), esm.join('\n') + use);
    await writeFile(join(dir, 'b.cjs'), cjs.join('\n') + use);
    expect(await run(process.execPath, 'a.mjs')).toEqual({ code: 0, output: 'fine\n' });
    expect(await run(process.execPath, 'b.cjs')).toEqual({ code: 0, output: 'fine\n' });
  });

  it('shares one logger between modules of both kinds', async () => {
    await writeFile(
      join(dir, 'c.cjs'),
      `require('mcp-audit/sdk').initializeAuditLogging({ enabled: false, url: '', apiKey: '' });`,
    );
    await writeFile(
      join(dir, 'c.mjs'),
      `import './c.cjs'; import { getAuditLogger } from 'mcp-audit/sdk'; console.log(getAuditLogger().settings.enabled);`,
    );
    expect(await run(process.execPath, 'c.mjs')).toEqual({ code: 0, output: 'false\n' });
  });

  it('loads neither Nest nor zod nor anything else but itself', async () => {
    const others = `Object.keys(require.cache).filter((name) => name.includes('node_modules') && !name.includes('/mcp-audit/dist/'))`;
    await writeFile(join(dir, 'd.cjs'), `require('mcp-audit/sdk'); console.log(JSON.stringify(${others}));`);
    const { output } = await run(process.execPath, '--preserve-symlinks', 'd.cjs');
    expect(JSON.parse(output)).toEqual([]);
  });

  it('has types that a strict compiler takes, and that refuse mistakes', async () => {
    const source = `
      import { AuditAction, AuditApi, auditContext, AuditDataChange, auditEvent, AuditLogger, Delivered, EventType, getAuditLogger,
        initializeAuditLogging } from 'mcp-audit/sdk';
      import { auditMiddleware } from 'mcp-audit/sdk/express';
      import auditTransport, { auditMixin } from 'mcp-audit/sdk/pino';
      const logger: AuditLogger = initializeAuditLogging({ url: 'http://x', apiKey: 'k', failClosed: ['critical'] });
      const told: Promise<Delivered> = auditEvent(EventType.USER_CREATED, 'made', { context: { userId: 'u' } });
      void logger.logSecurityEvent(EventType.BRUTE_FORCE_DETECTED, 'many', { userId: 'u', details: { attempts: 5 } });
      void auditEvent('OUR_OWN_TYPE', 'ours');
      const seven: number = auditContext({ userId: 'u' }, () => 7);
      export class Users {
        @AuditAction(EventType.DATA_CREATED, 'made') create(name: string): string { return name; }
        @AuditApi({ logRequestBody: true }) async call(): Promise<number> { return 1; }
        @AuditDataChange('user', { captureBefore: true, captureAfter: true }) update(user: { id: string }): void { void user; }
      }
      // @ts-expect-error not a severity
      void auditEvent('DATA_READ', 'x', { severity: 'urgent' });
      // @ts-expect-error not a member of the context
      void auditEvent('DATA_READ', 'x', { context: { user: 'u' } });
      // @ts-expect-error not a security event
      void getAuditLogger().logSecurityEvent(EventType.LOGOUT, 'x');
      // @ts-expect-error the URL is missing
      initializeAuditLogging({ apiKey: 'k' });
      export const all = [told, seven, auditMiddleware, auditTransport, auditMixin];`;
    await writeFile(join(dir, 'types.mts'), source);
    await writeFile(join(dir, 'types.cts'), source);
    const flags = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node'];
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    for (const legacy of [[], ['--experimentalDecorators']]) {
      const ended = await run(process.execPath, tsc, ...flags, ...legacy, 'types.mts', 'types.cts');
      expect(ended).toEqual({ code: 0, output: '' });
    }
  });

  it('records through pino, whose transport runs in a thread of its own', async () => {
    const options = { url: tenant.url, apiKey: await tenant.key('ingest'), service: 'pino-app' };
    await writeFile(
      join(dir, 'log.cjs'),
      `const { pino } = require('pino');
       const { auditContext } = require('mcp-audit/sdk');
       const { auditMixin } = require('mcp-audit/sdk/pino');
       const transport = pino.transport({ target: 'mcp-audit/sdk/pino', options: ${JSON.stringify(options)} });
       const log = pino({ mixin: auditMixin }, transport);
       auditContext({ userId: 'anna' }, () => log.warn({ eventType: 'LOGIN_FAILED', attempt: 3 }, 'Wrong password'));
       log.info('not for the audit log');`,
    );
    expect(await run(process.execPath, 'log.cjs')).toEqual({ code: 0, output: '' });
    await tenant.waitForCount(1, 'service=pino-app');
    const { items } = await tenant.get<{ items: unknown[] }>('events?service=pino-app');
    expect(items).toMatchObject([
      { eventType: 'LOGIN_FAILED', description: 'Wrong password', details: { attempt: 3 } },
    ]);
  });

  it('proves with its receipts that the log holds what it acknowledged', async () => {
    const errors: Error[] = [];
    const logger = new AuditLogger({
      url: tenant.url,
      apiKey: await tenant.key('ingest'),
      service: 'receipts',
      onError: (error) => errors.push(error),
    });
    for (let i = 0; i < 30; i++) void logger.log('DATA_READ', `read ${i}`, { context: { userId: `user ${i % 3}` } });
    expect(await logger.flush()).toBe(true);
    await tenant.waitForCount(30, 'service=receipts');
    const apiKey = await tenant.key('viewer');
    const verified = await waitFor(async () => {
      const report = await logger.verifyReceipts({ apiKey });
      return report.pending === 0 ? report : undefined;
    });
    expect(verified).toMatchObject({ ok: true, checked: 30, verified: 30, faults: [] });
    await expect(logger.verifyReceipts()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await logger.close();
    expect(errors).toEqual([]);
  });
});
