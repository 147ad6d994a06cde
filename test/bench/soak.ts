import { sustained } from './pipeline';
import { median } from './report';
import type { Stage } from './stage';

const SAMPLE_MS = 5000;

export interface Soak {
  minutes: number;
  perSecond: number;
  /** MiB: medians of the second and of the last quarter of the time, and the peak. */
  memory: Record<string, { early: number; late: number; peak: number }>;
  samples: { seconds: number; mib: Record<string, number> }[];
}

/** Full load for so long, and the memory of every process over it. */
export async function soak(stage: Stage, minutes: number, say: (line: string) => void): Promise<Soak> {
  const samples: Soak['samples'] = [];
  const began = Date.now();
  const timer = setInterval(() => {
    const mib = Object.fromEntries(Object.entries(stage.memory()).map(([name, { now }]) => [name, now]));
    const seconds = Math.round((Date.now() - began) / 1000);
    samples.push({ seconds, mib });
    if (samples.length % 6 === 0) say(`${seconds} s: ${JSON.stringify(mib)}`);
  }, SAMPLE_MS);
  const run = await sustained(stage, minutes * 60).finally(() => clearInterval(timer));
  const quarter = (n: number, name: string) => {
    const part = samples.slice((samples.length * n) >> 2, (samples.length * (n + 1)) >> 2);
    return median(part.map(({ mib }) => mib[name] ?? NaN));
  };
  const memory = Object.fromEntries(
    Object.entries(stage.memory()).map(([name, { peak }]) => [
      name,
      { early: quarter(1, name), late: quarter(3, name), peak },
    ]),
  );
  return { minutes, perSecond: run.perSecond, memory, samples };
}
