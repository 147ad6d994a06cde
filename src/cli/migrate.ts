import { Command } from 'commander';
import { openMigrator } from '../clickhouse/migrations';
import { parseConfig } from '../config/config';
import { parseCliEnvironment, processEnvironment } from '../config/cli-environment';
import { withSettingsFile } from '../config/settings-file';
import { readRuntime } from '../supervisor/runtime-file';
import { print, printJson, table, UsageError } from './output';

interface Options {
  dryRun?: boolean;
  status?: boolean;
  json?: boolean;
}

async function migrate(options: Options): Promise<void> {
  if (options.dryRun && options.status) throw new UsageError('--dry-run and --status do not go together');
  const env = withSettingsFile(processEnvironment());
  const configured = parseConfig({ ...env, AUDIT_URL: undefined, AUDIT_API_KEY: undefined });
  const running = await readRuntime(parseCliEnvironment(env).dataDir);
  const url = configured.clickhouse.url ?? running?.clickhouseUrl;
  if (!url) {
    throw new UsageError('no ClickHouse to migrate: start the system first (npm start), or set AUDIT_CLICKHOUSE_URL');
  }
  const config = { ...configured, clickhouse: { ...configured.clickhouse, url } };
  const { migrator, close } = openMigrator(config, (line) => process.stderr.write(`${line}\n`));
  try {
    if (options.status) {
      const status = await migrator.status();
      if (options.json) return printJson(status);
      return print(
        table(
          ['MIGRATION', 'STATE', 'APPLIED AT'],
          status.map((m) => [m.name, m.state, m.appliedAt ?? '']),
        ),
      );
    }
    if (options.dryRun) {
      const pending = await migrator.pending();
      if (options.json) return printJson(pending.map(({ name, statements }) => ({ name, statements })));
      const text = pending.map((m) => `-- ${m.name}\n${m.statements.join(';\n\n')};\n`);
      return print(text.length > 0 ? text.join('\n') : 'nothing to do: every migration is applied');
    }
    const applied = await migrator.migrate();
    if (options.json) return printJson(applied);
    print(applied.length > 0 ? `applied: ${applied.join(', ')}` : 'nothing to do: every migration is applied');
  } finally {
    await close();
  }
}

export function migrateCommand(): Command {
  return new Command('migrate')
    .summary('bring the schema up to date')
    .description(
      'Applies the pending migrations to the ClickHouse of AUDIT_CLICKHOUSE_URL, or of the running system. ' +
        'npm start does this by itself. A file that was changed after it was applied is refused by its name.',
    )
    .option('--dry-run', 'print the SQL that would run, and run nothing')
    .option('--status', 'list every migration with its state')
    .option('--json', 'print JSON')
    .action(migrate);
}
