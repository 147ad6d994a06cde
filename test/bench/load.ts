// The load generator, a process of its own. Reads one job as JSON from its standard input, prints one result as JSON.
import { Agent, request } from 'node:http';
import { sampleBody } from './sample';

/** Sends bodies of `eventsPerBody` events on `connections` connections for `seconds`. */
export interface LoadJob {
  url: string;
  key: string;
  connections: number;
  eventsPerBody: number;
  seconds: number;
  /** Requests per second, whatever the answers do (open loop); absent: as fast as answers come (closed loop). */
  rate?: number;
  /** Closed loop: pause while more events than this wait in the pipeline. */
  maxWaiting?: number;
}

export interface LoadResult {
  acknowledged: number;
  refused: number;
  failed: number;
  seconds: number;
  /** Latency in ms from the moment a request was due to its whole answer; sorted. Open loop only. */
  latencies: number[];
  /** When the last 202 came, ms since the epoch. */
  lastAt: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

function send(job: LoadJob, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(
      `${job.url}/audit/api/events`,
      {
        method: 'POST',
        agent,
        headers: {
          authorization: `Bearer ${job.key}`,
          'content-type': 'application/x-ndjson',
          'content-length': body.length,
        },
      },
      (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode ?? 0));
      },
    );
    call.once('error', reject);
    call.end(body);
  });
}

async function closedLoop(job: LoadJob, bodies: Buffer[]): Promise<LoadResult> {
  const result = empty();
  const began = performance.now();
  const deadline = began + job.seconds * 1000;
  let paused = false;
  const watch = setInterval(() => {
    void waiting(job).then((rows) => (paused = job.maxWaiting !== undefined && rows > job.maxWaiting));
  }, 200);
  let next = 0;
  const sender = async () => {
    while (performance.now() < deadline) {
      if (paused) {
        await new Promise((done) => setTimeout(done, 20));
        continue;
      }
      await count(job, bodies[next++ % bodies.length] as Buffer, result);
    }
  };
  await Promise.all(Array.from({ length: job.connections }, sender));
  clearInterval(watch);
  result.seconds = (performance.now() - began) / 1000;
  return result;
}

/** Each request is due at its own time; its latency counts from then, so a stalled server is not spared. */
async function openLoop(job: LoadJob, bodies: Buffer[], rate: number): Promise<LoadResult> {
  const result = empty();
  const began = performance.now();
  const total = Math.round(rate * job.seconds);
  const pending = new Set<Promise<void>>();
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1000) * rate));
    for (; sent < due; sent++) {
      const dueAt = began + (sent / rate) * 1000;
      const work: Promise<void> = count(job, bodies[sent % bodies.length] as Buffer, result).then(() => {
        result.latencies.push(performance.now() - dueAt);
        pending.delete(work);
      });
      pending.add(work);
    }
    await new Promise((done) => setTimeout(done, 1));
  }
  await Promise.all(pending);
  result.seconds = (performance.now() - began) / 1000;
  result.latencies.sort((a, b) => a - b);
  return result;
}

async function count(job: LoadJob, body: Buffer, result: LoadResult): Promise<void> {
  try {
    const status = await send(job, body);
    if (status === 202) {
      result.acknowledged += job.eventsPerBody;
      result.lastAt = Date.now();
    } else result.refused++;
  } catch {
    // Counted, and reported by the bench as a failure of the run.
    result.failed++;
  }
}

const empty = (): LoadResult => ({ acknowledged: 0, refused: 0, failed: 0, seconds: 0, latencies: [], lastAt: 0 });

async function waiting(job: LoadJob): Promise<number> {
  const answer = await fetch(`${job.url}/audit/api/health`);
  const { pipeline } = (await answer.json()) as { pipeline: { waiting: number } | null };
  return pipeline?.waiting ?? 0;
}

async function main(): Promise<void> {
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  const job = JSON.parse(text) as LoadJob;
  const different = Math.max(8, Math.ceil(20_000 / job.eventsPerBody));
  const bodies = Array.from({ length: different }, (_, i) => sampleBody(i * job.eventsPerBody, job.eventsPerBody));
  const result = job.rate === undefined ? await closedLoop(job, bodies) : await openLoop(job, bodies, job.rate);
  process.stdout.write(JSON.stringify(result));
  agent.destroy();
}

void main();
