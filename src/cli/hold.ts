import { randomUUID } from 'node:crypto';
import { Command } from 'commander';
import { z } from 'zod';
import { collect, connect, withTenant } from './context';
import { print, printJson, table, UsageError } from './output';

const hold = z.looseObject({
  id: z.string(),
  name: z.string(),
  subjects: z.array(z.string()),
  eventTypes: z.array(z.string()),
  resourceType: z.string().nullable(),
  resourceId: z.string().nullable(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  placedAt: z.string(),
  releasedAt: z.string().nullable(),
});
const countedHold = hold.extend({ events: z.number() });
const holdList = z.object({ items: z.array(hold) });
type Hold = z.infer<typeof hold>;

interface AddOptions {
  tenant?: string;
  name: string;
  reason: string;
  subject?: string;
  type?: string[];
  resourceType?: string;
  resource?: string;
  from?: string;
  to?: string;
  all?: boolean;
  json?: boolean;
}

async function add(options: AddOptions): Promise<void> {
  const scope = {
    ...(options.subject !== undefined && { subjectId: options.subject }),
    ...(options.type && { eventTypes: options.type }),
    ...(options.resourceType !== undefined && { resourceType: options.resourceType }),
    ...(options.resource !== undefined && { resourceId: options.resource }),
    ...(options.from !== undefined && { from: instant('--from', options.from) }),
    ...(options.to !== undefined && { to: instant('--to', options.to) }),
  };
  if (Object.keys(scope).length === 0 && !options.all) {
    throw new UsageError('say what to hold (--subject, --type, --resource, --from …), or --all for the whole tenant');
  }
  const client = await connect(options);
  const json = { id: randomUUID(), name: options.name, reason: options.reason, ...scope };
  const placed = await client.json('POST', 'privacy/holds', countedHold, {
    ...{ json, repeatable: true },
  });
  if (options.json) return printJson(placed);
  print(`${placed.id} holds ${placed.events} stored event(s), and those to come: ${scopeOf(placed)}`);
}

async function list(options: { tenant?: string; all?: boolean; json?: boolean }): Promise<void> {
  const { items } = await (await connect(options)).json('GET', 'privacy/holds', holdList);
  const shown = items.filter((each) => options.all || each.releasedAt === null);
  if (options.json) return printJson(shown);
  const state = (each: Hold) => (each.releasedAt === null ? 'in force' : `released ${each.releasedAt}`);
  const rows = shown.map((each) => [each.id, each.name, each.placedAt, state(each), scopeOf(each)]);
  print(shown.length === 0 ? 'no legal holds' : table(['ID', 'NAME', 'PLACED', 'STATE', 'HOLDS'], rows));
}

async function release(id: string, options: { tenant?: string; reason: string }): Promise<void> {
  const path = `privacy/holds/${encodeURIComponent(id)}/release`;
  const json = { reason: options.reason };
  const client = await connect(options);
  const { events } = await client.json('POST', path, countedHold, { json, repeatable: true });
  print(`released ${id}; it held ${events} stored event(s)`);
}

function scopeOf(each: Hold): string {
  const parts = [
    each.subjects.length > 0 && `subject ${each.subjects.join(' or ')}`,
    each.eventTypes.length > 0 && `types ${each.eventTypes.join(', ')}`,
    each.resourceType !== null && `resources of type ${each.resourceType}`,
    each.resourceId !== null && `resource ${each.resourceId}`,
    each.from !== null && `from ${each.from}`,
    each.to !== null && `to ${each.to}`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? 'everything' : parts.join(', ');
}

function instant(option: string, text: string): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new UsageError(`${option} expects a time such as 2027-01-31 or 2027-01-31T12:00:00Z`);
  return new Date(ms).toISOString();
}

export function holdCommand(): Command {
  const command = new Command('hold')
    .summary('legal holds: add, list, release')
    .description('Legal holds keep events from being removed by retention and people from being erased.');
  withTenant(command.command('add'))
    .description('Places a hold. Everything that is given narrows it.')
    .requiredOption('--name <name>', 'how people call it; kept in plain')
    .requiredOption('--reason <text>', 'why; kept in plain, so name no person')
    .option('--subject <id>', 'only events of this person')
    .option('--type <name>', 'only events of this type; may be repeated', collect)
    .option('--resource-type <type>', 'only this kind of resource')
    .option('--resource <id>', 'only this resource')
    .option('--from <time>', 'only events that occurred at or after this time')
    .option('--to <time>', 'only events that occurred before this time')
    .option('--all', 'hold everything of the tenant')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  mcp-audit hold add --name "Case 2026-118" --reason "court order of 3 May" --type FINANCIAL_TRANSACTION --from 2026-01-01',
    )
    .action(add);
  withTenant(command.command('list'))
    .description('Lists holds in force.')
    .option('--all', 'also released ones')
    .option('--json', 'print JSON')
    .action(list);
  withTenant(command.command('release'))
    .description('Releases a hold for good.')
    .argument('<id>', 'id of the hold, see list')
    .requiredOption('--reason <text>', 'why; kept in plain, so name no person')
    .action(release);
  return command;
}
