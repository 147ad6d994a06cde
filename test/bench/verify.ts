import { EVENTS_PER_BODY, sustained } from './pipeline';
import { median } from './report';
import { Stage, TENANT } from './stage';

const RUNS = 3;
const FILL_SECONDS = 20;

export interface VerifyResult {
  events: number;
  /** Of each run. */
  perSecond: number[];
  median: number;
  cpuMicros: Record<string, number>[];
}

/** Fills a ledger through the pipeline, so that all is hashed, signed and sealed, and has the system verify all of it. */
export async function benchVerify(events: number, say: (line: string) => void): Promise<VerifyResult> {
  const stage = await Stage.set(1, 1);
  try {
    for (let stored = 0; stored < events; stored = await stage.stored()) {
      say(`${stored} of ${events} events stored`);
      await sustained(stage, Math.min(FILL_SECONDS, Math.max(1, (events - stored) / EVENTS_PER_BODY / 10)));
    }
    await stage.settle();
    const result: VerifyResult = { events: await stage.stored(), perSecond: [], median: NaN, cpuMicros: [] };
    for (let run = 0; run < RUNS; run++) {
      const meter = stage.meter();
      const began = performance.now();
      const verified = await verifyAll(stage);
      result.perSecond.push(Math.round((verified / (performance.now() - began)) * 1000));
      result.cpuMicros.push(meter.perEvent(verified));
      say(`${result.perSecond.at(-1)} events/s, CPU µs per event ${JSON.stringify(result.cpuMicros.at(-1))}`);
    }
    result.median = median(result.perSecond);
    return result;
  } finally {
    await stage.clear();
  }
}

/** @returns the events that were verified. @throws Error if the ledger is not sound */
async function verifyAll(stage: Stage): Promise<number> {
  const { apiUrls, adminKey } = stage.cluster;
  const answer = await fetch(`${apiUrls[0]}/audit/api/ledger/${TENANT}/verifications`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: '{}',
  });
  const last = (await answer.text()).trim().split('\n').at(-1) ?? '';
  const { report } = JSON.parse(last) as { report?: { sound: boolean; events: number } };
  if (report?.sound !== true) throw new Error(`the verification did not find the ledger sound: ${last}`);
  return report.events;
}
