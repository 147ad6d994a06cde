import { Command } from 'commander';
import { z } from 'zod';
import { collect, connect, withTenant } from './context';
import { print, printJson, table } from './output';
import { queryOf, readPages } from './pages';
import { wholeNumber } from './search';

const consent = z.looseObject({
  subjectId: z.string(),
  purpose: z.string().nullable(),
  state: z.string(),
  changedAt: z.string(),
  consentId: z.string().nullable(),
});
const step = z.looseObject({
  at: z.string(),
  state: z.string(),
  purpose: z.string().nullable(),
  service: z.string().nullable(),
  description: z.string(),
});
const exception = z.looseObject({
  kind: z.string(),
  at: z.string(),
  eventId: z.string(),
  eventType: z.string(),
  subjectId: z.string(),
  purpose: z.string().nullable(),
  withdrawnAt: z.string().nullable(),
});

interface Options {
  tenant?: string;
  json?: boolean;
}
interface ListOptions extends Options {
  limit: string;
  subject?: string[];
  purpose?: string[];
  state?: string;
  asOf?: string;
  reveal?: string;
}

async function list(options: ListOptions): Promise<void> {
  const { subject, purpose, state, asOf, reveal } = options;
  const query = queryOf({ subjectId: subject, purpose, state, asOf, ...revealed(reveal) });
  const limit = wholeNumber('--limit', options.limit);
  const { items, more } = await readPages(await connect(options), 'compliance/consents', consent, query, limit);
  if (options.json) return printJson(items);
  const rows = items.map((c) => [c.subjectId, c.purpose ?? '', c.state, c.changedAt, c.consentId ?? '']);
  print(rows.length === 0 ? 'no consents' : table(['PERSON', 'PURPOSE', 'STATE', 'SINCE', 'CONSENT'], rows));
  if (more) process.stderr.write(`${items.length} shown, there are more; use --limit\n`);
}

async function history(subject: string, options: Options & { purpose?: string }): Promise<void> {
  const query = queryOf({ subjectId: subject, purpose: options.purpose });
  const page = z.object({ items: z.array(step) });
  const { items } = await (await connect(options)).json('GET', 'compliance/consents/history', page, { query });
  if (options.json) return printJson(items);
  const rows = items.map((s) => [s.at, s.state, s.purpose ?? '', s.service ?? '', s.description]);
  print(rows.length === 0 ? 'no consents' : table(['TIME', 'STATE', 'PURPOSE', 'SERVICE', 'DESCRIPTION'], rows));
}

interface ExceptionOptions extends Options {
  limit: string;
  from?: string;
  to?: string;
  kind?: string[];
  reveal?: string;
}

async function exceptions(options: ExceptionOptions): Promise<void> {
  const { from, to, kind, reveal } = options;
  const query = queryOf({ from, to, kind, ...revealed(reveal) });
  const limit = wholeNumber('--limit', options.limit);
  const path = 'compliance/consents/exceptions';
  const { items, more } = await readPages(await connect(options), path, exception, query, limit);
  if (options.json) return printJson(items);
  const rows = items.map((e) => [
    e.at,
    e.kind,
    e.eventType,
    e.subjectId,
    e.purpose ?? '',
    e.withdrawnAt ?? '',
    e.eventId,
  ]);
  const head = ['TIME', 'WHAT', 'TYPE', 'PERSON', 'PURPOSE', 'WITHDRAWN', 'EVENT'];
  print(rows.length === 0 ? 'nothing was done without consent or basis' : table(head, rows));
  if (more) process.stderr.write(`${items.length} shown, there are more; use --limit\n`);
}

const revealed = (reason: string | undefined) => (reason === undefined ? {} : { reveal: 'true', reason });
export function consentsCommand(): Command {
  const command = new Command('consents')
    .summary('consents: list, history, exceptions')
    .description('Reads who consents to what, and what was done without. See docs/registers.md.');
  const sub = (name: string, description: string) =>
    withTenant(command.command(name)).description(description).option('--json', 'print JSON');
  sub('list', 'Lists consents, the latest changes first.')
    .option('--subject <id>', 'the person; may be repeated', collect)
    .option('--purpose <name>', 'purpose; may be repeated', collect)
    .option('--state <name>', 'granted or withdrawn')
    .option('--as-of <time>', 'as it was before this time')
    .option('--reveal <reason>', 'show ids of people; the reason is recorded')
    .option('--limit <n>', 'how many', '50')
    .action(list);
  sub('history', 'Shows what a person said, oldest first.')
    .argument('<person>', 'an id, or a reference (sub_…)')
    .option('--purpose <name>', 'of one purpose')
    .action(history);
  sub('exceptions', 'Finds acts on personal data without consent or legal basis, of the last 30 days.')
    .option('--from <time>', 'acts at or after this time')
    .option('--to <time>', 'acts before this time')
    .option('--kind <name>', 'after_withdrawal, without_consent or without_basis; may be repeated', collect)
    .option('--reveal <reason>', 'show ids of people; the reason is recorded')
    .option('--limit <n>', 'how many', '50')
    .action(exceptions);
  return command;
}
