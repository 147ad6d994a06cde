import { Command, Option } from 'commander';
import { z } from 'zod';
import { collect, connect, withTenant } from './context';
import { print, printJson, table } from './output';
import { queryOf, readPages } from './pages';
import { saveBody } from './save-body';
import { wholeNumber } from './search';

const request = z.looseObject({
  id: z.string(),
  law: z.string(),
  right: z.string(),
  subjectId: z.string(),
  state: z.string(),
  overdue: z.boolean(),
  openedAt: z.string(),
  lastDay: z.string(),
  extended: z.boolean(),
  closedAt: z.string().nullable(),
});
type Request = z.output<typeof request>;

interface Options {
  tenant?: string;
  timezone?: string;
  json?: boolean;
}
interface ListOptions extends Options {
  limit: string;
  law?: string[];
  right?: string[];
  state?: string[];
  subject?: string[];
  overdue?: boolean;
  asOf?: string;
  reveal?: string;
}

async function list(options: ListOptions): Promise<void> {
  const { law, right, state, subject, overdue, timezone, asOf, reveal } = options;
  const query = queryOf({
    ...{ law, right, state, subjectId: subject, timezone, asOf },
    ...(overdue && { overdue: 'true' }),
    ...(reveal !== undefined && { reveal: 'true', reason: reveal }),
  });
  const limit = wholeNumber('--limit', options.limit);
  const { items, more } = await readPages(await connect(options), 'compliance/requests', request, query, limit);
  if (options.json) return printJson(items);
  const rows = items.map((r) => [r.id, r.law, r.right, r.subjectId, stateOf(r), r.openedAt, r.lastDay]);
  const head = ['ID', 'LAW', 'RIGHT', 'PERSON', 'STATE', 'OPENED', 'DUE BY'];
  print(rows.length === 0 ? 'no requests' : table(head, rows));
  if (more) process.stderr.write(`${items.length} shown, there are more; use --limit\n`);
}

const stateOf = ({ state, overdue, extended }: Request): string =>
  `${state}${overdue ? (state === 'open' ? ', overdue' : ', late') : ''}${extended ? ', extended' : ''}`;

async function show(id: string, options: Options): Promise<void> {
  const query = queryOf({ timezone: options.timezone });
  const path = `compliance/requests/${encodeURIComponent(id)}`;
  printJson(await (await connect(options)).json('GET', path, request, { query }));
}

async function post(path: string, body: object, options: Options, repeatable = false): Promise<void> {
  const answer = await (
    await connect(options)
  ).json('POST', `compliance/requests${path}`, request, {
    ...{ json: body, repeatable },
    query: queryOf({ timezone: options.timezone }),
  });
  if (options.json) return printJson(answer);
  print(`request ${answer.id} is ${stateOf(answer)}; due by ${answer.lastDay}`);
}

interface OpenOptions extends Options {
  law: string;
  right: string;
  subject: string;
  id?: string;
  receivedAt?: string;
  channel?: string;
  note?: string;
}

const open = ({ law, right, subject, id, receivedAt, channel, note, ...options }: OpenOptions): Promise<void> =>
  post('', { law, right, subjectId: subject, requestId: id, receivedAt, channel, note }, options, id !== undefined);

const act = (verb: string, id: string, body: object, options: Options): Promise<void> =>
  post(`/${encodeURIComponent(id)}/${verb}`, body, options);

async function download(
  id: string,
  options: Options & { format: string; language: string; output: string },
): Promise<void> {
  const query = queryOf({ format: options.format, language: options.language });
  const path = `compliance/requests/${encodeURIComponent(id)}/package`;
  const response = await (await connect(options)).request('GET', path, { query });
  const bytes = await saveBody(response, options.output);
  if (options.output !== '-') process.stderr.write(`wrote ${options.output} (${bytes} bytes)\n`);
}

export function requestsCommand(): Command {
  const command = new Command('requests')
    .summary('requests of data subjects: list, open, answer')
    .description('Works on requests of data subjects under the GDPR and the LGPD. See docs/registers.md.');
  const sub = (name: string, description: string) => {
    const made = withTenant(command.command(name)).description(description);
    return made.option('--timezone <zone>', 'where the days of deadlines are counted').option('--json', 'print JSON');
  };
  sub('list', 'Lists requests, newest first.')
    .option('--law <name>', 'gdpr or lgpd; may be repeated', collect)
    .option('--right <name>', 'access, erasure, rectification …; may be repeated', collect)
    .option('--state <name>', 'open, answered, refused or withdrawn; may be repeated', collect)
    .option('--overdue', 'only those that were not dealt with in time')
    .option('--subject <id>', 'the person; may be repeated', collect)
    .option('--as-of <time>', 'as it was before this time')
    .option('--reveal <reason>', 'show ids of people; the reason is recorded')
    .option('--limit <n>', 'how many', '50')
    .action(list);
  sub('show', 'Shows a request with all that was done, as JSON.').argument('<id>').action(show);
  sub('open', 'Opens a request.')
    .addOption(new Option('--law <name>', 'under which law').choices(['gdpr', 'lgpd']).makeOptionMandatory())
    .requiredOption('--right <name>', 'access, erasure, rectification, portability, objection, restriction …')
    .requiredOption('--subject <id>', 'the person: an id as in events, or a reference')
    .option('--id <id>', 'of the request; makes it harmless to do this twice')
    .option('--received-at <time>', 'when it came in, RFC 3339; default: now')
    .option('--channel <name>', 'how it came in')
    .option('--note <text>', 'for the register; name no person')
    .action(open);
  sub('answer', 'Notes that a request was answered.')
    .argument('<id>')
    .option('--note <text>', 'what was answered; name no person')
    .action((id: string, options: Options & { note?: string }) => act('answer', id, { note: options.note }, options));
  for (const [name, description] of [
    ['extend', 'Extends the deadline of a request by two months (GDPR).'],
    ['refuse', 'Notes that a request was refused.'],
  ] as const) {
    sub(name, description)
      .argument('<id>')
      .requiredOption('--reason <text>', 'why; name no person')
      .action((id: string, options: Options & { reason: string }) =>
        act(name, id, { reason: options.reason }, options),
      );
  }
  withTenant(command.command('package'))
    .description('Writes all that the log holds about the person of a request to a file. It is recorded.')
    .argument('<id>')
    .addOption(new Option('--format <format>', 'form of the file').choices(['json', 'pdf']).default('json'))
    .addOption(new Option('--language <name>', 'language of the PDF').choices(['en', 'pt']).default('en'))
    .requiredOption('-o, --output <file>', 'file to write (mode 0600); - for standard output')
    .action(download);
  return command.addHelpText(
    'after',
    `
Examples:
  mcp-audit requests list --overdue
  mcp-audit requests open --law gdpr --right access --subject u-1029 --id R-311
  mcp-audit requests package R-311 --format pdf --output R-311.pdf
  mcp-audit requests answer R-311 --note "sent by registered mail"`,
  );
}
