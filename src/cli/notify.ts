import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { z } from 'zod';
import type { AuditClient } from './client';
import { collect, connect, withTenant } from './context';
import { EXIT, print, printJson, table } from './output';
import { queryOf, readPages } from './pages';
import { wholeNumber } from './search';

const notification = z.looseObject({
  id: z.string(),
  kind: z.string(),
  ruleId: z.string().nullable(),
  group: z.string(),
  channel: z.string(),
  type: z.string(),
  destination: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  attempts: z.number(),
  createdAt: z.string(),
});
type Notification = z.output<typeof notification>;
const page = z.object({ items: z.array(notification), nextCursor: z.string().nullish() });
const POLL_MS = 250;
/** A test is tried once; a receiver has ten seconds, a mail server twenty for each step. */
const PATIENCE_MS = 60_000;

type Options = { tenant?: string; json?: boolean };
interface LogOptions extends Options {
  limit: string;
  state?: string[];
  group?: string[];
  alert?: string[];
  type?: string[];
  from?: string;
  to?: string;
}

async function runLog(options: LogOptions): Promise<void> {
  const query = queryOf({
    ...{ state: options.state, group: options.group, alertId: options.alert, type: options.type },
    ...{ from: options.from, to: options.to },
  });
  const limit = wholeNumber('--limit', options.limit);
  const { items: found, more } = await readPages(await connect(options), 'notifications', notification, query, limit);
  if (options.json) return printJson(found);
  if (found.length === 0) return print('no notifications');
  const rows = found.map((n) => [
    n.createdAt,
    n.state,
    n.kind,
    n.ruleId ?? '',
    n.group,
    n.channel,
    n.destination,
    String(n.attempts),
    n.reason ?? '',
  ]);
  print(table(['CREATED', 'STATE', 'KIND', 'RULE', 'GROUP', 'CHANNEL', 'TO', 'TRIES', 'REASON'], rows));
  if (more) process.stderr.write(`${found.length} shown, there are more; use --limit\n`);
}

async function runTest(options: Options & { group: string; channel?: string }): Promise<void> {
  const client = await connect(options);
  const { group, channel } = options;
  const { items } = await client.json('POST', 'notifications/test', page, { json: { group, channel } });
  const outcomes = await Promise.all(items.map((one) => outcomeOf(client, one)));
  if (options.json) printJson(outcomes);
  else {
    const rows = outcomes.map((n) => [n.channel, n.type, n.destination, n.state, n.reason ?? '']);
    print(table(['CHANNEL', 'TYPE', 'TO', 'OUTCOME', 'REASON'], rows));
  }
  if (outcomes.some(({ state }) => state !== 'sent')) process.exitCode = EXIT.failed;
}

/** What became of a test, or how far it has come when patience ends. */
async function outcomeOf(client: AuditClient, test: Notification): Promise<Notification> {
  const until = Date.now() + PATIENCE_MS;
  for (let now = test; ; now = await client.json('GET', `notifications/${encodeURIComponent(test.id)}`, notification)) {
    if (now.state !== 'queued' || Date.now() > until) return now;
    await sleep(POLL_MS);
  }
}

export function notifyCommand(): Command {
  const command = new Command('notify')
    .summary('notifications: what became of them, and sending a test')
    .description('Shows what became of the messages about alerts, and tries whether they would arrive.');
  withTenant(command.command('log'))
    .description('Lists notifications, newest first.')
    .option('--state <name>', 'queued, held, sent, failed or skipped; may be repeated', collect)
    .option('--group <name>', 'recipient group; may be repeated', collect)
    .option('--alert <id>', 'alert; may be repeated', collect)
    .option('--type <name>', 'mail, slack, sms, http, webhook or pagerduty; may be repeated', collect)
    .option('--from <time>', 'made at or after this time (RFC 3339 or a date)')
    .option('--to <time>', 'made before this time')
    .option('--limit <n>', 'how many', '50')
    .option('--json', 'print JSON')
    .action(runLog);
  withTenant(command.command('test'))
    .description('Sends a test to every address of a group and tells what became of it; exit code 1 if one failed.')
    .requiredOption('--group <name>', 'recipient group')
    .option('--channel <name>', 'only this channel of it')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  mcp-audit notify test --group security_team --channel mail')
    .action(runTest);
  return command;
}
