// From the 202 to the checkpoint, under load: node -r ./test/support/register.cjs test/bench/seal-latency.ts [seconds] [events per second]
import { latencyAt } from './latency';
import { Stage } from './stage';

/** What is promised at p99, ms. */
const PROMISED_MS = 5000;
const EVENTS_PER_BODY = 100;

async function main(): Promise<void> {
  const [seconds = 30, perSecond = 5000] = process.argv.slice(2).map(Number);
  const stage = await Stage.set(1, 1);
  try {
    const { sealed } = await latencyAt(stage, perSecond, EVENTS_PER_BODY, seconds);
    process.stdout.write(`${JSON.stringify({ seconds, perSecond, sealedMs: sealed })}\n`);
    if (!(sealed.p99 < PROMISED_MS)) process.exitCode = 1;
  } finally {
    await stage.clear();
  }
}

void main();
