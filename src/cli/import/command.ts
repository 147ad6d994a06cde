import { Command, Option } from 'commander';
import { IANAZone } from 'luxon';
import type { AuditClient } from '../client';
import { connect, withTenant } from '../context';
import { countAdded, countEvents, waitingEvents } from '../event-count';
import { EventSender } from '../event-sender';
import { raiseHistory } from '../raise-history';
import { EXIT, print, printJson, UsageError } from '../output';
import { Progress } from '../progress';
import { importEvents } from './import-events';
import { ImportReport } from './import-report';
import { openSource, Source, splitLines } from './lines';
import { NdjsonParser } from './ndjson';
import type { LineParser } from './parser';
import { SshdParser, surveyFirstYear } from './sshd';

interface ImportOptions {
  format: 'ndjson' | 'sshd';
  year?: string;
  timezone: string;
  tenant?: string;
  service?: string;
  occurredAt?: string;
  dryRun?: boolean;
  wait: boolean;
  evaluate?: boolean;
  json?: boolean;
}

async function runImport(file: string, options: ImportOptions): Promise<void> {
  check(options);
  const source = await openSource(file);
  const report = new ImportReport();
  const progress = new Progress(process.stderr);
  const parser = await makeParser(source, options);
  const service = options.format === 'sshd' ? (options.service ?? 'sshd') : options.service;
  const client = options.dryRun ? undefined : await connect(options);
  const before = client && options.wait ? await countEvents(client, service) : undefined;
  const sender = client && makeSender(client, report, progress);

  let bytes = 0;
  const startedAt = Date.now();
  const input = source.open((taken) => (bytes += taken));
  await importEvents(splitLines(input), parser, sender, report, () =>
    progress.update(() => {
      const rate = Math.round(report.events / Math.max(0.001, (Date.now() - startedAt) / 1000));
      const text = `${(bytes / 1e6).toFixed(1)} MB, ${report.linesRead} lines, ${report.events} events, ${rate}/s`;
      return { done: bytes, total: source.bytes, text };
    }),
  );
  if (client && sender) {
    report.accepted = sender.accepted;
    if (before !== undefined) {
      const system = { count: () => countEvents(client, service), waiting: () => waitingEvents(client) };
      report.added = await countAdded(system, before, sender.accepted);
    }
    if (options.evaluate) report.evaluated = await raiseHistory(client, report.span);
  }
  progress.clear();
  addNotes(report, parser, options);
  if (options.json) printJson(report);
  else print(report.toString());
  if (report.linesRejected > 0) process.exitCode = EXIT.failed;
}

function check(options: ImportOptions): void {
  if (options.year !== undefined && !/^(19[7-9]\d|2\d{3})$/.test(options.year)) {
    throw new UsageError('--year expects a year from 1970 on, such as 2015');
  }
  if (options.evaluate && (options.dryRun || !options.wait)) {
    throw new UsageError('--evaluate needs the events to be stored, so it goes with neither --dry-run nor --no-wait');
  }
  if (!IANAZone.isValidZone(options.timezone)) {
    throw new UsageError(`there is no time zone "${options.timezone}"; give a name such as Europe/Berlin or UTC`);
  }
  if (options.occurredAt !== undefined && !/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(options.occurredAt)) {
    throw new UsageError('--occurred-at expects a time as in RFC 3339, such as 2026-11-23T05:16:00Z');
  }
}

async function makeParser(source: Source, options: ImportOptions): Promise<SshdParser | NdjsonParser> {
  const fileTime = source.changedAt === undefined ? undefined : new Date(source.changedAt).toISOString();
  if (options.format === 'ndjson') {
    return new NdjsonParser({ defaultTime: options.occurredAt ?? fileTime, service: options.service });
  }
  const zone = options.timezone;
  const reference = source.changedAt ?? Date.now();
  // Standard input cannot be read twice, so there the year of the first line is the guess.
  const survey = options.year === undefined && source.changedAt !== undefined;
  const year = survey ? await surveyFirstYear(splitLines(source.open()), reference, zone) : undefined;
  const given = options.year === undefined ? year : Number(options.year);
  return new SshdParser({ year: given, reference, zone, service: options.service ?? 'sshd' });
}

function makeSender(client: AuditClient, report: ImportReport, progress: Progress): EventSender<number> {
  return new EventSender<number>(client, {
    onRejected: (line, problems) => report.reject(line, problems),
    onRetry: (reason, waitMs) => progress.note(`${reason}; trying again in ${(waitMs / 1000).toFixed(1)} s`),
  });
}

function addNotes(report: ImportReport, parser: LineParser, options: ImportOptions): void {
  if (parser instanceof SshdParser && options.year === undefined && parser.assumedYear !== undefined) {
    report.notes.push(
      `the lines carry no year; the first was taken to be of ${parser.assumedYear} (--year says otherwise)`,
    );
  }
  if (parser instanceof NdjsonParser && parser.timesAssumed > 0) {
    const source = options.occurredAt === undefined ? "the file's time of change" : '--occurred-at';
    report.notes.push(`${parser.timesAssumed} lines had no occurredAt and took ${source}`);
  }
}

export function importCommand(): Command {
  return withTenant(new Command('import'))
    .summary('send the events of a file')
    .description(
      'Sends the events of a file of any size, plain or gzip. Importing a file again, or another that overlaps it, adds nothing.',
    )
    .argument('<file>', 'file to read; - for standard input')
    .addOption(new Option('--format <format>', 'form of the lines').choices(['ndjson', 'sshd']).makeOptionMandatory())
    .option('--year <year>', 'sshd: year of the first line (default: the newest that puts no line in the future)')
    .option('--timezone <zone>', 'sshd: time zone of the lines', 'UTC')
    .option('--service <name>', 'service that the events are of (sshd: "sshd" by default)')
    .option('--occurred-at <time>', "ndjson: time of lines without one (default: the file's time of change)")
    .option('--dry-run', 'only read and report; nothing is sent')
    .option('--no-wait', 'do not wait to count how many events were new')
    .option('--evaluate', 'raise the alerts of old events too, with their times; otherwise history notifies nobody')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
Exit code 1 if a line was rejected; lines that are skipped are no fault.

Examples:
  mcp-audit import /var/log/auth.log --format sshd --timezone Europe/Berlin
  mcp-audit import auth.log.2.gz --format sshd --year 2015 --dry-run
  mcp-audit export --format ndjson --output - | jq -c … | mcp-audit import - --format ndjson --tenant other`,
    )
    .action(runImport);
}
