import { Command } from 'commander';
import { z } from 'zod';
import type { AuditClient } from './client';
import { connect, withTenant } from './context';
import { filterQuery, withFilters, withReveal } from './filters';
import { print, printJson, printable, table, UsageError } from './output';

/** A text, or `{"erased": true}` where one stood. */
const revealed = z.union([z.string(), z.record(z.string(), z.literal(true))]).optional();
export const storedEvent = z.looseObject({
  id: z.string(),
  eventType: z.string(),
  severity: z.string(),
  outcome: z.string(),
  occurredAt: z.string(),
  description: z.string(),
  context: z.looseObject({ userId: revealed, ipAddress: revealed, resourceId: revealed }).optional(),
});
export type StoredEvent = z.infer<typeof storedEvent>;
const page = z.object({ items: z.array(storedEvent), nextCursor: z.string().nullish() });
const counted = z.object({
  total: z.number(),
  groups: z.array(z.object({ key: z.union([z.string(), z.number()]).nullable(), count: z.number() })).optional(),
});

export const EVENT_HEAD = ['TIME', 'SEVERITY', 'TYPE', 'OUTCOME', 'USER', 'ADDRESS', 'RESOURCE', 'DESCRIPTION'];

/** An event as a row of the table. */
export function eventRow(event: StoredEvent): string[] {
  const c = event.context ?? {};
  const row = [event.occurredAt, event.severity, event.eventType, event.outcome, shown(c.userId), shown(c.ipAddress)];
  return [...row, shown(c.resourceId), event.description.slice(0, 80)];
}

const shown = (value: z.infer<typeof revealed>): string =>
  typeof value === 'object' ? `(${Object.keys(value).join()})` : (value ?? '');

interface SearchOptions {
  tenant?: string;
  limit: string;
  order?: string;
  json?: boolean;
  count?: boolean;
  groupBy?: string;
  top: string;
}

async function search(options: SearchOptions): Promise<void> {
  const query = filterQuery({ ...options });
  const client = await connect(options);
  if (options.count || options.groupBy !== undefined) return count(client, query, options);
  const limit = wholeNumber('--limit', options.limit);
  if (options.order !== undefined) query.set('order', options.order);
  const events: StoredEvent[] = [];
  let cursor: string | null | undefined;
  do {
    query.set('limit', String(Math.min(limit - events.length, 1000)));
    if (cursor) query.set('cursor', cursor);
    const answer = await client.json('GET', 'events', page, { query });
    events.push(...answer.items);
    cursor = answer.nextCursor;
  } while (cursor && events.length < limit);
  if (options.json) return printJson(events);
  print(table(EVENT_HEAD, events.map(eventRow)));
  if (cursor) process.stderr.write(`${events.length} shown, there are more; use --limit or narrow the search\n`);
}

async function count(client: AuditClient, query: URLSearchParams, options: SearchOptions): Promise<void> {
  if (options.groupBy !== undefined) {
    query.set('groupBy', options.groupBy);
    query.set('top', String(wholeNumber('--top', options.top)));
  }
  const answer = await client.json('GET', 'events/count', counted, { query });
  if (options.json) return printJson(answer);
  if (answer.groups) {
    const rows = answer.groups.map((g) => [String(g.count), g.key === null || g.key === '' ? '(none)' : String(g.key)]);
    print(table(['COUNT', (options.groupBy ?? '').toUpperCase()], rows));
    print('');
  }
  print(`${answer.total} events`);
}

export function wholeNumber(name: string, text: string, min = 1): number {
  if (/^\d+$/.test(text) && Number(text) >= min) return Number(text);
  throw new UsageError(`${name} expects a whole number of at least ${min}, not "${printable(text)}"`);
}

export function searchCommand(): Command {
  return withReveal(withTenant(withFilters(new Command('search'))))
    .summary('find events')
    .description('Finds events, newest first.')
    .option('--limit <n>', 'how many to show', '50')
    .option('--order <order>', 'desc (newest first) or asc')
    .option('--count', 'only count them')
    .option('--group-by <field>', 'count them by a field, e.g. ipAddress, userId, eventType')
    .option('--top <n>', 'with --group-by: the largest groups', '10')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  mcp-audit search --type LOGIN_FAILED --from 2026-11-01 --limit 20
  mcp-audit search --type LOGIN_FAILED --count --group-by ipAddress --top 10
  mcp-audit search --address 203.0.113.0/24 --min-severity high --json`,
    )
    .action(search);
}
