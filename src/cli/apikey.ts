import { Command } from 'commander';
import { z } from 'zod';
import { Role, ROLES } from '../access/permissions';
import { connect, withTenant } from './context';
import { print, printJson, table, UsageError } from './output';

const keyRecord = z.looseObject({
  id: z.string(),
  name: z.string(),
  tenant: z.string(),
  roles: z.array(z.string()),
  system: z.boolean().optional(),
  createdAt: z.string().optional(),
  expiresAt: z.string().nullish(),
  revokedAt: z.string().nullish(),
});
const createdKey = z.looseObject({ id: z.string(), key: z.string() });
const keyList = z.object({ items: z.array(keyRecord) });

interface CreateOptions {
  tenant?: string;
  name: string;
  role: string[];
  system?: boolean;
  expires?: string;
  json?: boolean;
}

async function create(options: CreateOptions): Promise<void> {
  const unknown = options.role.find((role) => !ROLES.includes(role as Role));
  if (unknown !== undefined) throw new UsageError(`there is no role "${unknown}"; roles are ${ROLES.join(', ')}`);
  const body = {
    name: options.name,
    roles: options.role,
    ...(options.tenant === undefined ? {} : { tenant: options.tenant }),
    ...(options.system ? { system: true } : {}),
    ...(options.expires === undefined ? {} : { expiresAt: instant(options.expires) }),
  };
  const client = await connect(options);
  const made = await client.json('POST', 'api-keys', createdKey, { json: body });
  if (options.json) return printJson(made);
  process.stderr.write(`key ${made.id} (${options.role.join(', ')}); it is shown only now, so keep it:\n`);
  print(made.key);
}

function instant(text: string): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new UsageError('--expires expects a time such as 2027-01-31 or 2027-01-31T12:00:00Z');
  return new Date(ms).toISOString();
}

async function list(options: { tenant?: string; json?: boolean }): Promise<void> {
  const { items } = await (await connect(options)).json('GET', 'api-keys', keyList);
  if (options.json) return printJson(items);
  const state = (key: z.infer<typeof keyRecord>) =>
    key.revokedAt ? `revoked ${key.revokedAt}` : key.expiresAt ? `until ${key.expiresAt}` : 'active';
  const rows = items.map((k) => [k.id, k.tenant, k.name, k.roles.join(','), k.system ? 'yes' : '', state(k)]);
  print(table(['ID', 'TENANT', 'NAME', 'ROLES', 'SYSTEM', 'STATE'], rows));
}

async function revoke(id: string, options: { tenant?: string }): Promise<void> {
  await (await connect(options)).request('DELETE', `api-keys/${encodeURIComponent(id)}`);
  print(`revoked ${id}`);
}

export function apiKeyCommand(): Command {
  const command = new Command('apikey').summary('create, list and revoke API keys').description('Manages API keys.');
  withTenant(command.command('create'))
    .description('Makes a key and prints it once.')
    .requiredOption('--name <name>', 'what the key is for')
    .requiredOption('--role <role...>', `one or more of ${ROLES.join(', ')}`)
    .option('--system', 'bound to no single tenant')
    .option('--expires <time>', 'when it ends, e.g. 2027-01-31')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  mcp-audit apikey create --name billing --role ingest --tenant acme')
    .action(create);
  withTenant(command.command('list'))
    .description('Lists keys, never their secrets.')
    .option('--json', 'print JSON')
    .action(list);
  withTenant(command.command('revoke'))
    .description('Ends a key at once.')
    .argument('<id>', 'id of the key, see list')
    .action(revoke);
  return command;
}
