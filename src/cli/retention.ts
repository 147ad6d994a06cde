import { Command, Option } from 'commander';
import { z } from 'zod';
import { RETENTION_CLASSES } from '../events/event-types';
import { connect, withTenant } from './context';
import { print, printJson, table, UsageError } from './output';
import { wholeNumber } from './search';

const state = z.looseObject({
  retention: z.string(),
  days: z.number(),
  source: z.string(),
  applied: z.object({ days: z.number(), receivedBefore: z.string() }).nullable(),
  events: z.number(),
});
const states = z.object({ items: z.array(state) });
const effect = z.looseObject({ days: z.number(), events: z.number(), due: z.number(), held: z.number() });
const forecast = z.object({
  items: z.array(z.object({ retention: z.string(), day: z.string(), events: z.number(), held: z.number() })),
});
const manifests = z.object({
  items: z.array(
    z.looseObject({
      ...{ id: z.string(), retention: z.string(), horizon: z.string(), leaves: z.number(), createdAt: z.string() },
    }),
  ),
});

interface Options {
  tenant?: string;
  json?: boolean;
}

function showStates(items: z.infer<typeof state>[]): void {
  const applied = (each: z.infer<typeof state>) =>
    each.applied ? `${each.applied.days} if received before ${each.applied.receivedBefore}` : 'as each says itself';
  const rows = items.map((s) => [s.retention, String(s.days), s.source, String(s.events), applied(s)]);
  print(table(['CLASS', 'DAYS FOR NEW EVENTS', 'FROM', 'STORED', 'DAYS FOR STORED EVENTS'], rows));
}

async function show(options: Options): Promise<void> {
  const { items } = await (await connect(options)).json('GET', 'privacy/retention', states);
  if (options.json) return printJson(items);
  showStates(items);
}

async function set(options: Options & { class: string; days: string; reason: string }): Promise<void> {
  const days = options.days === 'configured' ? null : wholeNumber('--days', options.days);
  const { items } = await (
    await connect(options)
  ).json('PUT', `privacy/retention/${options.class}`, states, {
    json: { days, reason: options.reason },
  });
  if (options.json) return printJson(items);
  showStates(items);
  print(`stored events are not touched; to have them kept as long: mcp-audit retention apply --class ${options.class}`);
}

async function apply(options: Options & { class: string; reason?: string; yes?: boolean }): Promise<void> {
  const client = await connect(options);
  const send = (dryRun: boolean, reason: string) =>
    client.json('POST', `privacy/retention/${options.class}/apply`, effect, {
      json: { reason, dryRun },
    });
  if (options.yes && options.reason === undefined) throw new UsageError('--yes needs a --reason');
  const result = await send(!options.yes, options.reason ?? 'dry run');
  if (options.json) return printJson(result);
  print(
    `${result.events} stored event(s) of the class ${options.class} ${options.yes ? 'are' : 'would be'} kept for ${result.days} days; ` +
      `${result.due} of them ${options.yes ? 'go' : 'would go'} with the next run, ${result.held} are held`,
  );
  if (!options.yes) print('nothing was changed; give --yes and a --reason to do it');
}

async function preview(options: Options & { days: string }): Promise<void> {
  const query = new URLSearchParams({ days: String(wholeNumber('--days', options.days)) });
  const { items } = await (await connect(options)).json('GET', 'privacy/retention/preview', forecast, { query });
  if (options.json) return printJson(items);
  if (items.length === 0) return print(`the next ${options.days} days remove nothing`);
  print(
    table(
      ['DAY', 'CLASS', 'REMOVED', 'HELD'],
      items.map((d) => [d.day, d.retention, String(d.events), String(d.held)]),
    ),
  );
  print(`${items.reduce((sum, { events }) => sum + events, 0)} event(s) will be removed by then`);
}

async function listManifests(options: Options): Promise<void> {
  const { items } = await (await connect(options)).json('GET', 'privacy/retention/manifests', manifests);
  if (options.json) return printJson(items);
  const rows = items.map((m) => [m.id, m.createdAt, m.retention, m.horizon, String(m.leaves)]);
  print(items.length === 0 ? 'nothing was removed yet' : table(['ID', 'CREATED', 'CLASS', 'ENDED BY', 'EVENTS'], rows));
}

async function run(options: Options): Promise<void> {
  const done = z.object({ removed: z.number(), manifests: z.array(z.string()) });
  const result = await (await connect(options)).json('POST', 'privacy/retention/run', done);
  if (options.json) return printJson(result);
  print(`removed ${result.removed} event(s) under ${result.manifests.length} manifest(s)`);
}

const classOption = () =>
  new Option('--class <name>', 'retention class').choices([...RETENTION_CLASSES]).makeOptionMandatory();

export function retentionCommand(): Command {
  const command = new Command('retention')
    .summary('how long events are kept: show, set, apply, preview')
    .description('How long events are kept. A worker removes once a day what is due, under a signed manifest.');
  withTenant(command.command('show'))
    .description('Shows how long events of each class are kept.')
    .option('--json', 'print JSON')
    .action(show);
  withTenant(command.command('set'))
    .description('Decides how long events are kept that come in from now on.')
    .addOption(classOption())
    .requiredOption('--days <n>', 'full days after receipt; "configured" goes back to the configuration')
    .requiredOption('--reason <text>', 'why; kept in plain, so name no person')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  mcp-audit retention set --class user_action --days 180 --reason "policy 2027-1"',
    )
    .action(set);
  withTenant(command.command('apply'))
    .description('Applies the policy of a class to stored events. Without --yes it only says what it would do.')
    .addOption(classOption())
    .option('--reason <text>', 'why; kept in plain, so name no person')
    .option('--yes', 'do it')
    .option('--json', 'print JSON')
    .action(apply);
  withTenant(command.command('preview'))
    .description('Says what the next days will remove if nothing changes. Changes nothing.')
    .option('--days <n>', 'how far to look ahead', '30')
    .option('--json', 'print JSON')
    .action(preview);
  withTenant(command.command('manifests'))
    .description('Lists the signed manifests of what was removed.')
    .option('--json', 'print JSON')
    .action(listManifests);
  withTenant(command.command('run'))
    .description('Removes what is due of the tenant now, without waiting for the worker.')
    .option('--json', 'print JSON')
    .action(run);
  return command;
}
