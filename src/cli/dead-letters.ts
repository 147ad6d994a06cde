import { Command } from 'commander';
import { z } from 'zod';
import { connect, withTenant } from './context';
import { print, printJson, table } from './output';
import { wholeNumber } from './search';

const deadLetter = z.looseObject({
  id: z.string(),
  eventId: z.string().optional(),
  reasonCode: z.string(),
  reason: z.string(),
  state: z.string(),
  createdAt: z.string(),
});
const page = z.object({ items: z.array(deadLetter), nextCursor: z.string().nullish() });
type Options = { tenant?: string; json?: boolean };

async function list(options: Options & { limit: string }): Promise<void> {
  const query = new URLSearchParams({ limit: String(wholeNumber('--limit', options.limit)) });
  const { items, nextCursor } = await (await connect(options)).json('GET', 'dead-letters', page, { query });
  if (options.json) return printJson(items);
  const rows = items.map((d) => [d.id, d.createdAt, d.state, d.reasonCode, d.reason.slice(0, 100)]);
  print(items.length === 0 ? 'no dead letters' : table(['ID', 'CREATED', 'STATE', 'CODE', 'REASON'], rows));
  if (nextCursor) process.stderr.write(`${items.length} shown, there are more; use --limit\n`);
}

async function show(id: string, options: Options): Promise<void> {
  const path = `dead-letters/${encodeURIComponent(id)}`;
  printJson(await (await connect(options)).json('GET', path, z.looseObject({})));
}

async function replay(ids: string[], options: Options): Promise<void> {
  const client = await connect(options);
  for (const id of ids) {
    await client.request('POST', `dead-letters/${encodeURIComponent(id)}/replay`);
    print(`replayed ${id}`);
  }
}

export function deadLetterCommand(): Command {
  const command = new Command('dlq')
    .summary('events that could not be stored: list, show, replay')
    .description('Dead letters: events that were accepted and then could not be stored.');
  withTenant(command.command('list'))
    .description('Lists dead letters, newest first.')
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
  return command;
}
