import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { z } from 'zod';
import { parseConfig } from '../config/config';
import { describeEnvironment } from '../config/environment';
import { processEnvironment } from '../config/cli-environment';
import { withSettingsFile } from '../config/settings-file';
import { connect } from './context';
import { EXIT, print, printJson, table } from './output';

async function health(options: { json?: boolean }): Promise<void> {
  const client = await connect({});
  const response = await client.request('GET', 'health', { retryForMs: 0 }, [503]);
  const body = z.looseObject({ status: z.string().optional() }).parse(await response.json());
  if (options.json) printJson(body);
  else print(`${client.url}\n${render(body, '')}`);
  if (response.status !== 200) process.exitCode = EXIT.failed;
}

/** Nested values as indented lines `name: value`. */
function render(value: Record<string, unknown>, indent: string): string {
  return Object.entries(value)
    .map(([name, v]) => {
      if (typeof v === 'object' && v !== null && !Array.isArray(v)) {
        return `${indent}${name}:\n${render(v as Record<string, unknown>, `${indent}  `)}`;
      }
      return `${indent}${name}: ${typeof v === 'string' ? v : JSON.stringify(v)}`;
    })
    .join('\n');
}

/** A setting as it may be shown: passwords in URLs and values of secrets are replaced. */
export function masked(name: string, value: string): string {
  if (/(SECRET|PASSWORD|PASSPHRASE|TOKEN|_KEY|SLACK_WEBHOOK)$/.test(name)) return '********';
  return value.replace(/^([a-z][a-z0-9+.-]*:\/\/[^:/@]*):[^@/]*@/i, '$1:********@');
}

function config(options: { json?: boolean }): void {
  const environment = processEnvironment();
  const env = withSettingsFile(environment);
  parseConfig(env);
  const settings = describeEnvironment().map(({ name, default: fallback, meaning }) => {
    const given = env[name];
    const set = given !== undefined && given !== '';
    return {
      name,
      value: set ? masked(name, given) : fallback,
      from: set ? (environment[name] === given ? 'environment' : 'file') : 'default',
      meaning,
    };
  });
  if (options.json) return printJson(settings);
  print(
    table(
      ['SETTING', 'VALUE', 'FROM', 'MEANING'],
      settings.map((s) => [s.name, s.value, s.from, s.meaning]),
    ),
  );
}

export function healthCommand(): Command {
  return new Command('health')
    .summary('how the running system is')
    .description('Shows the health of the running system and of all it depends on; exit code 1 when not well.')
    .option('--json', 'print JSON')
    .action(health);
}

export function configCommand(): Command {
  return new Command('config')
    .summary('settings in force')
    .description('Shows every setting with its value in this environment, secrets masked; exit code 1 for faults.')
    .option('--json', 'print JSON')
    .action(config);
}

export function startCommand(): Command {
  return new Command('start')
    .summary('start the system here')
    .description('Starts the system as "npm start" does, without building; ends with Ctrl-C.')
    .action(async () => {
      await import(pathToFileURL(join(__dirname, '..', 'main.js')).href);
    });
}
