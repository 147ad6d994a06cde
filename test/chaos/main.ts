/** `npm run chaos`: runs the real system, breaks it, and checks that nothing was lost. See docs/reliability.md. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../src/cli/demo/random';
import { Nemesis } from './nemesis';
import { Options, readOptions, USAGE } from './options';
import { render, Report } from './report';
import { clickhouseDown, Deeds, shutdown } from './scenarios';
import { Stage } from './stage';

const say = (line: string) => process.stdout.write(`${line}\n`);

async function storm(options: Options, stage: Stage): Promise<Deeds> {
  const began = Date.now();
  const nemesis = new Nemesis({
    cluster: stage.cluster,
    random: new Random(`${options.seed} nemesis`),
    kills: options.kills,
    deadline: began + options.minutes * 60_000,
    paceMs: options.paceMs,
    disks: stage.disks,
    clockFile: stage.clockFile,
    receiver: stage.receiver,
    ...(options.only && { only: options.only }),
    onFault: (line) => say(`${((Date.now() - began) / 1000).toFixed(1).padStart(7)} s  ${line}`),
  });
  await nemesis.run();
  return {
    kills: nemesis.kills,
    killed: Object.fromEntries(nemesis.killed),
    faults: Object.fromEntries([...nemesis.faults].sort()),
    measured: {},
  };
}

const SCENARIOS = { storm, 'clickhouse-down': clickhouseDown, shutdown };

async function run(options: Options): Promise<Report> {
  const { scenario, seed } = options;
  const began = Date.now();
  const stage = await Stage.set(options, howToStage(options), say);
  if (options.negativeControl) await rememberTokens(stage);
  let ok = false;
  try {
    stage.send();
    const deeds = await SCENARIOS[scenario](options, stage);
    say('healed; waiting for the clients and the drain');
    const drainMs = await stage.finish();
    const checks = await stage.judge();
    ok = checks.every((check) => check.ok);
    const { requests, acknowledged, refused, unknown, unreachable, repeats } = stage.counts();
    const clients = { requests, acknowledged, refused, unknown, unreachable, repeats };
    const peakRssMb = Object.fromEntries([...stage.peaks].map(([kind, bytes]) => [kind, Math.round(bytes / 1048576)]));
    const seconds = (Date.now() - began) / 1000;
    return {
      scenario,
      seed,
      date: new Date().toISOString(),
      seconds,
      ...deeds,
      clients,
      drainMs,
      peakRssMb,
      checks,
      ok,
    };
  } finally {
    const remove = ok && !options.keep;
    await stage.clear(remove);
    if (!remove) say(`the data stays in ${stage.dir}`);
  }
}

function howToStage({ scenario, negativeControl }: Options) {
  const register = join(__dirname, '../support/register.cjs');
  const quickBatches = { AUDIT_FLUSH_INTERVAL: '0.05' };
  if (negativeControl) {
    const workerArgs = ['-r', register, join(__dirname, 'token-writer.ts')];
    return { env: quickBatches, proxied: true, smallDisks: false, repeats: false, rules: false, workerArgs };
  }
  if (scenario === 'clickhouse-down') {
    const env = { AUDIT_BUFFER_MAX_BYTES: String(24 * 1024 * 1024) };
    return { env, proxied: false, smallDisks: false, repeats: true, rules: true };
  }
  const isStorm = scenario === 'storm';
  return { env: quickBatches, proxied: isStorm, smallDisks: isStorm, repeats: true, rules: true };
}

/** A plain MergeTree forgets deduplication tokens at once unless told to keep them. */
async function rememberTokens(stage: Stage): Promise<void> {
  const clickhouse = stage.cluster.clickhouse();
  await clickhouse.command({ query: 'ALTER TABLE events MODIFY SETTING non_replicated_deduplication_window = 10000' });
  await clickhouse.close();
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    say(USAGE);
    return 0;
  }
  const report = await run(options);
  say(render(report));
  if (options.jsonFile) await writeFile(options.jsonFile, `${JSON.stringify(report, null, 2)}\n`);
  if (!options.negativeControl) {
    say(report.ok ? 'EVERYTHING HOLDS' : 'SOMETHING IS BROKEN');
    return report.ok ? 0 : 1;
  }
  const broken = report.checks.filter((check) => !check.ok).map(({ name }) => name);
  const caught = broken.some((name) => name.startsWith('acknowledged') || name.startsWith('nothing is stored twice'));
  say(caught ? `THE TOKEN WRITER WAS CAUGHT: ${broken.join('; ')}` : 'THE TOKEN WRITER WAS NOT CAUGHT');
  return caught ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(2);
  },
);
