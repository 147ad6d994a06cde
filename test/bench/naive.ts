import { fork } from 'node:child_process';
import { join } from 'node:path';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { connectClickHouse } from '../../src/clickhouse/clickhouse.module';
import { parseConfig } from '../../src/config/config';
import { uuidV7 } from '../../src/events/uuid';
import { addJobs } from './queue';
import { sampleEvent } from './sample';
import { PLAIN_DATABASE, Stage } from './stage';

const QUEUE = 'bench-naive';
const BATCH = 1000;
const BATCH_MS = 100;

interface Order {
  clickhouseUrl: string;
  database: string;
  redisUrl: string;
}

/**
 * Events per second of a pipeline as usually written, from the first job until the last row is in ClickHouse: one BullMQ
 * job per event; a worker process collects rows and inserts them as objects when it has 1,000 or 100 ms have passed. No HTTP,
 * no validation, no canonical form, no checksum, no signature, no encryption, no check of the outcome.
 */
export async function naive(stage: Stage, events: number): Promise<number> {
  const { config } = stage.cluster;
  const order: Order = {
    clickhouseUrl: config.clickhouse.url ?? '',
    database: PLAIN_DATABASE,
    redisUrl: config.redis.url ?? '',
  };
  const execArgv = ['-r', join(__dirname, '../support/register.cjs')];
  const worker = fork(__filename, [JSON.stringify(order)], {
    execArgv,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const heard = (wanted: (message: unknown) => boolean) =>
    new Promise<void>((resolve, reject) => {
      worker.on('message', (message) => wanted(message) && resolve());
      worker.once('exit', (code) => reject(new Error(`the naive worker ended with ${code}`)));
    });
  await heard((message) => message === 'ready');
  const jobs = Array.from({ length: events }, (_, i) => sampleEvent(i));
  const began = performance.now();
  let written = 0;
  const done = heard((message) => (written += Number(message)) === events);
  await addJobs(order.redisUrl, QUEUE, jobs);
  await done;
  const seconds = (performance.now() - began) / 1000;
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  worker.kill();
  await ended;
  return events / seconds;
}

function rowOf(event: ReturnType<typeof sampleEvent>): Record<string, unknown> {
  const { context } = event;
  const now = new Date().toISOString();
  return {
    ...{ tenant: 'naive', id: uuidV7(Date.now()), event_type: event.eventType, severity: 'info' },
    ...{ occurred_at: now, received_at: now, actor: context.userId, subject: context.userId },
    ...{ session_id: context.sessionId, ip_address: context.ipAddress, ip: `::ffff:${context.ipAddress}` },
    ...{ resource_type: 'shipment', resource_id: context.resourceId, correlation_id: context.correlationId },
    ...{ service: context.service, description: event.description, record_count: event.recordCount },
    ...{ retention: 'user_action', retain_until: '2033-01-01', envelope: JSON.stringify(event) },
  };
}

async function work({ clickhouseUrl, database, redisUrl }: Order): Promise<void> {
  const config = parseConfig({ AUDIT_CLICKHOUSE_URL: clickhouseUrl, AUDIT_CLICKHOUSE_DATABASE: database });
  const client = connectClickHouse(config);
  let rows: Record<string, unknown>[] = [];
  let waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const [values, told] = [rows, waiting];
    [rows, waiting] = [[], []];
    const written = client.insert({ table: 'events', values, format: 'JSONEachRow' });
    written.then(
      () => {
        told.forEach(({ resolve }) => resolve());
        process.send?.(values.length);
      },
      (error: unknown) => told.forEach(({ reject }) => reject(error)),
    );
  };
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const take = (event: ReturnType<typeof sampleEvent>) =>
    new Promise<void>((resolve, reject) => {
      rows.push(rowOf(event));
      waiting.push({ resolve, reject });
      if (rows.length >= BATCH) flush();
      else timer ??= setTimeout(flush, BATCH_MS);
    });
  const worker = new Worker<ReturnType<typeof sampleEvent>>(QUEUE, (job) => take(job.data), {
    connection,
    concurrency: 2 * BATCH,
  });
  await worker.waitUntilReady();
  process.send?.('ready');
}

if (require.main === module) void work(JSON.parse(process.argv[2] ?? '') as Order);
