import { Command, Option } from 'commander';
import { z } from 'zod';
import { collect, connect, withTenant } from './context';
import { print, printJson, table } from './output';
import { reportAnswer, waitForReport } from './report';

const schedule = z.looseObject({
  ...{ name: z.string(), regulation: z.string(), period: z.string(), cron: z.string(), timeZone: z.string() },
  ...{ formats: z.array(z.string()), groups: z.array(z.string()), mail: z.array(z.string()), enabled: z.boolean() },
  nextRunAt: z.string().nullable(),
});
const list = z.object({ items: z.array(schedule) });
const SCHEDULES = 'compliance/schedules';

type Options = { tenant?: string; json?: boolean };

async function runList(options: Options): Promise<void> {
  const { items } = await (await connect(options)).json('GET', SCHEDULES, list);
  if (options.json) return printJson(items);
  if (items.length === 0) return print('no schedules; "mcp-audit schedule add" makes one');
  const rows = items.map((s) => [
    ...[s.name, s.regulation, s.period, `${s.cron} ${s.timeZone}`, s.formats.join(',')],
    ...[[...s.groups, ...s.mail].join(', '), s.nextRunAt?.slice(0, 16).replace('T', ' ') ?? 'disabled'],
  ]);
  print(table(['NAME', 'LAW', 'PERIOD', 'WHEN', 'FORMATS', 'RECIPIENTS', 'NEXT (UTC)'], rows));
}

interface AddOptions extends Options {
  regulation: string;
  cron: string;
  period: string;
  timezone?: string;
  language?: string;
  format?: string[];
  group?: string[];
  mail?: string[];
}

async function runAdd(name: string, options: AddOptions): Promise<void> {
  const { regulation, cron, period, timezone, language, format, group, mail } = options;
  const body = {
    ...{ name, regulation, cron, period, groups: group ?? [], mail: mail ?? [] },
    ...(timezone !== undefined && { timeZone: timezone }),
    ...(language !== undefined && { language }),
    ...(format && { formats: format }),
  };
  const client = await connect(options);
  const made = await client.json('POST', SCHEDULES, schedule, { json: body });
  print(`added ${made.name}; it runs next at ${made.nextRunAt ?? 'no time'}`);
}

async function runRemove(name: string, options: Options): Promise<void> {
  const path = `${SCHEDULES}/${encodeURIComponent(name)}`;
  await (await connect(options)).request('DELETE', path, { repeatable: false });
  print(`removed ${name}; its reports stay`);
}

async function runNow(name: string, options: Options): Promise<void> {
  const client = await connect(options);
  const asked = await client.json('POST', `${SCHEDULES}/${encodeURIComponent(name)}/run`, reportAnswer);
  const made = await waitForReport(client, asked);
  print(`made ${made.id}; it is being mailed ("mcp-audit report list" shows to whom)`);
}

export function scheduleCommand(): Command {
  const command = new Command('schedule')
    .summary('compliance reports by schedule')
    .description('Keeps schedules by which compliance reports are made and mailed.');
  const sub = (name: string, description: string) => withTenant(command.command(name)).description(description);
  const periods = ['previous_day', 'previous_week', 'previous_month', 'previous_quarter', 'previous_year'];
  sub('list', 'Lists the schedules.').option('--json', 'print JSON').action(runList);
  sub('add', 'Makes a schedule.')
    .argument('<name>', 'such as monthly-gdpr')
    .addOption(new Option('--regulation <name>').choices(['gdpr', 'lgpd', 'sox']).makeOptionMandatory())
    .requiredOption('--cron <expression>', 'minute, hour, day of the month, month, day of the week')
    .addOption(new Option('--period <period>', 'what it reports on').choices(periods).default('previous_month'))
    .option('--timezone <zone>', 'zone of the expression, the period and the report (default: UTC)')
    .addOption(new Option('--language <code>', 'language of the report').choices(['en', 'pt']))
    .addOption(new Option('--format <format>', 'pdf, xlsx, csv or json; may be repeated').argParser(collect))
    .option('--group <name>', 'recipient group, such as dpo; may be repeated', collect)
    .option('--mail <address>', 'further address; may be repeated', collect)
    .addHelpText(
      'after',
      '\nExample:\n  mcp-audit schedule add monthly-gdpr --regulation gdpr --cron "0 6 1 * *" --timezone Europe/Lisbon --group dpo',
    )
    .action(runAdd);
  sub('remove', 'Deletes a schedule; the reports that it made stay.').argument('<name>').action(runRemove);
  sub('run', 'Makes and mails now what would be due now.').argument('<name>').action(runNow);
  return command;
}
