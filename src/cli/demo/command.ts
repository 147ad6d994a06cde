import { Command } from 'commander';
import { connect, withTenant } from '../context';
import { countAdded, countEvents, waitingEvents } from '../event-count';
import { EventSender } from '../event-sender';
import { EXIT, print, printJson, UsageError } from '../output';
import { Evaluated, raiseHistory } from '../raise-history';
import { Progress } from '../progress';
import { wholeNumber } from '../search';
import { DemoOptions, generateDemo } from './generator';

const HOUR = 3_600_000;

interface Options {
  days: string;
  seed: string;
  eventsPerDay: string;
  end?: string;
  tenant?: string;
  dryRun?: boolean;
  evaluate: boolean;
  json?: boolean;
}

function demoOptions(options: Options): DemoOptions {
  const end = options.end === undefined ? Math.floor(Date.now() / HOUR) * HOUR : Date.parse(options.end);
  if (Number.isNaN(end)) throw new UsageError('--end expects a time such as 2026-11-01T00:00:00Z');
  return {
    days: wholeNumber('--days', options.days),
    seed: options.seed,
    eventsPerDay: wholeNumber('--events-per-day', options.eventsPerDay, 50),
    end,
  };
}

async function runDemo(given: Options): Promise<void> {
  const options = demoOptions(given);
  const demo = generateDemo(options);
  if (given.dryRun) {
    for (const events of demo.eventsByDay()) for (const event of events) print(JSON.stringify(event));
    return;
  }
  const client = await connect(given);
  const progress = new Progress(process.stderr);
  const refusals: string[] = [];
  const sender = new EventSender<string>(client, {
    onRejected: (type, problems) =>
      refusals.push(`${type}: ${problems.map((p) => `${p.path} ${p.message}`).join('; ')}`),
    onRetry: (reason, waitMs) => progress.note(`${reason}; trying again in ${(waitMs / 1000).toFixed(1)} s`),
  });
  const before = await countEvents(client, undefined);
  let days = 0;
  let first: string | undefined;
  for (const events of demo.eventsByDay()) {
    first ??= events[0]?.occurredAt;
    for (const event of events) await sender.add(event, event.eventType);
    days += 1;
    progress.update(() => ({ done: days, total: options.days + 1, text: `${days} days, ${sender.accepted} accepted` }));
  }
  await sender.finish();
  const system = { count: () => countEvents(client, undefined), waiting: () => waitingEvents(client) };
  const added = before === undefined ? undefined : await countAdded(system, before, sender.accepted);
  const to = new Date(options.end + 1).toISOString();
  const evaluated = given.evaluate && first !== undefined ? await raiseHistory(client, { from: first, to }) : undefined;
  progress.clear();
  const sent = { accepted: sender.accepted, added, rejected: sender.rejected, refusals, evaluated };
  report(given, options, sent, demo.incidents);
  if (sender.rejected > 0) process.exitCode = EXIT.failed;
}

function report(
  given: Options,
  options: DemoOptions,
  sent: {
    accepted: number;
    added: number | undefined;
    rejected: number;
    refusals: string[];
    evaluated: Evaluated | undefined;
  },
  incidents: { name: string; summary: string; events: { occurredAt: string }[] }[],
): void {
  const end = new Date(options.end).toISOString();
  const planted = incidents.map(({ name, summary, events }) => ({
    name,
    at: events.at(-1)?.occurredAt ?? '',
    summary,
  }));
  if (given.json) {
    printJson({ days: options.days, seed: options.seed, end, ...sent, incidents: planted });
    return;
  }
  const known = sent.added === undefined ? '' : `, ${sent.added} of them new`;
  print(`${sent.accepted} events of ${options.days} days up to ${end} accepted${known} (seed ${options.seed})`);
  for (const refusal of sent.refusals.slice(0, 5)) print(`refused: ${refusal}`);
  if (sent.evaluated) print(`${sent.evaluated.opened} alerts opened; "mcp-audit alerts list" shows them`);
  print('planted incidents:');
  for (const { name, at, summary } of planted) print(`  ${name.padEnd(22)} ${at}  ${summary}`);
}

export function demoCommand(): Command {
  return withTenant(new Command('demo'))
    .summary('fill the running system with a month of a freight company')
    .description(
      'Sends the traffic of a made-up freight company: office hours, night jobs, payments, consents, requests of data subjects,\n' +
        'and seven planted incidents. The same seed and end give the same events, so sending them again adds nothing.',
    )
    .option('--days <n>', 'calendar days', '30')
    .option('--seed <text>', 'another seed, another month', '1')
    .option('--events-per-day <n>', 'events of an average day, at least 50', '2000')
    .option('--end <time>', 'when it ends (default: the hour that has begun)')
    .option('--no-evaluate', 'open no alerts for it')
    .option('--dry-run', 'print the events as NDJSON; nothing is sent')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nExample:\n  mcp-audit demo --days 7 --seed harbour --end 2026-11-01T00:00:00Z')
    .action(runDemo);
}
