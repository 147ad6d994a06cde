import type { ComplianceReport } from '../../../../reports/reports.schema';
import { preferences } from '../../preferences';

/** The period of a report by its days, in its own time zone; the end is the last day that belongs to it. */
export function periodOf({ from, to, timeZone }: Pick<ComplianceReport, 'from' | 'to' | 'timeZone'>): string {
  const locale = preferences.value.language === 'pt' ? 'pt-BR' : 'en-GB';
  const day = new Intl.DateTimeFormat(locale, { timeZone, dateStyle: 'medium' });
  return day.formatRange(Date.parse(from), Date.parse(to) - 1);
}
