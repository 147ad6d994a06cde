import { Command, CommanderError } from 'commander';
import { alertsCommand } from './cli/alerts';
import { apiKeyCommand } from './cli/apikey';
import { demoCommand } from './cli/demo/command';
import { breachesCommand } from './cli/breaches';
import { consentsCommand } from './cli/consents';
import { deadLetterCommand } from './cli/dead-letters';
import { eraseCommand } from './cli/erase';
import { exportCommand } from './cli/export';
import { holdCommand } from './cli/hold';
import { importCommand } from './cli/import/command';
import { keysCommand } from './cli/keys';
import { EXIT, explain, UsageError } from './cli/output';
import { migrateCommand } from './cli/migrate';
import { openapiCommand } from './cli/openapi';
import { lineageCommand } from './cli/lineage';
import { notifyCommand } from './cli/notify';
import { recipientsCommand } from './cli/recipients';
import { requestsCommand } from './cli/requests';
import { reportCommand } from './cli/report';
import { rulesCommand } from './cli/rules';
import { retentionCommand } from './cli/retention';
import { scheduleCommand } from './cli/schedule';
import { searchCommand } from './cli/search';
import { statsCommand } from './cli/stats';
import { configCommand, healthCommand, startCommand } from './cli/system';
import { verifyCommand } from './cli/verify';
import { tailCommand } from './cli/tail';

function program(): Command {
  const root = new Command('mcp-audit').description('The command line of the MCP Audit System.').addHelpText(
    'after',
    `
The running system is found by itself: by AUDIT_URL and AUDIT_API_KEY if they are set, else by the files of the data
directory (AUDIT_DATA_DIR, default ./data). Exit codes: 0 done, 1 failed, 2 called wrongly.`,
  );
  const commands = [
    startCommand(),
    migrateCommand(),
    importCommand(),
    exportCommand(),
    searchCommand(),
    statsCommand(),
    tailCommand(),
    demoCommand(),
    apiKeyCommand(),
    eraseCommand(),
    holdCommand(),
    retentionCommand(),
    keysCommand(),
    verifyCommand(),
    reportCommand(),
    scheduleCommand(),
    deadLetterCommand(),
    rulesCommand(),
    alertsCommand(),
    recipientsCommand(),
    notifyCommand(),
    requestsCommand(),
    consentsCommand(),
    breachesCommand(),
    lineageCommand(),
    configCommand(),
    openapiCommand(),
    healthCommand(),
  ];
  for (const command of commands) root.addCommand(command);
  throwOnExit(root);
  return root;
}

/** Commands inherit this only if made by `.command()`; ours are added. */
function throwOnExit(command: Command): void {
  command.exitOverride().showHelpAfterError('(--help shows how to use it)');
  command.commands.forEach(throwOnExit);
}

async function main(): Promise<void> {
  // A reader that went away (`| head`) is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    throw error;
  });
  try {
    await program().parseAsync();
  } catch (error) {
    // Commander has said what was wrong, or shown the help.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    else {
      process.stderr.write(`${explain(error)}\n`);
      process.exitCode = error instanceof UsageError ? EXIT.usage : EXIT.failed;
    }
  }
}

void main();
