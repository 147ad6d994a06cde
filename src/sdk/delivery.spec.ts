import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeAuditServer } from '../../test/support/fake-audit-server';
import { waitFor } from '../../test/support/system';
import type { AuditError } from './errors';
import { AuditLogger } from './logger';
import type { AuditOptions } from './options';

describe('delivery', () => {
  let server: FakeAuditServer;
  let errors: AuditError[];
  const loggers: AuditLogger[] = [];
  const logger = (options: Partial<AuditOptions> = {}) => {
    const made = new AuditLogger({
      url: server.url,
      apiKey: 'key',
      flushIntervalMs: 5,
      maxRetryDelayMs: 20,
      onError: (error) => errors.push(error),
      ...options,
    });
    loggers.push(made);
    return made;
  };
  const closeAll = () => Promise.all(loggers.splice(0).map((made) => made.close(0)));
  const codes = () => [...new Set(errors.map((error) => error.code))];

  beforeEach(async () => {
    server = await FakeAuditServer.start();
    errors = [];
  });
  afterEach(async () => {
    await closeAll();
    await server.down();
  });

  it('sends what comes together in one request, compressed, with an idempotency key', async () => {
    const audit = logger();
    const outcomes = await Promise.all(['a', 'b', 'c'].map((text) => audit.log('DATA_READ', text)));
    expect(outcomes).toEqual(['acknowledged', 'acknowledged', 'acknowledged']);
    expect(server.descriptions()).toEqual(['a', 'b', 'c']);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      url: '/audit/api/events?receipts=true',
      headers: { 'content-encoding': 'gzip', authorization: 'Bearer key' },
    });
    expect(server.requests[0]?.headers['idempotency-key']).toMatch(/^sdk-[0-9a-f]{32}$/);
    expect(audit.stats()).toMatchObject({ recorded: 3, acknowledged: 3, rejected: 0, dropped: 0, waitingBatches: 0 });
  });

  it('keeps its connection', async () => {
    const audit = logger({ concurrency: 1 });
    for (let i = 0; i < 5; i++) await audit.log('DATA_READ', `${i}`);
    expect(new Set(server.requests.map(({ headers }) => headers.connection))).toEqual(new Set(['keep-alive']));
    expect(server.connections).toBe(1);
  });

  it('repeats a request until it is answered: same ids, same key', async () => {
    const answers = [{ status: 503 }, 'cut', { status: 502 }, { status: 401 }] as const;
    let n = 0;
    server.refuse = () => answers[n++];
    const audit = logger();
    expect(await audit.log('DATA_READ', 'stubborn')).toBe('acknowledged');
    expect(server.events.size).toBe(1);
    expect(server.requests).toHaveLength(5);
    expect(new Set(server.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(codes().sort()).toEqual(['UNAUTHORIZED', 'UNAVAILABLE']);
  });

  it('waits as long as the server asks for', async () => {
    let refused = 0;
    server.refuse = () => (refused++ === 0 ? { status: 503, headers: { 'retry-after': '1' } } : undefined);
    const audit = logger();
    const begun = Date.now();
    await audit.log('DATA_READ', 'patient');
    expect(Date.now() - begun).toBeGreaterThanOrEqual(1000);
    expect(server.requests).toHaveLength(2);
  });

  it('gives up on a request that hangs, and repeats it', async () => {
    let first = true;
    server.refuse = () => (first ? ((first = false), 'hang') : undefined);
    expect(await logger({ requestTimeoutMs: 50 }).log('DATA_READ', 'x')).toBe('acknowledged');
    expect(errors[0]?.message).toContain('no answer within 50 ms');
  });

  it('tells which events were rejected, and why', async () => {
    server.reject = (event) => (event.description === 'bad' ? 'unknown type' : undefined);
    const audit = logger();
    const outcomes = Promise.all([audit.log('DATA_READ', 'good'), audit.log('DATA_READ', 'bad')]);
    expect(await outcomes).toEqual(['acknowledged', 'rejected']);
    expect(errors).toMatchObject([
      { code: 'REJECTED', events: 1, rejected: [{ problems: [{ message: 'unknown type' }] }] },
    ]);
    expect(audit.stats()).toMatchObject({ acknowledged: 1, rejected: 1 });
  });

  it('halves what is too large for the server', async () => {
    server.refuse = (events) => (events.length > 3 ? { status: 413 } : undefined);
    const audit = logger();
    const outcomes = await Promise.all(Array.from({ length: 10 }, (_, i) => audit.log('DATA_READ', `${i}`)));
    expect(new Set(outcomes)).toEqual(new Set(['acknowledged']));
    expect(server.events.size).toBe(10);
    expect(await audit.flush()).toBe(true);
  });

  it('bounds its memory in an outage: the oldest of the least severe go, are counted and reported', async () => {
    await server.down();
    const audit = logger({ maxMemoryBytes: 30_000, batchSize: 1 });
    const noise = () => ({
      details: { noise: Array.from({ length: 300 }, () => Math.random().toString(36)).join('') },
    });
    const critical = [audit.log('DATA_BREACH_DETECTED', 'critical', noise())];
    const infos: Promise<string>[] = [];
    for (let i = 0; i < 20; i++) {
      infos.push(audit.log('DATA_READ', `info ${i}`, noise()));
      await new Promise(setImmediate);
    }
    await waitFor(() => Promise.resolve(audit.stats().dropped > 0 || undefined));
    await server.up();
    expect(await Promise.all(critical)).toEqual(['acknowledged']);
    const outcomes = await Promise.all(infos);
    const lost = outcomes.filter((outcome) => outcome === 'dropped').length;
    expect(lost).toBe(audit.stats().dropped);
    expect(outcomes.filter((outcome) => outcome === 'acknowledged')).toHaveLength(20 - lost);
    await audit.flush();
    const report = [...server.events.values()].find((event) => event.eventType === 'SYSTEM_ERROR');
    expect(report).toMatchObject({ recordCount: lost, details: { dropped: { info: lost }, total: lost } });
    expect(codes()).toContain('DROPPED');
  });

  it('rejects for severities that fail closed, and only for those', async () => {
    await server.down();
    const audit = logger({ failClosed: ['critical'], failClosedTimeoutMs: 60 });
    const open = audit.log('DATA_READ', 'fail open');
    await expect(audit.log('DATA_BREACH_DETECTED', 'fail closed')).rejects.toMatchObject({ code: 'NOT_DURABLE' });
    await audit.close(0);
    expect(await open).toBe('dropped');
    await expect(audit.log('DATA_BREACH_DETECTED', 'late')).rejects.toMatchObject({ code: 'CLOSED' });
    expect(await audit.log('DATA_READ', 'late')).toBe('dropped');
  });

  it('sends at once what fails closed', async () => {
    const audit = logger({ failClosed: ['critical'], flushIntervalMs: 60_000 });
    expect(await audit.log('DATA_BREACH_DETECTED', 'now')).toBe('acknowledged');
  });

  it('survives an onError that throws', async () => {
    server.reject = () => 'no';
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const audit = logger({
      onError: () => {
        throw new Error('mine');
      },
    });
    expect(await audit.log('DATA_READ', 'x')).toBe('rejected');
    expect(warned).toHaveBeenCalledWith('onError of the audit logger failed: mine');
    warned.mockRestore();
  });

  it('records nothing when it is switched off', async () => {
    const audit = logger({ enabled: false, url: '', apiKey: '' });
    expect(await audit.log('DATA_READ', 'x')).toBe('dropped');
    expect(await audit.close()).toBe(true);
  });

  it('names every fault of its options', () => {
    expect(() => new AuditLogger({ url: 'ftp://x', apiKey: '', batchSize: 5000 })).toThrow(/url.*apiKey.*batchSize/);
  });

  describe('with a spool', () => {
    let dir: string;
    beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'mcp-audit-delivery-'))));
    afterEach(async () => {
      await closeAll();
      await rm(dir, { recursive: true, force: true });
    });

    it('is done with an event as soon as it is on disk, and delivers it when the server is back', async () => {
      await server.down();
      const audit = logger({ spool: { dir }, failClosed: ['critical'], failClosedTimeoutMs: 5000 });
      expect(await audit.log('DATA_BREACH_DETECTED', 'spooled')).toBe('spooled');
      expect(await audit.flush(20)).toBe(false);
      expect(audit.stats().spooledBytes).toBeGreaterThan(0);
      await server.up();
      expect(await audit.flush()).toBe(true);
      expect(server.descriptions()).toEqual(['spooled']);
      expect(audit.stats()).toMatchObject({ spooledBytes: 0, acknowledged: 1 });
    });

    it('leaves what it could not send to the next logger', async () => {
      await server.down();
      const first = logger({ spool: { dir } });
      for (let i = 0; i < 50; i++) void first.log('DATA_READ', `event ${String(i).padStart(2, '0')}`);
      expect(await first.close(20)).toBe(false);
      expect(first.stats().dropped).toBe(0);
      await server.up();
      const second = logger({ spool: { dir } });
      await waitFor(() => Promise.resolve(server.events.size === 50 || undefined));
      expect(await second.flush()).toBe(true);
      expect(second.stats().acknowledged).toBe(50);
    });

    it('waits in memory when the disk cannot be used', async () => {
      await writeFile(join(dir, 'file'), '');
      const audit = logger({ spool: { dir: join(dir, 'file', 'spool') } });
      expect(await audit.log('DATA_READ', 'x')).toBe('acknowledged');
      expect(codes()).toContain('SPOOL_FAILED');
    });

    it('loses nothing when the server fails at random', async () => {
      const failures = [{ status: 503 }, { status: 500 }, { status: 429 }, 'cut', undefined, undefined] as const;
      let seed = 7;
      server.refuse = (events) => {
        seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
        if (seed % 7 === 6 && events.length > 1) return { status: 413 };
        return failures[(seed >> 8) % failures.length];
      };
      const audit = logger({ spool: { dir, sync: false }, batchSize: 20 });
      const types = ['DATA_READ', 'DATA_DELETED', 'SYSTEM_ERROR', 'SECURITY_VIOLATION'] as const;
      for (let i = 0; i < 600; i++) void audit.log(types[i % 4] ?? 'DATA_READ', `event ${i}`);
      await waitFor(() => Promise.resolve(server.requests.length > 60 || undefined));
      server.refuse = () => undefined;
      expect(await audit.flush()).toBe(true);
      expect(server.events.size).toBe(600);
      expect(audit.stats()).toMatchObject({ acknowledged: 600, dropped: 0, spooledBytes: 0 });
    });
  });
});
