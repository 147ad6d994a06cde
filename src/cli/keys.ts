import { Argument, Command } from 'commander';
import { z } from 'zod';
import { connectClickHouse } from '../clickhouse/clickhouse.module';
import { parseCliEnvironment, processEnvironment } from '../config/cli-environment';
import { Config, parseConfig } from '../config/config';
import { withSettingsFile } from '../config/settings-file';
import { prepareRootKey } from '../keys/prepare-root-key';
import { findRootKeys, formatRootKeys, newRootKey, rootKeyFile } from '../keys/root-key';
import { writeRootKeys } from '../keys/root-key-file';
import { readRuntime } from '../supervisor/runtime-file';
import { connect, withTenant } from './context';
import { print, printJson, table, UsageError } from './output';

const key = z.looseObject({
  kind: z.string(),
  tenant: z.string().nullable(),
  number: z.number(),
  state: z.string(),
  createdAt: z.string(),
  root: z.string(),
});
const keyList = z.looseObject({ items: z.array(key), rootKeys: z.array(z.string()) });
const rotated = z.looseObject({
  number: z.number().nullable(),
  root: z.string().nullable(),
  retiredRoots: z.array(z.string()),
  rewrapped: z.number(),
});
const BACK_UP = 'keep a copy of it apart from the data: without it sealed data is lost for good';

async function init(options: { print?: boolean }): Promise<void> {
  if (options.print) {
    process.stdout.write(formatRootKeys({ keys: [newRootKey()], next: undefined }));
    return;
  }
  const env = withSettingsFile(processEnvironment());
  const config = parseConfig({ ...env, AUDIT_URL: undefined, AUDIT_API_KEY: undefined });
  if (config.rootKey.value !== undefined) {
    throw new UsageError('AUDIT_ROOT_KEY is set and is what the system uses: there is nothing to make');
  }
  const file = rootKeyFile(config);
  const there = findRootKeys(config);
  if (there) throw new UsageError(`${file} is there already and holds the root key ${there.keys[0]?.id ?? ''}`);
  const url = config.clickhouse.url ?? (await readRuntime(parseCliEnvironment(env).dataDir))?.clickhouseUrl;
  await make({ ...config, clickhouse: { ...config.clickhouse, url } });
  print(`made the root key ${findRootKeys(config)?.keys[0]?.id ?? ''} in ${file} (mode 0600); ${BACK_UP}`);
}

/** @throws AppError `ROOT_KEY_MISSING` if the store has keys, which a new root key could not open */
async function make(config: Config): Promise<void> {
  if (config.clickhouse.url === undefined) return writeRootKeys(config, { keys: [newRootKey()], next: undefined });
  const clickhouse = connectClickHouse(config);
  try {
    await prepareRootKey(config, clickhouse, true);
  } finally {
    await clickhouse.close();
  }
}

async function list(options: { tenant?: string; json?: boolean }): Promise<void> {
  const answer = await (await connect(options)).json('GET', 'keys', keyList);
  if (options.json) return printJson(answer);
  const rows = answer.items.map((k) => [
    k.kind,
    k.tenant ?? '(system)',
    String(k.number),
    k.state,
    k.createdAt,
    k.root,
  ]);
  print(table(['KIND', 'TENANT', 'NUMBER', 'STATE', 'CREATED', 'WRAPPED BY'], rows));
  print(`\nroot keys: ${answer.rootKeys.join(', ')}${answer.rootKeys.length > 1 ? ' (a rotation is under way)' : ''}`);
}

async function rotate(kind: string, options: { tenant?: string; json?: boolean }): Promise<void> {
  const client = await connect(options);
  const answer = await client.json('POST', 'keys/rotate', rotated, { json: { kind } });
  if (options.json) return printJson(answer);
  if (answer.root === null)
    return print(`the ${kind} key ${answer.number ?? ''} is in force; older ones stay for what they did`);
  print(`the root key ${answer.root} is in force and wraps all keys (${answer.rewrapped} of them anew); ${BACK_UP}`);
  if (answer.retiredRoots.length > 0) {
    print(`nothing is wrapped by ${answer.retiredRoots.join(', ')} any more; only backups made before need it`);
  }
}

export function keysCommand(): Command {
  const command = new Command('keys')
    .summary('cryptographic keys: init, list, rotate')
    .description('Manages the keys that seal personal data and sign events and checkpoints.');
  command
    .command('init')
    .description('Makes the root key of a system that has none, in AUDIT_ROOT_KEY_FILE or the data directory.')
    .option('--print', 'print a new root key for AUDIT_ROOT_KEY instead, and store it nowhere')
    .action(init);
  withTenant(command.command('list'))
    .description('Lists the keys of the system and of the tenant, never their secrets.')
    .option('--json', 'print JSON')
    .action(list);
  withTenant(command.command('rotate'))
    .description('Replaces a key by a new one. Old keys stay for what they signed and wrapped.')
    .addArgument(new Argument('<kind>', 'which key').choices(['root', 'tenant', 'signing', 'checkpoint']))
    .option('--json', 'print JSON')
    .addHelpText('after', '\nA rotation of the root key that was broken off goes on when it is called again.')
    .action(rotate);
  return command;
}
