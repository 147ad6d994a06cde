import { DateTime } from 'luxon';
import { CONTROL_STATUSES, ControlResult, Finding, Language } from '../compliance/assessment';
import { SEVERITIES } from '../events/event-types';
import { bars, ring, SEVERITY_COLOURS, STATUS_COLOURS } from './charts';
import { integrityOf, Population, Report } from './content';
import type { PageNumbers } from './pdf-renderer';
import { Summary, summarize } from './summary';
import { fill, WordList, WORDS } from './words';

/** How values are written in one language and time zone. */
export interface Writing {
  words: WordList;
  number: (value: number) => string;
  /** With minutes, in the report's zone. */
  time: (iso: string) => string;
  day: (iso: string) => string;
}

export function writingOf(language: Language, timeZone: string): Writing {
  const words = WORDS[language];
  const at = (iso: string) => DateTime.fromISO(iso, { zone: timeZone }).setLocale(words.locale);
  const numbers = new Intl.NumberFormat(words.locale);
  return {
    words,
    number: (value) => numbers.format(value),
    time: (iso) => at(iso).toFormat('d LLL yyyy, HH:mm'),
    day: (iso) => at(iso).toFormat('d LLL yyyy'),
  };
}

/** A period as people say it: whole days by their first and last, all else by its bounds. */
export function periodText(from: string, to: string, timeZone: string, { day, time, words }: Writing): string {
  const [start, end] = [from, to].map((iso) => DateTime.fromISO(iso, { zone: timeZone })) as [DateTime, DateTime];
  const whole = [start, end].every((bound) => bound.equals(bound.startOf('day')));
  if (!whole) return `${time(from)} ${words.text.until} ${time(to)}`;
  const last = end.minus({ days: 1 }).toISO() ?? to;
  return last === start.toISO() ? day(from) : `${day(from)} – ${day(last)}`;
}

/** The sentence that the summary begins with. */
export function verdictText(summary: Summary, events: number, { words, number }: Writing): string {
  const { exception = 0, evidenced = 0 } = summary.byStatus;
  const controls = Object.values(summary.byStatus).reduce((sum, count) => sum + count, 0);
  const values = { controls: number(controls), exceptions: number(exception), open: number(controls - evidenced) };
  const { verdict } = words;
  if (events === 0) return fill(verdict.none, values);
  if (exception > 0) return fill(exception === 1 ? verdict.exception : verdict.exceptions, values);
  return fill(evidenced === controls ? verdict.good : verdict.open, values);
}

/** Everything that the templates show, as text of one language. */
export function reportView(report: Report, language: Language, pages: PageNumbers) {
  const { content, contentHash, circumstances } = report;
  const { assessment, population } = content;
  const writing = writingOf(language, assessment.timeZone);
  const { words, number, time } = writing;
  const { text } = words;
  const summary = summarize(assessment);
  const regulation = words.regulations[assessment.regulation];
  const period = periodText(assessment.from, assessment.to, assessment.timeZone, writing);
  const integrity = integrityOf(population, circumstances.verifications);
  const page = (anchor: string) => String(pages.get(anchor) ?? '0');
  const event = (id: string) => ({ id, link: linkTo(circumstances.publicUrl, `console/events/${id}`) });
  const finding = (each: Finding) => ({
    severity: each.severity,
    severityName: words.severities[each.severity],
    title: each.title[language],
    when: time(each.occurredAt),
    events: each.eventIds.map(event),
  });
  const control = (each: ControlResult) => ({
    id: each.id,
    article: each.article,
    title: each.title[language],
    demand: each.demand[language],
    reason: each.reason[language],
    status: each.status,
    statusName: words.statuses[each.status].name,
    findingCount: number(each.findingCount),
    hasFindings: each.findingCount > 0,
    evidenceCount: number(each.evidence.reduce((sum, { count }) => sum + count, 0)),
    page: page(each.id),
    evidence: each.evidence.map((one) => ({
      title: one.title[language],
      count: number(one.count),
      filters: one.filters?.replaceAll('%3A', ':') ?? null,
      link: one.filters === null ? null : linkTo(circumstances.publicUrl, `audit/api/events?${one.filters}`),
      samples: one.samples.map(event),
    })),
    findings: each.findings.map(finding),
    more:
      each.findingCount > each.findings.length
        ? fill(text.moreFindings, { count: number(each.findingCount - each.findings.length) })
        : null,
  });
  const sections = [
    ...[['s-summary', text.summary] as const, ['s-scope', text.scope] as const, ['s-matrix', text.matrix] as const],
    ...[['s-details', text.details] as const, ['s-integrity', text.integrity] as const],
    ['s-appendix', text.appendix] as const,
  ].map(([anchor, title], i) => ({
    anchor,
    title,
    number: i + 1,
    page: page(anchor),
    isDetails: anchor === 's-details',
  }));
  return {
    ...{ words, text, language: words.htmlLang, regulation, period, contentHash, sections },
    title: `${text.title} ${regulation.short}: ${period}`,
    tenant: assessment.tenant,
    timeZone: assessment.timeZone,
    asOf: time(assessment.asOf),
    generatedAt: time(circumstances.generatedAt),
    generatedBy: circumstances.generatedBy,
    reportId: circumstances.reportId,
    product: `MCP Audit System ${content.version}`,
    events: number(assessment.events),
    controlCount: number(assessment.controls.length),
    findingCount: number(summary.findings),
    exceptionCount: number(summary.byStatus.exception),
    hasExceptions: summary.byStatus.exception > 0,
    verdict: verdictText(summary, assessment.events, writing),
    tone: assessment.events === 0 ? 'none' : summary.byStatus.exception > 0 ? 'bad' : 'calm',
    statusChart: ring(
      CONTROL_STATUSES.map((status) => ({
        name: words.statuses[status].name,
        value: summary.byStatus[status],
        colour: STATUS_COLOURS[status],
      })),
      text.statusChart,
    ),
    severityChart: bars(
      SEVERITIES.toReversed().map((severity) => ({
        name: words.severities[severity],
        value: summary.bySeverity[severity],
        colour: SEVERITY_COLOURS[severity],
      })),
      text.severityChart,
    ),
    keyFindings: summary.keyFindings.map((each) => ({
      ...finding(each),
      control: each.control.title[language],
      article: each.control.article,
      anchor: each.control.id,
    })),
    statusKey: CONTROL_STATUSES.map((status) => ({ status, ...words.statuses[status] })),
    scopeText: fill(text.scopeText, { events: number(assessment.events), tenant: assessment.tenant }),
    hasEvents: assessment.events > 0,
    erasedText:
      assessment.erasedEvents === 0 ? text.noErased : fill(text.erasedText, { count: number(assessment.erasedEvents) }),
    controls: assessment.controls.map(control),
    integrity: { tone: integrity, ...words.integrity[integrity] },
    population: populationView(population, writing),
    verifications: circumstances.verifications.map((each) => ({
      kind: words.verificationKinds[each.kind],
      range: `${number(each.first)} – ${number(each.end - 1)}`,
      faults: number(each.faults),
      finished: time(each.finishedAt),
      id: each.id,
    })),
  };
}

export type ReportView = ReturnType<typeof reportView>;

function populationView({ first, last, missing, gaps, checkpoint }: Population, { words, number, time }: Writing) {
  const { text } = words;
  if (first === null || last === null) return null;
  const ranges = gaps.map((gap) =>
    gap.first === gap.last ? number(gap.first) : `${number(gap.first)}–${number(gap.last)}`,
  );
  const listed = gaps.reduce((sum, gap) => sum + gap.last - gap.first + 1, 0);
  return {
    first: fill(text.leaf, { leaf: number(first) }),
    last: fill(text.leaf, { leaf: number(last) }),
    missing: number(missing),
    gaps:
      missing === 0
        ? text.noGaps
        : fill(text.gaps, { count: number(missing), ranges: ranges.join(', ') + (listed < missing ? ', …' : '') }),
    checkpoint: checkpoint && {
      note: checkpoint.note,
      text: fill(text.checkpointText, { size: number(checkpoint.size) }),
      signedAt: time(checkpoint.signedAt),
    },
  };
}

const linkTo = (base: string | null, path: string): string | null =>
  base === null ? null : `${base.replace(/\/+$/, '')}/${path}`;
