import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { z } from 'zod';
import { collect, connect, withTenant } from './context';
import { print, printJson, table, UsageError } from './output';

const channel = z.looseObject({ name: z.string(), type: z.string(), minSeverity: z.string(), enabled: z.boolean() });
const quietHours = z.looseObject({ start: z.string(), end: z.string(), timezone: z.string() });
const group = z.looseObject({
  name: z.string(),
  enabled: z.boolean(),
  version: z.number(),
  channels: z.array(channel),
  quietHours: quietHours.optional(),
});
const list = z.object({ items: z.array(group) });
type Group = z.output<typeof group>;
type Options = { tenant?: string; json?: boolean };

const path = (name: string, rest = '') => `recipients/${encodeURIComponent(name)}${rest}`;

async function runList(options: Options): Promise<void> {
  const { items } = await (await connect(options)).json('GET', 'recipients', list);
  if (options.json) return printJson(items);
  if (items.length === 0)
    return print('no recipient groups; "mcp-audit recipients set security_team --mail …" makes one');
  const rows = items.map((g) => [
    g.name,
    g.enabled ? 'enabled' : 'disabled',
    g.version === 0 ? 'configuration' : String(g.version),
    g.channels.map((c) => `${c.name} (${c.type}, ${c.minSeverity})`).join(', '),
    g.quietHours ? `${g.quietHours.start}-${g.quietHours.end} ${g.quietHours.timezone}` : '',
  ]);
  print(table(['GROUP', 'STATE', 'VERSION', 'CHANNELS', 'QUIET HOURS'], rows));
}

async function runShow(name: string, options: Options): Promise<void> {
  printJson(await (await connect(options)).json('GET', path(name), group));
}

interface SetOptions extends Options {
  file?: string;
  mail?: string[];
  minSeverity?: string;
  quietHours?: string;
  timezone?: string;
  holdCritical?: boolean;
  enabled?: string;
}

async function runSet(name: string, options: SetOptions): Promise<void> {
  const client = await connect(options);
  const current = (await client.json('GET', 'recipients', list)).items.find((g) => g.name === name);
  const next = options.file === undefined ? changed(current, options) : await readGroup(options.file);
  const query = new URLSearchParams(current ? { version: String(current.version) } : {});
  const made = await client.json('PUT', path(name), group, { query, json: next });
  print(`set ${made.name}, version ${made.version}: ${made.channels.map((c) => c.name).join(', ') || 'no channels'}`);
}

/** The group as it is, with what the options name put in its place. Secrets stay since they are not sent. */
function changed(current: Group | undefined, options: SetOptions): object {
  const { mail, minSeverity, quietHours: quiet, enabled } = options;
  if (!mail && quiet === undefined && enabled === undefined) {
    throw new UsageError('set needs --mail, --quiet-hours, --enabled or --file');
  }
  const channels = (current?.channels ?? []).map((c) => withoutAdded(c, ['secretsSet']));
  const others = channels.filter(({ name }) => name !== 'mail');
  const before = channels.find(({ name, type }) => name === 'mail' && type === 'mail');
  const mailChannel = mail && { ...before, name: 'mail', type: 'mail', to: mail, ...(minSeverity && { minSeverity }) };
  return {
    ...(current && withoutAdded(current, ADDED)),
    channels: mailChannel ? [mailChannel, ...others] : channels,
    ...(quiet === 'none'
      ? { quietHours: undefined }
      : quiet !== undefined && { quietHours: readQuiet(quiet, options) }),
    ...(enabled !== undefined && { enabled: enabled === 'true' }),
  };
}

function readQuiet(text: string, { timezone, holdCritical }: SetOptions): object {
  const [, start, end] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? [];
  if (start === undefined) throw new UsageError(`--quiet-hours expects 22:00-06:00, or none, not "${text}"`);
  return { start, end, ...(timezone && { timezone }), ...(holdCritical && { holdCritical }) };
}

/** What the API adds to a group; it is left out when a group that was shown is sent back. */
const ADDED = ['name', 'version', 'changedBy', 'changedAt'];
const withoutAdded = (given: Record<string, unknown>, added: string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(given).filter(([field]) => !added.includes(field)));

async function readGroup(file: string): Promise<object> {
  const text = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8').catch((error: Error) => {
    throw new UsageError(`cannot read ${file}: ${error.message}`);
  });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new UsageError(`${file} holds no JSON`);
  }
  const shape = z.looseObject({ channels: z.array(z.looseObject({})).default([]) }).safeParse(content);
  if (!shape.success) throw new UsageError(`${file} holds no JSON object with channels`);
  const channels = shape.data.channels.map((c) => withoutAdded(c, ['secretsSet']));
  return { ...withoutAdded(shape.data, ADDED), channels };
}

async function runDelete(name: string, options: Options): Promise<void> {
  await (await connect(options)).request('DELETE', path(name), { repeatable: false });
  print(`deleted ${name}`);
}

async function runRotate(name: string, channelName: string, options: Options): Promise<void> {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const target = path(name, `/channels/${encodeURIComponent(channelName)}/secrets`);
  await (await connect(options)).json('POST', target, group, { json: { secret } });
  print(secret);
  process.stderr.write(
    'shown this once; messages are signed with it and with the secret before, until the next rotation\n',
  );
}

export function recipientsCommand(): Command {
  const command = new Command('recipients')
    .summary('who is told of alerts, and how')
    .description('Keeps the groups that alert rules name, with their channels and quiet hours.');
  const sub = (name: string, description: string) => withTenant(command.command(name)).description(description);
  sub('list', 'Lists the groups, those of the configuration too.').option('--json', 'print JSON').action(runList);
  sub('show', 'Shows a group as JSON; secrets are never shown.').argument('<group>').action(runShow);
  sub('set', 'Makes or changes a group.')
    .argument('<group>', 'such as security_team')
    .option('--mail <address>', 'who gets mails; may be repeated, and replaces those before', collect)
    .option('--min-severity <name>', 'mails for alerts of this severity or a higher one')
    .option('--quiet-hours <start-end>', 'hours in which messages wait, such as 22:00-06:00; none takes them away')
    .option('--timezone <zone>', 'zone of the quiet hours, such as Europe/Lisbon (default: UTC)')
    .option('--hold-critical', 'let critical alerts wait too')
    .option('--enabled <true|false>', 'switch the group on or off')
    .option('--file <file>', 'the whole group as JSON, with any kind of channel; - for standard input')
    .addHelpText(
      'after',
      '\nExample:\n  mcp-audit recipients set security_team --mail soc@example.org --quiet-hours 22:00-06:00',
    )
    .action(runSet);
  sub('delete', 'Deletes a group; its versions stay on record.').argument('<group>').action(runDelete);
  sub('rotate-secret', 'Gives a webhook a new signing secret and prints it; the one before stays valid beside it.')
    .argument('<group>')
    .argument('<channel>', 'name of the webhook')
    .action(runRotate);
  return command;
}
