import { Command, Option } from 'commander';
import { connect, withTenant } from './context';
import { withReveal } from './filters';
import { print, printJson, table } from './output';
import { queryOf, readPages } from './pages';
import { saveBody } from './save-body';
import { EVENT_HEAD, eventRow, storedEvent, wholeNumber } from './search';

interface LineageOptions {
  tenant?: string;
  resourceType?: string;
  resource?: string;
  person?: string;
  from?: string;
  to?: string;
  reveal?: string;
  limit: string;
  format: string;
  output?: string;
  json?: boolean;
}

async function lineage(options: LineageOptions): Promise<void> {
  const { resourceType, resource, person, from, to, reveal } = options;
  const query = queryOf({
    ...{ resourceType, resourceId: resource, userId: person, from, to },
    ...(reveal !== undefined && { reveal: 'true', reason: reveal }),
  });
  const client = await connect(options);
  if (options.output !== undefined) {
    query.set('format', options.format);
    const bytes = await saveBody(await client.request('GET', 'compliance/lineage/export', { query }), options.output);
    if (options.output !== '-') process.stderr.write(`wrote ${options.output} (${bytes} bytes)\n`);
    return;
  }
  const limit = wholeNumber('--limit', options.limit);
  const { items, more } = await readPages(client, 'compliance/lineage', storedEvent, query, limit);
  if (options.json) return printJson(items);
  print(items.length === 0 ? 'nothing happened' : table(EVENT_HEAD, items.map(eventRow)));
  if (more) process.stderr.write(`${items.length} shown, there are more; use --limit, or --output for all\n`);
}

export function lineageCommand(): Command {
  return withReveal(withTenant(new Command('lineage')))
    .summary('all that happened to one resource or one person')
    .description(
      'Shows, or writes to a file, all that happened to one resource, or by and to one person; oldest first.',
    )
    .option('--resource-type <type>', 'kind of the resource')
    .option('--resource <id>', 'the resource')
    .option('--person <id>', 'instead: a person, by id or reference')
    .option('--from <time>', 'events at or after this time')
    .option('--to <time>', 'events before this time')
    .option('--limit <n>', 'how many to show', '50')
    .option('-o, --output <file>', 'write all of it to a file (mode 0600); - for standard output')
    .addOption(
      new Option('--format <format>', 'form of the file')
        .choices(['json', 'ndjson', 'csv', 'parquet', 'xlsx'])
        .default('ndjson'),
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  mcp-audit lineage --resource-type shipment --resource SHP-2041
  mcp-audit lineage --person u-1029 --format xlsx --output u-1029.xlsx`,
    )
    .action(lineage);
}
