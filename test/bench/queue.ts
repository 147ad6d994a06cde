import { ClickHouseClient } from '@clickhouse/client';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { uuidV7 } from '../../src/events/uuid';
import { sampleEvent } from './sample';

const CHUNK = 500;

async function through(
  url: string,
  name: string,
  jobs: unknown[],
  process: (data: unknown) => Promise<void>,
  concurrency: number,
): Promise<number> {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const queue = new Queue(name, { connection });
  await queue.waitUntilReady();
  const began = performance.now();
  let done = 0;
  let finished = () => {};
  const all = new Promise<void>((resolve) => (finished = resolve));
  const worker = new Worker(
    name,
    async (job) => {
      await process(job.data);
      if (++done === jobs.length) finished();
    },
    { connection: new Redis(url, { maxRetriesPerRequest: null }), concurrency, removeOnComplete: { count: 0 } },
  );
  for (let i = 0; i < jobs.length; i += CHUNK) {
    await queue.addBulk(
      jobs.slice(i, i + CHUNK).map((data) => ({ name: 'event', data, opts: { removeOnComplete: true } })),
    );
  }
  await all;
  const seconds = (performance.now() - began) / 1000;
  await worker.close();
  await queue.obliterate({ force: true });
  await queue.close();
  connection.disconnect();
  return jobs.length / seconds;
}

/** The queue alone, one event a job: events per second through BullMQ and nothing else. */
export const queueEvents = (url: string, events: number): Promise<number> =>
  through(
    url,
    'bench-events',
    Array.from({ length: events }, (_, i) => sampleEvent(i)),
    () => Promise.resolve(),
    200,
  );

/** The queue alone, jobs that only point to `eventsPerJob` events: events per second. */
export async function queuePointers(url: string, jobs: number, eventsPerJob: number): Promise<number> {
  const pointers = Array.from({ length: jobs }, (_, i) => ({ segment: `s${i}`, rows: eventsPerJob }));
  return (await through(url, 'bench-pointers', pointers, () => Promise.resolve(), 200)) * eventsPerJob;
}

/**
 * A pipeline as usually written: one BullMQ job per event; the worker collects rows and inserts them as objects when it
 * has 1,000 or 100 ms have passed. No validation, no canonical form, no checksum, no signature, no check of the outcome.
 */
export async function naive(url: string, client: ClickHouseClient, events: number): Promise<number> {
  let rows: unknown[] = [];
  let waiters: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const [values, waiting] = [rows, waiters];
    [rows, waiters] = [[], []];
    client
      .insert({
        table: 'events',
        values,
        format: 'JSONEachRow',
        clickhouse_settings: { async_insert: 0, date_time_input_format: 'best_effort' },
      })
      .then(
        () => waiting.forEach((w) => w.resolve()),
        (error: unknown) => waiting.forEach((w) => w.reject(error)),
      );
  };
  const add = (data: unknown): Promise<void> => {
    const event = data as { eventType: string; description: string; context: Record<string, string> };
    const now = new Date().toISOString();
    rows.push({
      ...{
        tenant: 'naive',
        id: uuidV7(Date.now()),
        event_type: event.eventType,
        severity: 'info',
        occurred_at: now,
        received_at: now,
      },
      ...{ actor: event.context.userId, subject: event.context.userId, session_id: event.context.sessionId },
      ...{ ip_address: event.context.ipAddress, resource_type: 'shipment', resource_id: event.context.resourceId },
      ...{ correlation_id: event.context.correlationId, service: 'freight-api', description: event.description },
      ...{ retention: 'user_action', retain_until: '2033-01-01', envelope: JSON.stringify(event) },
    });
    const written = new Promise<void>((resolve, reject) => waiters.push({ resolve, reject }));
    if (rows.length >= 1000) flush();
    else timer ??= setTimeout(flush, 100);
    return written;
  };
  return through(
    url,
    'bench-naive',
    Array.from({ length: events }, (_, i) => sampleEvent(i)),
    add,
    2000,
  );
}
