import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import type { Language } from '../compliance/assessment';
import { AppError } from '../common/app-error';
import type { Report } from './content';
import { fontFaces } from './document-fonts';
import type { PageNumbers } from './pdf-renderer';
import { reportView, ReportView } from './report-view';

const PARTS = ['cover', 'summary', 'scope', 'matrix', 'details', 'integrity', 'appendix', 'style', 'events'] as const;

const renderer = Handlebars.create();
const source = (name: string) => readFileSync(join(__dirname, 'templates', `${name}.hbs`), 'utf8');
for (const part of PARTS) renderer.registerPartial(part, source(part));
// A query may be broken between its parameters.
renderer.registerHelper('query', (text: string) => {
  const parts = text.split('&').map((part) => renderer.escapeExpression(part));
  return new renderer.SafeString(parts.join('&amp;<wbr>'));
});
const document = renderer.compile<ReportView & { fonts: string }>(source('report'), { strict: true });

/** The report as one HTML page without anything outside it. @throws AppError `REPORT_TEMPLATE_FAULTY`, which no other try mends */
export function reportHtml(report: Report, language: Language, pages: PageNumbers): string {
  try {
    return document({ ...reportView(report, language, pages), fonts: fontFaces() });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('REPORT_TEMPLATE_FAULTY', 500, `a template of the report is faulty: ${reason}`, {
      cause: error,
    });
  }
}
