import type { Mail } from '../mail/mailer';
import { dayIn } from './period';
import type { Format, ReportDelivery, ReportRecord } from './report-record';
import { periodText, writingOf } from './report-view';
import { fill } from './words';

export const CONTENT_TYPES: Record<Format, string> = {
  pdf: 'application/pdf',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  csv: 'text/csv; charset=utf-8',
  json: 'application/json',
};

/** What a file of a report is called: `gdpr-acme-2026-10-01-to-2026-11-01.pdf`. */
export function fileName(tenant: string, request: ReportRecord['request'], format: Format): string {
  const { regulation, from, to, timeZone } = request;
  return `${regulation}-${tenant}-${dayIn(from, timeZone)}-to-${dayIn(to, timeZone)}.${format}`;
}

/** The mail that brings a report to one address; with its files, or with a link if there are none. */
export function reportMail(
  tenant: string,
  record: ReportRecord,
  delivery: ReportDelivery,
  place: { number: number; publicUrl: string | undefined; files: readonly { format: Format; content: Buffer }[] },
): Mail {
  const { request, result } = record;
  const writing = writingOf(request.language, request.timeZone);
  const { words, number } = writing;
  const period = periodText(request.from, request.to, request.timeZone, writing);
  const regulation = words.regulations[request.regulation];
  const statuses = Object.entries(result?.statuses ?? {})
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${words.statuses[status as keyof typeof words.statuses].name}: ${number(count)}`);
  const link =
    place.publicUrl === undefined
      ? `mcp-audit report download ${record.id}`
      : `${place.publicUrl.replace(/\/+$/, '')}/audit/api/compliance/reports/${record.id}/download`;
  const lines = [
    fill(words.mail.intro, { regulation: regulation.full, tenant, period, timeZone: request.timeZone }),
    '',
    ...statuses,
    `${words.text.findings}: ${number(result?.findings ?? 0)}`,
    `${words.text.events}: ${number(result?.events ?? 0)}`,
    '',
    place.files.length > 0 ? words.mail.attached : fill(words.mail.link, { link }),
    '',
    `${words.text.contentHash}: ${result?.contentHash ?? ''}`,
  ];
  const text = `${lines.join('\n')}\n`;
  return {
    id: `report-${record.id}-${place.number}`,
    to: delivery.to,
    subject: fill(words.mail.subject, { regulation: regulation.short, tenant, period }),
    text,
    html: `<pre style="font-family:inherit;white-space:pre-wrap">${escape(text)}</pre>`,
    attachments: place.files.map(({ format, content }) => ({
      filename: fileName(tenant, request, format),
      content,
      contentType: CONTENT_TYPES[format],
    })),
  };
}

const escape = (text: string) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
