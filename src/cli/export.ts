import { createWriteStream } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command, Option } from 'commander';
import { connect, withTenant } from './context';
import { filterQuery, withFilters, withReveal } from './filters';
import { Progress } from './progress';
import { AppError } from '../common/app-error';

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
  if (!response.body) throw new AppError('EXPORT_EMPTY', 502, 'the export had no body; try again');
  const progress = new Progress(process.stderr);
  let bytes = 0;
  const body = Readable.fromWeb(response.body);
  const counted = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      progress.update(() => ({ done: bytes, total: undefined, text: `exported ${(bytes / 1e6).toFixed(1)} MB` }));
      yield chunk;
    }
  };
  if (options.output === '-') {
    await pipeline(body, counted, process.stdout);
    return;
  }
  // Under another name until it is whole, so that a file that is there is a complete export.
  const unfinished = `${options.output}.part`;
  try {
    await pipeline(body, counted, createWriteStream(unfinished, { mode: 0o600 }));
    await saveCheckpoint(options, response.headers.get('x-ledger-checkpoint'));
    await rename(unfinished, options.output);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
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
