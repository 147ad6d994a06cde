import { Command } from 'commander';
import { z } from 'zod';
import { collect, connect, withTenant } from './context';
import { print, printJson, table } from './output';
import { queryOf, readPages } from './pages';
import { groupText } from './rules';
import { wholeNumber } from './search';

const alert = z.looseObject({
  id: z.string(),
  ruleId: z.string(),
  severity: z.string(),
  status: z.string(),
  group: z.record(z.string(), z.string()),
  counter: z.number(),
  firstHitAt: z.string(),
  summary: z.string(),
});
type Options = { tenant?: string; json?: boolean };

interface ListOptions extends Options {
  limit: string;
  status?: string[];
  severity?: string[];
  rule?: string[];
  address?: string[];
  user?: string[];
  from?: string;
  to?: string;
}

async function list(options: ListOptions): Promise<void> {
  const query = queryOf({
    status: options.status?.includes('all') ? ['open', 'acknowledged', 'resolved'] : options.status,
    ...{ severity: options.severity, ruleId: options.rule, ipAddress: options.address, userId: options.user },
    ...{ from: options.from, to: options.to },
  });
  const limit = wholeNumber('--limit', options.limit);
  const { items: alerts, more } = await readPages(await connect(options), 'alerts', alert, query, limit);
  if (options.json) return printJson(alerts);
  const rows = alerts.map((a) => [
    a.id,
    a.severity,
    a.status,
    a.ruleId,
    groupText(a.group),
    String(a.counter),
    a.firstHitAt,
    a.summary,
  ]);
  const head = ['ID', 'SEVERITY', 'STATUS', 'RULE', 'GROUP', 'HITS', 'FIRST HIT', 'AT FIRST'];
  print(rows.length === 0 ? 'no alerts' : table(head, rows));
  if (more) process.stderr.write(`${alerts.length} shown, there are more; use --limit\n`);
}

async function show(id: string, options: Options): Promise<void> {
  printJson(await (await connect(options)).json('GET', `alerts/${encodeURIComponent(id)}`, alert));
}

async function act(verb: 'acknowledge' | 'resolve', id: string, body: object, options: Options): Promise<void> {
  const path = `alerts/${encodeURIComponent(id)}/${verb}`;
  const after = await (await connect(options)).json('POST', path, alert, { json: body });
  if (options.json) return printJson(after);
  print(`${after.id} is ${after.status}`);
}

export function alertsCommand(): Command {
  const command = new Command('alerts').summary('alerts: list, show, ack, resolve').description('Works on alerts.');
  const sub = (name: string, description: string) =>
    withTenant(command.command(name)).description(description).option('--json', 'print JSON');
  sub('list', 'Lists alerts that are not resolved, newest first.')
    .option('--status <status>', 'open, acknowledged, resolved or all; may be repeated', collect)
    .option('--severity <name>', 'severity; may be repeated', collect)
    .option('--rule <id>', 'rule; may be repeated', collect)
    .option('--address <address>', 'address that it is about; may be repeated', collect)
    .option('--user <id>', 'user that it is about; may be repeated', collect)
    .option('--from <time>', 'with a hit at or after this time')
    .option('--to <time>', 'with a hit before this time')
    .option('--limit <n>', 'how many', '50')
    .action(list);
  sub('show', 'Shows an alert with its history, as JSON.').argument('<id>').action(show);
  sub('ack', 'Takes an alert on, so that it is not escalated.')
    .argument('<id>')
    .option('--comment <text>', 'for the history')
    .action((id: string, options: Options & { comment?: string }) =>
      act('acknowledge', id, options.comment === undefined ? {} : { comment: options.comment }, options),
    );
  sub('resolve', 'Closes an alert.')
    .argument('<id>')
    .requiredOption('--reason <text>', 'why it is over')
    .option('--resolution <kind>', 'true_positive, false_positive, benign, duplicate or other')
    .action((id: string, options: Options & { reason: string; resolution?: string }) =>
      act('resolve', id, { reason: options.reason, resolution: options.resolution }, options),
    );
  return command;
}
