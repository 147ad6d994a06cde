import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { parseJson } from './client';
import { collect, connect, withTenant } from './context';
import { print, printJson, table, UsageError } from './output';
import { queryOf, readPages } from './pages';
import { wholeNumber } from './search';

const clock = z.looseObject({
  law: z.string(),
  to: z.string(),
  state: z.string(),
  dueBefore: z.string().nullable(),
});
const breach = z.looseObject({
  id: z.string(),
  title: z.string(),
  state: z.string(),
  risk: z.string(),
  awareAt: z.string(),
  clocks: z.array(clock),
});
const draftText = z.looseObject({ text: z.string() });
type Breach = z.output<typeof breach>;

interface Options {
  tenant?: string;
  json?: boolean;
}

async function list(options: Options & { limit: string; state?: string[] }): Promise<void> {
  const limit = wholeNumber('--limit', options.limit);
  const query = queryOf({ state: options.state });
  const { items, more } = await readPages(await connect(options), 'compliance/breaches', breach, query, limit);
  if (options.json) return printJson(items);
  const rows = items.map((b) => [b.id, b.state, b.risk, b.awareAt, clocksOf(b), b.title]);
  print(rows.length === 0 ? 'no breaches' : table(['ID', 'STATE', 'RISK', 'KNOWN SINCE', 'CLOCKS', 'TITLE'], rows));
  if (more) process.stderr.write(`${items.length} shown, there are more; use --limit\n`);
}

/** Those that ask for something, or were not kept. */
function clocksOf({ clocks }: Breach): string {
  const shown = clocks.filter(({ state }) => state !== 'kept' && state !== 'not_required');
  const text = shown.map((c) => `${c.law} ${c.to} ${c.state}${c.dueBefore === null ? '' : ` (${c.dueBefore})`}`);
  return text.length === 0 ? 'kept' : text.join(', ');
}

async function show(id: string, options: Options): Promise<void> {
  printJson(await (await connect(options)).json('GET', `compliance/breaches/${encodeURIComponent(id)}`, breach));
}

async function post(path: string, body: object, options: Options, repeatable = false): Promise<void> {
  const sent = { json: body, repeatable };
  const answer = await (await connect(options)).json('POST', `compliance/breaches${path}`, breach, sent);
  if (options.json) return printJson(answer);
  print(`breach ${answer.id} is ${answer.state}; clocks: ${clocksOf(answer)}`);
}

interface OpenOptions extends Options {
  title: string;
  id?: string;
  awareAt?: string;
  law?: string[];
  risk?: string;
  nature?: string;
  consequences?: string;
  measures?: string;
  contact?: string;
  affected?: string;
}

async function open({ id, title, awareAt, law, risk, affected, ...options }: OpenOptions): Promise<void> {
  const { nature, consequences, measures, contact } = options;
  const filter = affected === undefined ? undefined : parseJson(await readFile(affected, 'utf8'));
  if (affected !== undefined && filter === undefined) throw new UsageError(`${affected} is no JSON`);
  const body = { breachId: id, title, awareAt, laws: law, risk, nature, consequences, measures, contact };
  return post('', { ...body, affected: filter }, options, id !== undefined);
}

const act = (id: string, verb: string, body: object, options: Options): Promise<void> =>
  post(`/${encodeURIComponent(id)}/${verb}`, body, options);

async function draft(id: string, options: Options & { to: string; law: string; language: string }): Promise<void> {
  const query = queryOf({ to: options.to, law: options.law, language: options.language });
  const path = `compliance/breaches/${encodeURIComponent(id)}/draft`;
  const answer = await (await connect(options)).json('GET', path, draftText, { query });
  if (options.json) return printJson(answer);
  print(answer.text);
}
const toWhom = () => new Option('--to <whom>', 'whom').choices(['authority', 'subjects']);

export function breachesCommand(): Command {
  const command = new Command('breaches')
    .summary('breaches of personal data: list, open, notify, close')
    .description('Works on breaches of personal data and their clocks. See docs/registers.md.');
  const sub = (name: string, description: string) =>
    withTenant(command.command(name)).description(description).option('--json', 'print JSON');
  sub('list', 'Lists breaches, newest first.')
    .option('--state <name>', 'open or closed; may be repeated', collect)
    .option('--limit <n>', 'how many', '50')
    .action(list);
  sub('show', 'Shows a breach with its clocks, what it touched, and all that was done, as JSON.')
    .argument('<id>')
    .action(show);
  sub('open', 'Opens a breach.')
    .requiredOption('--title <text>', 'what it is called; name no person')
    .option('--id <id>', 'of the breach; makes it harmless to do this twice')
    .option('--aware-at <time>', 'when you became aware of it, RFC 3339; default: now')
    .option('--law <name>', 'gdpr or lgpd; may be repeated; default: both', collect)
    .option('--risk <level>', 'none, risk or high; default: risk')
    .option('--nature <text>', 'what happened')
    .option('--consequences <text>', 'what may come of it')
    .option('--measures <text>', 'what was and will be done')
    .option('--contact <text>', 'whom to ask')
    .option('--affected <file>', 'JSON with the filter of events of affected data, e.g. {"resourceType":["customer"]}')
    .action(open);
  sub('notify', 'Notes that the authority or the persons were told.')
    .argument('<id>')
    .addOption(toWhom().makeOptionMandatory())
    .option('--law <name>', 'under which law; may be repeated; default: those of the breach', collect)
    .option('--at <time>', 'when, RFC 3339; default: now')
    .option('--note <text>', 'such as the reference of the authority')
    .action(
      (
        id: string,
        { to, law, at, note, ...options }: Options & Record<'to' | 'at' | 'note', string> & { law?: string[] },
      ) => act(id, 'notify', { to, laws: law, notifiedAt: at, note }, options),
    );
  sub('close', 'Closes a breach.')
    .argument('<id>')
    .requiredOption('--reason <text>', 'why it is over')
    .action((id: string, { reason, ...options }: Options & { reason: string }) =>
      act(id, 'close', { reason }, options),
    );
  sub('draft', 'Prints a notification to the authority or to the persons.')
    .argument('<id>')
    .addOption(toWhom().default('authority'))
    .addOption(new Option('--law <name>', 'under which law').choices(['gdpr', 'lgpd']).default('gdpr'))
    .addOption(new Option('--language <name>', 'language').choices(['en', 'pt']).default('en'))
    .action(draft);
  return command;
}
