/** `npm run bench`: how fast the system is, beside plain inserts into the same table. See docs/performance.md. */
import { writeFile } from 'node:fs/promises';
import { benchAlerts } from './alert-latency';
import { latencyAt } from './latency';
import { insertBuffers, insertObjects, readyBatches, ReadyBatches } from './limit';
import { naive } from './naive';
import { Options, PartName, readOptions, USAGE } from './options';
import { EVENTS_PER_BODY, sustained } from './pipeline';
import { benchPanels } from './panels';
import { benchQueries } from './queries';
import { queueEvents, queuePointers } from './queue';
import { emptyResult, median, Rate, render, Result, SINGLES, summary } from './report';
import { benchSdk } from './run-sdk';
import { soak } from './soak';
import { Stage } from './stage';
import { benchVerify } from './verify';

const ROWS_PER_BATCH = 20_000;
const SINGLES_PER_SECOND = 1000;
const WARM_UP_SECONDS = 3;
/** To each route, when statistics are measured. */
const REQUESTS = 40;
const ALERT_SECONDS = 30;
const SEVERAL = { apis: 2, workers: 2 };

const began = Date.now();
const say = (line: string) =>
  process.stderr.write(`${((Date.now() - began) / 1000).toFixed(1).padStart(7)} s  ${line}\n`);

async function round(options: Options, stage: Stage, batches: ReadyBatches, result: Result): Promise<void> {
  const redisUrl = stage.cluster.config.redis.url ?? '';
  const measure = async (part: PartName, name: Rate, work: () => Promise<number>) => {
    if (!options.only.includes(part)) return;
    await stage.settle();
    const perSecond = await work();
    result.rounds[name].push(perSecond);
    say(`${name}: ${Math.round(perSecond)} events/s`);
  };
  await measure('limit', 'limitObjects', () => insertObjects(stage.plain, batches));
  await measure('limit', 'limitBuffer', () => insertBuffers(stage.plain, batches));
  await measure('queue', 'queueEvents', () => queueEvents(redisUrl, options.queueEvents));
  await measure('queue', 'queuePointers', () => queuePointers(redisUrl, options.queueEvents, EVENTS_PER_BODY));
  await measure('naive', 'naive', () => naive(stage, options.naiveEvents));
  await measure('pipeline', 'pipeline', async () => {
    const run = await sustained(stage, options.seconds);
    result.pipelineRuns.push(run);
    say(`CPU µs per event: ${JSON.stringify(run.cpuMicros)}; ledger behind by ${run.ledgerLag} events at most`);
    return run.perSecond;
  });
}

async function latencies(options: Options, stage: Stage, result: Result): Promise<void> {
  const measure = async (name: string, perSecond: number, eventsPerBody: number) => {
    await stage.settle();
    const latency = await latencyAt(stage, perSecond, eventsPerBody, options.latencySeconds);
    result.latencies[name] = latency;
    say(`${name}: ${JSON.stringify(latency.ingest)}; queryable ${JSON.stringify(latency.queryable)}`);
  };
  await measure(SINGLES, SINGLES_PER_SECOND, 1);
  const sustainedRate = median(result.rounds.pipeline);
  if (Number.isNaN(sustainedRate)) return;
  for (const share of [0.5, 0.8]) {
    await measure(`${share * 100} % of sustained`, sustainedRate * share, EVENTS_PER_BODY);
  }
}

async function measureAlone(options: Options, result: Result): Promise<void> {
  const stage = await Stage.set(1, 1, options.profileDir);
  try {
    const batches = readyBatches(options.only.includes('limit') ? options.batches : 0, ROWS_PER_BATCH);
    say('warming up');
    await sustained(stage, WARM_UP_SECONDS);
    for (let n = 1; n <= options.rounds; n++) {
      say(`round ${n} of ${options.rounds}`);
      await round(options, stage, batches, result);
    }
    if (options.only.includes('latency')) await latencies(options, stage, result);
    result.memory = stage.memory();
  } finally {
    await stage.clear();
  }
}

async function measureSeveral(options: Options, result: Result): Promise<void> {
  say(`${SEVERAL.apis} APIs and ${SEVERAL.workers} workers`);
  const stage = await Stage.set(SEVERAL.apis, SEVERAL.workers);
  try {
    await sustained(stage, WARM_UP_SECONDS);
    result.several = { ...SEVERAL, run: await sustained(stage, options.seconds) };
  } finally {
    await stage.clear();
  }
}

/** What is measured by itself, if anything was asked for that is. */
async function alone(options: Options): Promise<unknown> {
  const { soakMinutes, queryEvents, verifyEvents, panelEvents, alertEvents, sdk } = options;
  if (soakMinutes !== undefined) return soakAlone(soakMinutes, options);
  if (queryEvents !== undefined) return benchQueries({ events: queryEvents, requests: REQUESTS, say });
  if (panelEvents !== undefined) return benchPanels({ events: panelEvents, requests: REQUESTS, say });
  if (verifyEvents !== undefined) return benchVerify(verifyEvents, say);
  if (alertEvents !== undefined) return benchAlerts(ALERT_SECONDS, alertEvents);
  if (sdk) return benchSdk();
  return undefined;
}

async function soakAlone(minutes: number, options: Options): Promise<unknown> {
  const stage = await Stage.set(1, 1, options.profileDir);
  try {
    return await soak(stage, minutes, say);
  } finally {
    await stage.clear();
  }
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') return void process.stdout.write(`${USAGE}\n`);
  let json = await alone(options);
  if (json !== undefined) {
    process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
  } else {
    const result = emptyResult();
    if (options.only.some((part) => part !== 'several')) await measureAlone(options, result);
    if (options.only.includes('several')) await measureSeveral(options, result);
    process.stdout.write(`${render(result)}\n`);
    json = summary(result);
  }
  if (options.jsonFile) await writeFile(options.jsonFile, `${JSON.stringify(json, null, 2)}\n`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
