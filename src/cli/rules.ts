import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { z } from 'zod';
import { AppError } from '../common/app-error';
import { collect, connect, withTenant } from './context';
import { print, printJson, table, UsageError } from './output';

const rule = z.looseObject({
  id: z.string(),
  name: z.string(),
  severity: z.string(),
  enabled: z.boolean(),
  version: z.number(),
  recipients: z.array(z.string()),
});
const list = z.object({ items: z.array(rule) });
const testResult = z.looseObject({
  rule: z.string(),
  events: z.number(),
  alerts: z.array(
    z.looseObject({
      group: z.record(z.string(), z.string()),
      firstHitAt: z.string(),
      lastHitAt: z.string(),
      counter: z.number(),
      summary: z.string(),
    }),
  ),
});
type Options = { tenant?: string; json?: boolean };

const path = (id: string, rest = '') => `rules/${encodeURIComponent(id)}${rest}`;

async function runList(options: Options): Promise<void> {
  const { items } = await (await connect(options)).json('GET', 'rules', list);
  if (options.json) return printJson(items);
  const rows = items.map((r) => [
    r.id,
    r.severity,
    r.enabled ? 'enabled' : 'disabled',
    r.version === 0 ? 'default' : String(r.version),
    r.recipients.join(','),
    r.name,
  ]);
  print(table(['ID', 'SEVERITY', 'STATE', 'VERSION', 'RECIPIENTS', 'NAME'], rows));
}

async function runShow(id: string, options: Options & { versions?: boolean }): Promise<void> {
  const client = await connect(options);
  if (options.versions) return printJson((await client.json('GET', path(id, '/versions'), list)).items);
  printJson(await client.json('GET', path(id), rule));
}

/** What the API adds to a rule; it is left out when a rule that was shown is sent back. */
const ADDED = ['version', 'builtIn', 'deleted', 'changedBy', 'changedAt'];

async function runCreate(file: string, options: Options): Promise<void> {
  const made = await (await connect(options)).json('POST', 'rules', rule, { json: await readRule(file) });
  print(`created ${made.id}, version ${made.version}`);
}

interface UpdateOptions extends Options {
  file?: string;
  set?: string[];
}

async function runUpdate(id: string, options: UpdateOptions): Promise<void> {
  if (options.file === undefined && !options.set) throw new UsageError('update needs --file or --set');
  const client = await connect(options);
  const current = await client.json('GET', path(id), rule);
  const next = options.file === undefined ? withoutAdded(current) : await readRule(options.file);
  for (const assignment of options.set ?? []) assign(next, assignment);
  const query = new URLSearchParams({ version: String(current.version) });
  const made = await client.json('PUT', path(id), rule, { query, json: next });
  print(`updated ${made.id}, version ${made.version}`);
}

async function runDelete(id: string, options: Options): Promise<void> {
  await (await connect(options)).request('DELETE', path(id), { repeatable: false });
  print(`deleted ${id}`);
}

const runSwitch = (act: 'enable' | 'disable') => async (id: string, options: Options) => {
  const made = await (await connect(options)).json('POST', path(id, `/${act}`), rule);
  print(`${act}d ${id}, version ${made.version}`);
};

interface TestOptions extends Options {
  from: string;
  to?: string;
  file?: string;
}

async function runTest(id: string | undefined, options: TestOptions): Promise<void> {
  if ((id === undefined) === (options.file === undefined)) throw new UsageError('name a rule, or a --file with one');
  const range = { from: options.from, to: options.to ?? new Date().toISOString() };
  const body = options.file === undefined ? range : { ...range, rule: await readRule(options.file) };
  const target = id === undefined ? 'rules/test' : path(id, '/test');
  const result = await (await connect(options)).json('POST', target, testResult, { json: body });
  if (options.json) return printJson(result);
  const rows = result.alerts.map((a) => [groupText(a.group), a.firstHitAt, a.lastHitAt, String(a.counter), a.summary]);
  if (rows.length > 0) print(table(['GROUP', 'FIRST HIT', 'LAST HIT', 'HITS', 'AT FIRST'], rows));
  print(`${rows.length} alerts from ${result.events} events that rule ${result.rule} looked at`);
}

interface ImportOptions extends Options {
  map?: string[];
  recipient?: string[];
  replace?: boolean;
  dryRun?: boolean;
}

const imported = z.object({ items: z.array(z.looseObject({ id: z.string(), name: z.string() })) });

async function runImport(file: string, options: ImportOptions): Promise<void> {
  const mapping = Object.fromEntries(
    (options.map ?? []).map((pair) => {
      const [, name, field] = /^([^=]+)=([^=]+)$/.exec(pair) ?? [];
      if (name === undefined || field === undefined) throw new UsageError(`--map expects name=field, not "${pair}"`);
      return [name, field];
    }),
  );
  const { recipient: recipients = [], replace = false, dryRun = false } = options;
  const json = { yaml: await readText(file), mapping, recipients, replace, dryRun };
  const { items } = await (await connect(options)).json('POST', 'rules/import', imported, { json });
  if (options.json) return printJson(items);
  for (const made of items) print(`${dryRun ? 'would make' : 'made'} ${made.id}: ${made.name}`);
}

export const groupText = (group: Record<string, string>): string =>
  Object.entries(group)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ') || '(all)';

async function readRule(file: string): Promise<Record<string, unknown>> {
  const text = await readText(file);
  try {
    return withoutAdded(z.record(z.string(), z.unknown()).parse(JSON.parse(text)));
  } catch (cause) {
    throw new AppError('RULE_UNREADABLE', 400, `${file} holds no JSON object`, { cause });
  }
}

const readText = (file: string): Promise<string> =>
  readFile(file === '-' ? '/dev/stdin' : file, 'utf8').catch((error: Error) => {
    throw new UsageError(`cannot read ${file}: ${error.message}`);
  });

const withoutAdded = (given: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(given).filter(([name]) => !ADDED.includes(name)));

/** `triggers.0.condition.count=10` puts 10 there; the value is JSON, or text where it is none. */
function assign(target: Record<string, unknown>, assignment: string): void {
  const [, names, text] = /^([^=]+)=(.*)$/s.exec(assignment) ?? [];
  if (names === undefined || text === undefined) throw new UsageError(`--set expects path=value, not "${assignment}"`);
  const steps = names.split('.');
  const last = steps.pop() ?? '';
  let place: unknown = target;
  for (const step of steps) place = isObject(place) ? place[step] : undefined;
  if (!isObject(place)) throw new UsageError(`the rule has no ${names}`);
  try {
    place[last] = JSON.parse(text);
  } catch {
    place[last] = text;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

export function rulesCommand(): Command {
  const command = new Command('rules')
    .summary('alert rules: keep them, and try them on history')
    .description('Keeps alert rules. Four of them are there from the start.');
  const sub = (name: string, description: string) => withTenant(command.command(name)).description(description);
  sub('list', 'Lists the rules in force.').option('--json', 'print JSON').action(runList);
  sub('show', 'Shows a rule as JSON.').argument('<id>').option('--versions', 'all its versions').action(runShow);
  sub('create', 'Makes a rule of a JSON file.').argument('<file>', 'file; - for standard input').action(runCreate);
  sub('update', 'Changes a rule.')
    .argument('<id>')
    .option('--file <file>', 'the whole rule as JSON')
    .option('--set <path=value>', 'a part of it; may be repeated', collect)
    .addHelpText('after', '\nExample:\n  mcp-audit rules update brute-force --set triggers.0.condition.count=10')
    .action(runUpdate);
  sub('delete', 'Deletes a rule; its versions and alerts stay on record.').argument('<id>').action(runDelete);
  sub('enable', 'Puts a rule in force.').argument('<id>').action(runSwitch('enable'));
  sub('disable', 'Puts a rule out of force.').argument('<id>').action(runSwitch('disable'));
  sub('test', 'Shows what a rule would have raised over stored events; nothing is raised.')
    .argument('[id]')
    .requiredOption('--from <time>', 'hits at or after this time (RFC 3339 or a date)')
    .option('--to <time>', 'hits before this time (default: now)')
    .option('--file <file>', 'a rule that is not stored yet, as JSON')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  mcp-audit rules test brute-force --from 2026-11-01 --json')
    .action(runTest);
  sub('import', 'Makes rules of Sigma rules: detection and correlation rules in YAML.')
    .argument('<file>', 'file with one or more documents; - for standard input')
    .option('--map <name=field>', 'a field of the rules and what it is in events; may be repeated', collect)
    .option('--recipient <group>', 'who is told, such as security_team; may be repeated', collect)
    .option('--replace', 'replace rules that have the same ids')
    .option('--dry-run', 'only check and show')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  mcp-audit rules import rules.yml --map TargetUserName=userId --dry-run --json')
    .action(runImport);
  return command;
}
