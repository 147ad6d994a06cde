import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { AppError } from '../common/app-error';
import { connect, withTenant } from './context';
import { readEventStream } from './event-stream';
import { filterQuery, withFilters } from './filters';
import { print, printable } from './output';
import { eventRow, StoredEvent } from './search';

interface TailOptions {
  tenant?: string;
  json?: boolean;
}

/** Follows the stream for ever; after a break it goes on behind the last event it saw. */
async function tail(options: TailOptions): Promise<void> {
  const query = filterQuery({ ...options });
  const client = await connect(options);
  let lastId: string | undefined;
  for (;;) {
    const headers: Record<string, string> = { accept: 'text/event-stream' };
    if (lastId !== undefined) headers['last-event-id'] = lastId;
    const response = await client.request('GET', 'events/stream', { query, headers, retryForMs: 300_000 });
    if (!response.body) throw new AppError('STREAM_EMPTY', 502, 'the stream had no body; try again');
    try {
      for await (const message of readEventStream(response.body)) {
        lastId = message.id ?? lastId;
        if (options.json) print(message.data);
        else
          print(
            eventRow(JSON.parse(message.data) as StoredEvent)
              .map(printable)
              .join('  '),
          );
      }
    } catch (error) {
      // undici ends a broken body with this TypeError; anything else is a defect of ours.
      if (!(error instanceof TypeError && error.message === 'terminated')) throw error;
    }
    process.stderr.write('the stream ended; connecting again\n');
    await sleep(1000);
  }
}

export function tailCommand(): Command {
  return withTenant(withFilters(new Command('tail')))
    .summary('follow events live')
    .description('Shows events as they arrive, until interrupted.')
    .option('--json', 'print each event as one line of JSON')
    .addHelpText(
      'after',
      `
Examples:
  mcp-audit tail --min-severity high
  mcp-audit tail --type LOGIN_FAILED --json | jq -r .context.ipAddress`,
    )
    .action(tail);
}
