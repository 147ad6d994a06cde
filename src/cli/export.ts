import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { connect, withTenant } from './context';
import { filterQuery, withFilters, withReveal } from './filters';
import { Progress } from './progress';
import { saveBody } from './save-body';

interface ExportOptions {
  tenant?: string;
  format: string;
  output: string;
  proofs?: boolean;
}

async function exportEvents(options: ExportOptions): Promise<void> {
  const query = filterQuery({ ...options });
  query.set('format', options.format);
  if (options.proofs) query.set('proofs', 'true');
  const client = await connect(options);
  const response = await client.request('GET', 'events/export', { query });
  const progress = new Progress(process.stderr);
  const bytes = await saveBody(
    response,
    options.output,
    (done) => progress.update(() => ({ done, total: undefined, text: `exported ${(done / 1e6).toFixed(1)} MB` })),
    () => saveCheckpoint(options, response.headers.get('x-ledger-checkpoint')),
  );
  if (options.output === '-') return;
  progress.clear();
  process.stderr.write(`wrote ${options.output} (${bytes} bytes)\n`);
}

/** NDJSON and Excel hold the checkpoint that they stand under; beside the other forms it is a file of its own. */
async function saveCheckpoint({ format, output }: ExportOptions, header: string | null): Promise<void> {
  if (!header || format === 'ndjson' || format === 'xlsx') return;
  await writeFile(`${output}.checkpoint`, Buffer.from(header, 'base64'), { mode: 0o600 });
}

export function exportCommand(): Command {
  return withReveal(withTenant(withFilters(new Command('export'))))
    .summary('write events to a file')
    .description(
      'Writes all events that match, of any number, and the checkpoint of the ledger that they stand under: in the last line of ' +
        'NDJSON, on the last sheet of Excel, else in FILE.checkpoint. The export itself is recorded as an audit event.',
    )
    .addOption(
      new Option('--format <format>', 'form of the file')
        .choices(['json', 'ndjson', 'csv', 'parquet', 'xlsx'])
        .default('ndjson'),
    )
    .option('--proofs', 'add what proves each event to be in the ledger, for verify-offline.cjs (ndjson only)')
    .requiredOption('-o, --output <file>', 'file to write (mode 0600); - for standard output')
    .addHelpText(
      'after',
      `
Examples:
  mcp-audit export --format csv --output failed.csv --type LOGIN_FAILED --from 2026-11-01
  mcp-audit export --output - --min-severity high | jq -r 'select(.event) | .event.eventType'
  mcp-audit export --proofs --output november.ndjson --from 2026-11-01 --to 2026-12-01
  node verify-offline.cjs november.ndjson --key NAME+ID+KEY     # see docs/integrity.md`,
    )
    .action(exportEvents);
}
