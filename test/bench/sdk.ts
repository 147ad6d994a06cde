// What an event costs its caller: npm run bench -- --sdk. A process of its own, as an application is: with Node's own settings.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditContext } from '../../src/sdk/context';
import { AuditLogger } from '../../src/sdk/logger';
import { FakeAuditServer } from '../support/fake-audit-server';

const EVENTS = Number(process.argv[2] ?? 100_000);
/** As a busy application records them: some, then other work. */
const BURST = 20;

/** µs at the quantiles. */
function quantiles(costs: Float64Array) {
  const sorted = costs.toSorted();
  const at = (q: number) => Math.round((sorted[Math.floor(sorted.length * q)] ?? 0) * 10_000) / 10;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), most: at(0.999999) };
}

const results: Record<string, ReturnType<typeof quantiles> & { eventLoopP99Ms: number }> = {};

async function measure(name: string, logger: AuditLogger, record: (i: number) => void): Promise<void> {
  for (let i = 0; i < 20_000; i++) {
    record(i);
    if (i % BURST === 0) await new Promise(setImmediate);
  }
  await logger.flush(60_000);
  const costs = new Float64Array(EVENTS);
  const loop = monitorEventLoopDelay({ resolution: 10 });
  loop.enable();
  for (let i = 0; i < EVENTS; i++) {
    const begun = performance.now();
    record(i);
    costs[i] = performance.now() - begun;
    if (i % BURST === 0) await new Promise(setImmediate);
  }
  loop.disable();
  results[name] = { ...quantiles(costs), eventLoopP99Ms: Math.round(loop.percentile(99) / 1e5) / 10 };
  process.stderr.write(`${name}: ${JSON.stringify(results[name])}\n`);
  await logger.flush(60_000);
}

/** The server must not share the process with what is measured. */
async function serve(): Promise<void> {
  const server = await FakeAuditServer.start();
  server.remember = false;
  process.send?.(server.url);
  process.once('disconnect', () => void server.down());
}

async function main(): Promise<void> {
  const server = fork(__filename, ['serve'], { execArgv: process.execArgv });
  const [url] = (await once(server, 'message')) as [string];
  const dir = mkdtempSync(join(tmpdir(), 'mcp-audit-bench-'));
  const options = { url, apiKey: 'bench', service: 'bench', maxMemoryBytes: 256 * 1024 * 1024 };
  const record = {
    context: { userId: 'u-1029', ipAddress: '203.0.113.9', resourceType: 'shipment', resourceId: 'SHP-2041' },
    details: { carrier: 'north', weight: 12.5, stops: ['HAM', 'ROT'], note: 'handle with care' },
  };
  const before = {
    status: 'open',
    carrier: 'north',
    weight: 12.5,
    eta: '2026-11-24',
    address: { city: 'Ulm', zip: '89073' },
  };
  const after = { ...before, status: 'sent', address: { city: 'Ulm', zip: '89075' } };
  for (const spool of [undefined, { dir }]) {
    const logger = new AuditLogger({ ...options, ...(spool && { spool }) });
    const where = spool ? 'spool' : 'memory';
    await measure(`${where}, no details`, logger, () => void logger.log('DATA_READ', 'Shipment was read'));
    await measure(
      `${where}, context and details`,
      logger,
      () => void logger.log('DATA_READ', 'Shipment was read', record),
    );
    await auditContext({ userId: 'anna', sessionId: 's-1', correlationId: 'r-1', ipAddress: '203.0.113.9' }, () =>
      measure(
        `${where}, in a context, with changes`,
        logger,
        () => void logger.log('DATA_UPDATED', 'Shipment was changed', { changes: { before, after } }),
      ),
    );
    const { recorded, acknowledged } = logger.stats();
    await logger.close();
    if (acknowledged !== recorded) throw new Error(`of ${recorded} events ${acknowledged} were acknowledged`);
  }
  process.stdout.write(JSON.stringify(results));
  server.disconnect();
  rmSync(dir, { recursive: true, force: true });
}

void (process.argv[2] === 'serve' ? serve() : main());
