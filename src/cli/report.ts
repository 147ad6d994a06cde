import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { AppError } from '../common/app-error';
import type { AuditClient } from './client';
import { dayIn } from '../reports/period';
import { connect, withTenant } from './context';
import { print, printJson, table } from './output';
import { Progress } from './progress';
import { saveBody } from './save-body';

export const reportAnswer = z.looseObject({
  id: z.string(),
  state: z.enum(['queued', 'running', 'finished', 'failed']),
  progress: z.object({ stage: z.string(), percent: z.number() }).nullable(),
  reason: z.string().nullable(),
  ...{ regulation: z.string(), from: z.string(), to: z.string(), timeZone: z.string(), createdAt: z.string() },
  ...{ schedule: z.string().nullable(), contentHash: z.string().nullable(), formats: z.array(z.string()) },
  statuses: z.record(z.string(), z.number()).nullable(),
  deliveries: z.array(z.looseObject({ state: z.string(), to: z.string(), reason: z.string().nullable() })),
});
export type ReportAnswer = z.output<typeof reportAnswer>;
const page = z.object({ items: z.array(reportAnswer), nextCursor: z.string().nullable() });

const POLL_MS = 300;
const FORMATS = ['pdf', 'xlsx', 'csv', 'json'];
const REPORTS = 'compliance/reports';

interface GenerateOptions {
  tenant?: string;
  regulation: string;
  from: string;
  to: string;
  timezone?: string;
  language?: string;
  format: string;
  output: string;
}

/** Waits until a report is made. @throws AppError `REPORT_FAILED` with the reason if it could not be */
export async function waitForReport(client: AuditClient, first: ReportAnswer): Promise<ReportAnswer> {
  const progress = new Progress(process.stderr);
  let report = first;
  while (report.state === 'queued' || report.state === 'running') {
    const { percent = 0, stage = 'waiting' } = report.progress ?? {};
    const trouble = report.reason === null ? '' : ` (trying again: ${report.reason})`;
    progress.update(() => ({ done: percent, total: 100, text: `${stage}${trouble}` }));
    await sleep(POLL_MS);
    report = await client.json('GET', `${REPORTS}/${report.id}`, reportAnswer);
  }
  progress.clear();
  if (report.state === 'finished') return report;
  throw new AppError('REPORT_FAILED', 500, `the report could not be made: ${report.reason ?? 'no reason is known'}`);
}

async function runGenerate({ tenant, timezone, output, format, ...options }: GenerateOptions): Promise<void> {
  const client = await connect({ tenant });
  const { regulation, from, to, language } = options;
  const order = {
    ...{ regulation, from, to, formats: [format] },
    ...(timezone !== undefined && { timeZone: timezone }),
    ...(language !== undefined && { language }),
  };
  const asked = await client.json('POST', `${REPORTS}/generate`, reportAnswer, {
    json: order,
    headers: { 'idempotency-key': randomUUID() },
    repeatable: true,
  });
  const made = await waitForReport(client, asked);
  await download(client, made.id, format, output);
  process.stderr.write(`wrote ${output}: report ${made.id}, content hash ${made.contentHash ?? ''}\n`);
}

async function download(client: AuditClient, id: string, format: string | undefined, output: string): Promise<void> {
  const query = new URLSearchParams(format === undefined ? {} : { format });
  await saveBody(await client.request('GET', `${REPORTS}/${encodeURIComponent(id)}/download`, { query }), output);
}

async function runDownload(id: string, options: { tenant?: string; format?: string; output: string }): Promise<void> {
  await download(await connect(options), id, options.format, options.output);
  process.stderr.write(`wrote ${options.output}\n`);
}

async function runList(options: { tenant?: string; limit: string; json?: boolean }): Promise<void> {
  const query = new URLSearchParams({ limit: options.limit });
  const { items } = await (await connect(options)).json('GET', REPORTS, page, { query });
  if (options.json) return printJson(items);
  if (items.length === 0) return print('no reports; "mcp-audit report generate" makes one');
  const rows = items.map((r) => [
    ...[
      r.id,
      r.createdAt.slice(0, 16).replace('T', ' '),
      r.regulation,
      dayIn(r.from, r.timeZone),
      dayIn(r.to, r.timeZone),
    ],
    ...[r.state, r.formats.join(','), r.schedule ?? '', String(r.statuses?.exception ?? '')],
    r.deliveries.map((each) => `${each.to} ${each.state}`).join(', '),
  ]);
  const head = ['ID', 'ASKED', 'LAW', 'FROM', 'TO', 'STATE', 'FORMATS', 'SCHEDULE', 'EXCEPTIONS', 'MAILED'];
  print(table(head, rows));
}

export function reportCommand(): Command {
  const command = new Command('report')
    .summary('compliance reports')
    .description('Makes and reads compliance reports.');
  withTenant(command.command('generate'))
    .description('Makes a report of a period, waits for it and writes it to a file.')
    .addOption(new Option('--regulation <name>').choices(['gdpr', 'lgpd', 'sox']).makeOptionMandatory())
    .requiredOption('--from <day|time>', 'start of the period')
    .requiredOption('--to <day|time>', 'end of the period, exclusive')
    .option('--timezone <zone>', 'zone of days and deadlines, such as Europe/Lisbon (default: UTC)')
    .addOption(new Option('--language <code>', 'language of the report').choices(['en', 'pt']))
    .addOption(new Option('--format <format>', 'form of the file').choices(FORMATS).default('pdf'))
    .requiredOption('-o, --output <file>', 'file to write (mode 0600); - for standard output')
    .addHelpText(
      'after',
      '\nExample:\n  mcp-audit report generate --regulation gdpr --from 2026-10-01 --to 2026-11-01 --output october.pdf',
    )
    .action(runGenerate);
  withTenant(command.command('list'))
    .description('Lists reports, newest first.')
    .option('--limit <n>', 'how many at most', '50')
    .option('--json', 'print JSON')
    .action(runList);
  withTenant(command.command('download'))
    .description('Writes a report that was made before to a file.')
    .argument('<id>')
    .addOption(new Option('--format <format>', 'default: the first it was made in').choices(FORMATS))
    .requiredOption('-o, --output <file>', 'file to write (mode 0600); - for standard output')
    .action(runDownload);
  return command;
}
