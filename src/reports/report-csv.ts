import { Report } from './content';
import type { Language } from '../compliance/assessment';

const HEADER = [
  ...['record', 'regulation', 'controlId', 'article', 'control', 'status', 'severity', 'text', 'occurredAt', 'count'],
  ...['filters', 'eventIds', 'contentHash'],
];

/** The report as one table: a line for each control, and for each of its pieces of evidence and findings. Times are UTC. */
export function reportCsv({ content, contentHash }: Report, language: Language): string {
  const { regulation, controls } = content.assessment;
  const lines = controls.flatMap((c) => {
    const line = (record: string, cells: Partial<Record<string, string | number>>) => {
      const known = {
        record,
        regulation,
        controlId: c.id,
        article: c.article,
        control: c.title[language],
        contentHash,
      };
      const all: Partial<Record<string, string | number>> = { ...known, status: c.status, ...cells };
      return HEADER.map((name) => csvCell(all[name] ?? '')).join(',');
    };
    return [
      line('control', { text: c.reason[language], count: c.findingCount }),
      ...c.evidence.map((e) =>
        line('evidence', {
          text: e.title[language],
          count: e.count,
          filters: e.filters ?? '',
          eventIds: e.samples.join(' '),
        }),
      ),
      ...c.findings.map((f) =>
        line('finding', {
          severity: f.severity,
          text: f.title[language],
          occurredAt: f.occurredAt,
          eventIds: f.eventIds.join(' '),
        }),
      ),
    ];
  });
  return [HEADER.join(','), ...lines, ''].join('\r\n');
}

/** Quoted where it has to be. Text that a spreadsheet would take for a formula is led by an apostrophe. */
export function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
