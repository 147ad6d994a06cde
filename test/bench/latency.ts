import { setInterval as every } from 'node:timers/promises';
import { runLoad } from './run-load';
import { pause, Stage, TENANT } from './stage';

const PROBE_EVERY_MS = 100;
const WARM_UP_SECONDS = 5;

export interface Percentiles {
  p50: number;
  p99: number;
  p999: number;
  most: number;
  samples: number;
}

export interface Latency {
  perSecond: number;
  /** ms from the time a request was due to its 202. */
  ingest: Percentiles;
  /** ms from the 202 of a probe until a query finds its event, and until a checkpoint covers it. */
  queryable: Percentiles;
  sealed: Percentiles;
  cpuMicros: Record<string, number>;
}

/** Requests of `eventsPerBody` events at a fixed rate, whether they are answered or not; meanwhile ten probes a second. */
export async function latencyAt(
  stage: Stage,
  eventsPerSecond: number,
  eventsPerBody: number,
  seconds: number,
): Promise<Latency> {
  const job = {
    ...{ urls: stage.cluster.apiUrls, key: stage.cluster.adminKey, connections: 0, eventsPerBody },
    rate: eventsPerSecond / eventsPerBody,
  };
  const meter = stage.meter();
  // Neither a service nor its clients have just begun with requests of this kind.
  const loading = runLoad({ ...job, seconds: WARM_UP_SECONDS + seconds, warmUpSeconds: WARM_UP_SECONDS });
  await Promise.race([pause(WARM_UP_SECONDS * 1000), loading]);
  const probes = await Probes.begin(stage);
  // Also when the load fails: the probes would go on asking an engine that ends.
  const load = await loading.finally(() => probes.end());
  const { queryable, sealed } = probes;
  await stage.caughtUp();
  return {
    perSecond: eventsPerSecond,
    ingest: percentiles(load.latencies),
    queryable: percentiles(queryable),
    sealed: percentiles(sealed),
    cpuMicros: meter.perEvent(load.acknowledged),
  };
}

interface Probe {
  acknowledgedAt: number;
  leaf?: number;
}

/** Single events that are looked for in ClickHouse whenever a batch has landed, and then under the checkpoints. */
class Probes {
  private readonly open = new Map<string, Probe>();
  readonly queryable: number[] = [];
  readonly sealed: number[] = [];
  private readonly stop = new AbortController();
  private readonly work: Promise<unknown>;
  /** Why a look failed that a message had called for. */
  private fault: Error | undefined;

  private constructor(
    private readonly stage: Stage,
    private readonly subscriber: Stage['redis'],
  ) {
    this.work = Promise.all([this.send(), this.lookInLedger()]);
    // Whoever ends the probes hears of it, and must not be too late for that.
    this.work.catch(() => {});
    subscriber.on('message', () => {
      this.look().catch((error: Error) => (this.fault ??= error));
    });
  }

  static async begin(stage: Stage): Promise<Probes> {
    const subscriber = stage.redis.duplicate();
    await subscriber.subscribe(stage.cluster.keys.landed());
    return new Probes(stage, subscriber);
  }

  /** Sends no more; resolves when all that were sent have been found. */
  async end(): Promise<void> {
    this.stop.abort();
    try {
      await this.work;
    } finally {
      this.subscriber.disconnect();
    }
  }

  private async send(): Promise<void> {
    const { apiUrls, adminKey } = this.stage.cluster;
    const pending = new Set<Promise<void>>();
    try {
      for await (const url of every(PROBE_EVERY_MS, `${apiUrls[0]}/audit/api/events`, { signal: this.stop.signal })) {
        const probe = this.probe(url, adminKey).finally(() => pending.delete(probe));
        pending.add(probe);
      }
    } catch (error) {
      if (!this.stop.signal.aborted) throw error;
    }
    await Promise.all(pending);
  }

  private async probe(url: string, key: string): Promise<void> {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ eventType: 'API_CALL', description: 'probe' }),
    });
    if (answer.status !== 202) throw new Error(`a probe was answered with ${answer.status}`);
    const { ids } = (await answer.json()) as { ids: string[] };
    this.open.set(ids[0] ?? '', { acknowledgedAt: performance.now() });
  }

  /** Looks in ClickHouse for the probes that were not found yet. */
  private async look(): Promise<void> {
    const ids = [...this.open].filter(([, probe]) => probe.leaf === undefined).map(([id]) => id);
    if (ids.length === 0) return;
    const answer = await this.stage.clickhouse.query({
      query: `SELECT toString(id) AS event, leaf_index AS leaf FROM events
        WHERE tenant = {tenant:String} AND occurred_at > now64() - INTERVAL 5 MINUTE AND id IN {ids:Array(UUID)}`,
      query_params: { tenant: TENANT, ids },
      format: 'JSONEachRow',
    });
    const now = performance.now();
    for (const { event, leaf } of await answer.json<{ event: string; leaf: string }>()) {
      const probe = this.open.get(event);
      if (!probe || probe.leaf !== undefined) continue;
      probe.leaf = Number(leaf);
      this.queryable.push(now - probe.acknowledgedAt);
    }
  }

  private async lookInLedger(): Promise<void> {
    while (!this.stop.signal.aborted || this.open.size > 0) {
      await pause(25);
      // A probe whose batch had landed before its 202 was read finds no message to wake it.
      if (this.stop.signal.aborted) await this.look();
      if (this.fault) throw this.fault;
      const size = await this.stage.sealed();
      for (const [id, { leaf, acknowledgedAt }] of this.open) {
        if (leaf === undefined || leaf >= size) continue;
        this.open.delete(id);
        this.sealed.push(performance.now() - acknowledgedAt);
      }
    }
  }
}

function percentiles(values: number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN) * 10) / 10;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), most: at(1), samples: sorted.length };
}
