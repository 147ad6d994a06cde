import { DateTime } from 'luxon';
import { Language } from '../compliance/assessment';
import { integrityOf, Report } from './content';
import { periodText, verdictText, writingOf } from './report-view';
import { summarize } from './summary';

export type Value = string | number | Date | null;

/** One table of a report: for Excel a sheet. */
export interface Sheet {
  name: string;
  columns: { title: string; width: number }[];
  rows: Value[][];
}

const column = (title: string, width: number) => ({ title, width });

/** The report as tables. Dates are the wall-clock time of the report's zone, written as if it were UTC, since sheets know no zones. */
export function reportSheets(report: Report, language: Language): Sheet[] {
  const { content, contentHash, circumstances } = report;
  const { assessment, population } = content;
  const writing = writingOf(language, assessment.timeZone);
  const { words } = writing;
  const { text } = words;
  const summary = summarize(assessment);
  const integrity = words.integrity[integrityOf(population, circumstances.verifications)];
  const date = (iso: string) => wallClock(iso, assessment.timeZone);
  const status = (name: keyof typeof words.statuses) => words.statuses[name].name;
  const zone = ` (${assessment.timeZone})`;
  const facts: [string, Value][] = [
    [text.regulation, words.regulations[assessment.regulation].full],
    [text.tenant, assessment.tenant],
    [text.period, periodText(assessment.from, assessment.to, assessment.timeZone, writing)],
    [text.timeZone, assessment.timeZone],
    [text.asOf, date(assessment.asOf)],
    [text.summary, verdictText(summary, assessment.events, writing)],
    [text.events, assessment.events],
    [text.controls, assessment.controls.length],
    ...(['exception', 'partial', 'no_events', 'attestation_needed', 'evidenced'] as const).map(
      (name): [string, Value] => [`${text.controls}: ${status(name)}`, summary.byStatus[name]],
    ),
    [text.findings, summary.findings],
    [text.generatedAt, date(circumstances.generatedAt)],
    [text.generatedBy, circumstances.generatedBy],
    [text.productVersion, `MCP Audit System ${content.version}`],
    [text.reportId, circumstances.reportId],
    [text.contentHash, contentHash],
  ];
  const integrityFacts: [string, Value][] = [
    [integrity.name, integrity.text],
    [text.firstEvent, population.first],
    [text.lastEvent, population.last],
    [text.missing, population.missing],
    ...(population.checkpoint === null
      ? ([[text.checkpoint, text.noCheckpoint]] as [string, Value][])
      : ([
          [text.signedAt, date(population.checkpoint.signedAt)],
          [text.note, population.checkpoint.note],
        ] as [string, Value][])),
    ...circumstances.verifications.flatMap((each): [string, Value][] => [
      [`${text.verification}: ${text.finished}`, date(each.finishedAt)],
      [`${text.verification}: ${text.range}`, `${each.first}-${each.end - 1}`],
      [`${text.verification}: ${text.faults}`, each.faults],
    ]),
  ];
  const factColumns = [column(text.record, 34), column(text.value, 100)];
  const { controls } = assessment;
  return [
    { name: text.summary, columns: factColumns, rows: facts },
    {
      name: text.controls,
      columns: [
        ...[column('id', 26), column(text.article, 16), column(text.control, 40), column(text.status, 18)],
        ...[column(text.judgement, 70), column(text.demand, 70), column(text.findings, 14)],
      ],
      rows: controls.map((c) => [
        ...[c.id, c.article, c.title[language], status(c.status), c.reason[language], c.demand[language]],
        c.findingCount,
      ]),
    },
    {
      name: text.evidence,
      columns: [
        ...[column('id', 26), column(text.article, 16), column(text.evidence, 50), column(text.matching, 12)],
        ...[column(text.query, 60), column(text.samples, 42)],
      ],
      rows: controls.flatMap((c) =>
        c.evidence.map((e) => [c.id, c.article, e.title[language], e.count, e.filters, e.samples.join('\n')]),
      ),
    },
    {
      name: text.findings,
      columns: [
        ...[column('id', 26), column(text.article, 16), column(text.severity, 14), column(text.when + zone, 22)],
        ...[column(text.finding, 80), column(text.shownBy, 42)],
      ],
      rows: controls.flatMap((c) =>
        c.findings.map((f) => [
          ...[c.id, c.article, words.severities[f.severity], date(f.occurredAt)],
          ...[f.title[language], f.eventIds.join('\n')],
        ]),
      ),
    },
    { name: text.integrity, columns: factColumns, rows: integrityFacts },
  ];
}

function wallClock(iso: string, zone: string): Date {
  return DateTime.fromISO(iso, { zone }).setZone('UTC', { keepLocalTime: true }).toJSDate();
}
