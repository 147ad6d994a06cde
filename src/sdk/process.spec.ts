import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { FakeAuditServer } from '../../test/support/fake-audit-server';

const ROOT = join(__dirname, '../..');

/** Runs code as a process of its own, as an application that has loaded the SDK as `sdk`. */
function run(url: string, code: string): Promise<{ code: number | null; output: string }> {
  const script = `const sdk = require(${JSON.stringify(join(ROOT, 'src/sdk/index.ts'))});
    const options = { url: ${JSON.stringify(url)}, apiKey: 'key', onError: () => {} };
    ${code}`;
  const args = ['--no-warnings', '-r', join(ROOT, 'test/support/register.cjs'), '-e', script];
  return new Promise((done) => {
    const child = execFile(process.execPath, args, { cwd: ROOT, timeout: 20_000 }, (_, stdout, stderr) =>
      done({ code: child.exitCode, output: stdout + stderr }),
    );
  });
}

describe('a process that uses the SDK', () => {
  let server: FakeAuditServer;
  beforeEach(async () => (server = await FakeAuditServer.start()));
  afterEach(() => server.down());

  it('delivers what it recorded before it ends by itself', async () => {
    const ended = await run(
      server.url,
      `sdk.initializeAuditLogging({ ...options, flushIntervalMs: 60000 });
       for (let i = 0; i < 10; i++) sdk.auditEvent('DATA_READ', 'event ' + i);`,
    );
    expect(ended).toEqual({ code: 0, output: '' });
    expect(server.events.size).toBe(10);
  });

  it('is not ended by a fail-closed event that nobody awaits', async () => {
    await server.down();
    const ended = await run(
      server.url,
      `const audit = sdk.initializeAuditLogging({ ...options, failClosed: ['info'], failClosedTimeoutMs: 20 });
       audit.log('DATA_READ', 'ignored');
       setTimeout(() => audit.close(0), 100);`,
    );
    expect(ended).toEqual({ code: 0, output: '' });
  });

  it('still ends by an error of a decorated method that nobody handles', async () => {
    const ended = await run(
      server.url,
      `sdk.initializeAuditLogging(options);
       class Service { async fail() { throw new Error('nobody handles this'); } }
       const descriptor = Object.getOwnPropertyDescriptor(Service.prototype, 'fail');
       sdk.AuditAction('DATA_READ', 'x')(Service.prototype, 'fail', descriptor);
       Object.defineProperty(Service.prototype, 'fail', descriptor);
       sdk.auditContext({ userId: 'anna' }, () => { new Service().fail(); });`,
    );
    expect(ended.code).toBe(1);
    expect(ended.output).toContain('nobody handles this');
  });

  it('changes nothing in decorated methods before there is a logger', async () => {
    const ended = await run(
      server.url,
      `class Service { twice(n) { return 2 * n; } }
       const descriptor = Object.getOwnPropertyDescriptor(Service.prototype, 'twice');
       sdk.AuditAction('DATA_READ', 'x')(Service.prototype, 'twice', descriptor);
       Object.defineProperty(Service.prototype, 'twice', descriptor);
       console.log(new Service().twice(4));
       try { sdk.auditEvent('DATA_READ', 'x'); } catch (error) { console.log(error.code); }`,
    );
    expect(ended).toEqual({ code: 0, output: '8\nNOT_INITIALIZED\n' });
  });
});
