import { Command } from 'commander';
import { z } from 'zod';
import { collect, connect, withTenant } from './context';
import { print, printJson, table } from './output';
import { queryOf, readPages } from './pages';
import { wholeNumber } from './search';

const deadLetter = z.looseObject({
  id: z.string(),
  eventId: z.string(),
  reasonCode: z.string(),
  reason: z.string(),
  state: z.string(),
  createdAt: z.string(),
});
type Options = { tenant?: string; json?: boolean };
type Filters = { state?: string[]; code?: string[]; event?: string[]; from?: string; to?: string };

async function list(options: Options & Filters & { limit: string }): Promise<void> {
  const query = queryOf({
    ...{ state: options.state, reasonCode: options.code, eventId: options.event },
    ...{ from: options.from, to: options.to },
  });
  const limit = wholeNumber('--limit', options.limit);
  const { items, more } = await readPages(await connect(options), 'dead-letters', deadLetter, query, limit);
  if (options.json) return printJson(items);
  const rows = items.map((d) => [d.id, d.createdAt, d.state, d.reasonCode, d.reason.slice(0, 100)]);
  print(items.length === 0 ? 'no dead letters' : table(['ID', 'CREATED', 'STATE', 'CODE', 'REASON'], rows));
  if (more) process.stderr.write(`${items.length} shown, there are more; use --limit\n`);
}

async function show(id: string, options: Options): Promise<void> {
  printJson(await (await connect(options)).json('GET', pathOf(id), z.looseObject({})));
}

async function replay(ids: string[], options: Options): Promise<void> {
  const client = await connect(options);
  for (const id of ids) {
    await client.request('POST', `${pathOf(id)}/replay`, { repeatable: true });
    print(`replayed ${id}`);
  }
}

async function discard(ids: string[], options: Options & { reason: string }): Promise<void> {
  const client = await connect(options);
  const json = { reason: options.reason };
  for (const id of ids) {
    await client.request('POST', `${pathOf(id)}/discard`, { repeatable: true, json });
    print(`discarded ${id}`);
  }
}

const pathOf = (id: string) => `dead-letters/${encodeURIComponent(id)}`;
export function deadLetterCommand(): Command {
  const command = new Command('dlq')
    .summary('events that could not be stored: list, show, replay, discard')
    .description('Dead letters: events that were accepted and then could not be stored.');
  withTenant(command.command('list'))
    .description('Lists dead letters, newest first.')
    .option('--state <name>', 'waiting, replayed or discarded; may be repeated', collect)
    .option('--code <code>', 'ID_CONFLICT or REFUSED_BY_STORE; may be repeated', collect)
    .option('--event <id>', 'id of the event; may be repeated', collect)
    .option('--from <time>', 'made at or after this time (RFC 3339 or a date)')
    .option('--to <time>', 'made before this time')
    .option('--limit <n>', 'how many', '50')
    .option('--json', 'print JSON')
    .action(list);
  withTenant(command.command('show'))
    .description('Shows one with its envelope, as JSON.')
    .argument('<id>', 'id of the dead letter')
    .action(show);
  withTenant(command.command('replay'))
    .description('Sends dead letters on their way again, after the cause was removed.')
    .argument('<id...>', 'ids of dead letters')
    .action(replay);
  withTenant(command.command('discard'))
    .description('Gives dead letters up for good. They stay readable.')
    .argument('<id...>', 'ids of dead letters')
    .requiredOption('--reason <text>', 'why; it is recorded, so name no person in it')
    .action(discard);
  return command;
}
