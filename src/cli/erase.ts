import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { z } from 'zod';
import { AppError } from '../common/app-error';
import type { AuditClient } from './client';
import { connect, withTenant } from './context';
import { print, printJson, table } from './output';

const summary = z.object({
  events: z.number(),
  first: z.string().nullable(),
  last: z.string().nullable(),
  types: z.array(
    z.looseObject({
      eventType: z.string(),
      retention: z.string(),
      events: z.number(),
      first: z.string(),
      last: z.string(),
      retainedUntil: z.string(),
    }),
  ),
  fields: z.array(z.object({ field: z.string(), events: z.number() })),
  plainEvents: z.number(),
  mentions: z.number(),
});
const preview = z.looseObject({
  allowed: z.boolean(),
  subjects: z.array(z.string()),
  unreadable: summary,
  blockers: z.array(z.looseObject({ message: z.string() })),
});
const erasure = z.looseObject({
  id: z.string(),
  state: z.enum(['begun', 'done']),
  subjects: z.array(z.string()),
  requestedAt: z.string(),
  finishedAt: z.string().nullable(),
  unreadable: summary,
  certificate: z.looseObject({ body: z.string(), publicKey: z.string(), signature: z.string() }).nullable(),
});
type Erasure = z.infer<typeof erasure>;

interface EraseOptions {
  tenant?: string;
  subject: string;
  reason?: string;
  dryRun?: boolean;
  certificate?: string;
  json?: boolean;
}

/** An erasure that was begun is finished within a minute or two, also by another process. */
const PATIENCE_MS = 180_000;

async function erase(options: EraseOptions, command: Command): Promise<void> {
  const client = await connect(options);
  if (options.dryRun) return showPreview(client, options);
  if (options.reason === undefined)
    command.error('error: --reason is required, except with --dry-run', { exitCode: 2 });
  const json = { id: randomUUID(), subjectId: options.subject, reason: options.reason };
  const begun = await client.json('POST', 'privacy/erasures', erasure, { json, repeatable: true });
  const done = await finished(client, begun);
  if (options.certificate !== undefined) {
    await writeFile(options.certificate, `${JSON.stringify(done.certificate, null, 2)}\n`, { mode: 0o600 });
  }
  if (options.json) return printJson(done);
  describe(done.unreadable, 'can never be read again');
  print(`\nerasure ${done.id} was finished at ${done.finishedAt}; ${done.subjects.join(', ')} stand(s) for nobody now`);
  print(
    options.certificate === undefined
      ? `the signed certificate: mcp-audit erase --show ${done.id}`
      : `wrote the signed certificate to ${options.certificate}`,
  );
}

async function finished(client: AuditClient, begun: Erasure): Promise<Erasure> {
  let now = begun;
  const until = Date.now() + PATIENCE_MS;
  while (now.state !== 'done') {
    if (Date.now() > until) {
      throw new AppError(
        'ERASURE_BEGUN',
        503,
        `the erasure ${begun.id} has begun, and the person cannot be read any more; it is finished by a worker as soon as ` +
          'the log is sealed again. See "mcp-audit erase --list"',
      );
    }
    await sleep(1000);
    now = await client.json('GET', `privacy/erasures/${begun.id}`, erasure);
  }
  return now;
}

async function showPreview(client: AuditClient, options: EraseOptions): Promise<void> {
  const would = await client.json('POST', 'privacy/erasures/preview', preview, {
    ...{ json: { subjectId: options.subject }, repeatable: true },
  });
  if (options.json) return printJson(would);
  describe(would.unreadable, 'would become unreadable');
  print(would.allowed ? '\nnothing forbids it' : `\nit would be refused:`);
  for (const { message } of would.blockers) print(`  ${message}`);
}

function describe(facts: z.infer<typeof summary>, what: string): void {
  print(`${facts.events} event(s) hold data of this person, which ${what}:`);
  const rows = facts.types.map((t) => [t.eventType, t.retention, String(t.events), t.first, t.last, t.retainedUntil]);
  if (rows.length > 0) print(table(['TYPE', 'CLASS', 'EVENTS', 'FIRST', 'LAST', 'RETAINED UNTIL'], rows));
  const fields = facts.fields.map(({ field, events }) => `${field} (${events})`);
  print(`fields: the id itself${fields.length > 0 ? `, ${fields.join(', ')}` : ''}`);
  if (facts.plainEvents > 0) {
    print(`NOT reached: ${facts.plainEvents} event(s) stored while encryption was off, which hold the id in plain`);
  }
  if (facts.mentions > 0) {
    print(`NOT reached: the id where ${facts.mentions} of the events repeat it in plain, such as in a description`);
  }
}

async function show(id: string, options: { tenant?: string }): Promise<void> {
  printJson(await (await connect(options)).json('GET', `privacy/erasures/${encodeURIComponent(id)}`, erasure));
}

async function list(options: { tenant?: string; json?: boolean }): Promise<void> {
  const page = z.object({ items: z.array(erasure) });
  const { items } = await (await connect(options)).json('GET', 'privacy/erasures', page);
  if (options.json) return printJson(items);
  const rows = items.map((e) => [e.id, e.state, e.requestedAt, e.finishedAt ?? '', String(e.unreadable.events)]);
  print(items.length === 0 ? 'no erasures' : table(['ID', 'STATE', 'REQUESTED', 'FINISHED', 'EVENTS'], rows));
}

export function eraseCommand(): Command {
  return withTenant(new Command('erase'))
    .summary('erase a person: destroy the key of all that was sealed for it')
    .description(
      'Erases a person. What was sealed for it can never be read again; events and proofs stay. It cannot be undone. ' +
        'docs/privacy.md tells what it does not reach.',
    )
    .option('--subject <id>', 'the person: userId or subjectId of events, or a reference (sub_…)')
    .option('--reason <text>', 'why; kept in plain, so name no person')
    .option('--dry-run', 'only say what would become unreadable, and what forbids it')
    .option('--certificate <file>', 'write the signed certificate there (mode 0600)')
    .option('--show <id>', 'show an erasure with its certificate')
    .option('--list', 'list erasures')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  mcp-audit erase --subject u-1029 --dry-run
  mcp-audit erase --subject u-1029 --reason "request 2026-311 under Art. 17 GDPR" --certificate erasure.json`,
    )
    .action(async (options: Partial<EraseOptions> & { show?: string; list?: boolean }, command: Command) => {
      if (options.list) return list(options);
      if (options.show !== undefined) return show(options.show, options);
      const { subject } = options;
      if (subject === undefined) return command.error('error: name the person with --subject', { exitCode: 2 });
      return erase({ ...options, subject }, command);
    });
}
