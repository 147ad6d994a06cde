import { runLoad } from './run-load';
import { Stage, TENANT } from './stage';

export const EVENTS_PER_BODY = 1000;
/** Enough for full batches, little enough that the drain after the load does not count. */
const MOST_WAITING = 200_000;
const CONNECTIONS = 8;

export interface Sustained {
  events: number;
  /** From the first request until ClickHouse had the last event. */
  seconds: number;
  perSecond: number;
  /** From the last event in ClickHouse to the checkpoint over it, and the rules being through. */
  caughtUpMs: number;
  /** The furthest that the checkpoints were behind during the load, in events. */
  ledgerLag: number;
  cpuMicros: Record<string, number>;
}

/** As many events as the system takes for `seconds`, bounded by what waits in it; counted in ClickHouse. */
export async function sustained(stage: Stage, seconds: number): Promise<Sustained> {
  const { cluster } = stage;
  const before = await stage.stored();
  const meter = stage.meter();
  const lag = watchLag(stage);
  const load = await runLoad({
    urls: cluster.apiUrls,
    key: cluster.adminKey,
    connections: CONNECTIONS,
    eventsPerBody: EVENTS_PER_BODY,
    seconds,
    waiting: {
      redisUrl: cluster.config.redis.url ?? '',
      hash: cluster.keys.totals(),
      field: 'waitingRows',
      most: MOST_WAITING,
    },
  });
  await stage.drained();
  const drainedAt = Date.now();
  await stage.caughtUp();
  const caughtUpMs = Date.now() - drainedAt;
  const events = (await stage.stored()) - before;
  if (events !== load.acknowledged) throw new Error(`${load.acknowledged} acknowledged, but ${events} stored`);
  const took = (drainedAt - load.beganAt) / 1000;
  return {
    events,
    seconds: took,
    perSecond: events / took,
    caughtUpMs,
    ledgerLag: lag(),
    cpuMicros: { ...meter.perEvent(events), load: Math.round((load.cpuMs / events) * 1e5) / 100 },
  };
}

function watchLag(stage: Stage): () => number {
  let most = 0;
  const timer = setInterval(() => {
    void Promise.all([stage.sealed(), stage.redis.get(stage.cluster.keys.nextLeaf(TENANT))]).then(([sealed, next]) => {
      most = Math.max(most, Number(next) - sealed);
    });
  }, 500);
  return () => {
    clearInterval(timer);
    return most;
  };
}
