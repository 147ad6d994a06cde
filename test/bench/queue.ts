import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { sampleEvent } from './sample';

const CHUNK = 500;

/** Puts jobs on a queue, in portions; resolves once Redis has them. */
export async function addJobs(url: string, name: string, jobs: unknown[]): Promise<void> {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const queue = new Queue(name, { connection });
  for (let i = 0; i < jobs.length; i += CHUNK) {
    const portion = jobs.slice(i, i + CHUNK);
    await queue.addBulk(portion.map((data) => ({ name: 'event', data, opts: { removeOnComplete: true } })));
  }
  await queue.close();
  connection.disconnect();
}

/** Jobs per second through a queue, added and processed at the same time by one process. */
async function through(url: string, name: string, jobs: unknown[]): Promise<number> {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const began = performance.now();
  let worker: Worker | undefined;
  const done = new Promise<void>((resolve) => {
    let left = jobs.length;
    const process = () => Promise.resolve(--left === 0 ? resolve() : undefined);
    worker = new Worker(name, process, { connection, concurrency: 200 });
  });
  await Promise.all([addJobs(url, name, jobs), done]);
  const seconds = (performance.now() - began) / 1000;
  await worker?.close();
  connection.disconnect();
  return jobs.length / seconds;
}

/** The queue alone, one event a job: events per second through BullMQ and nothing else. */
export const queueEvents = (url: string, events: number): Promise<number> =>
  through(
    url,
    'bench-events',
    Array.from({ length: events }, (_, i) => sampleEvent(i)),
  );

/** The queue alone, jobs that only point to `eventsPerJob` events: events per second. */
export async function queuePointers(url: string, jobs: number, eventsPerJob: number): Promise<number> {
  const pointers = Array.from({ length: jobs }, (_, i) => ({ segment: `s${i}`, rows: eventsPerJob }));
  return (await through(url, 'bench-pointers', pointers)) * eventsPerJob;
}
