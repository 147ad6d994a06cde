import { Workbook } from 'exceljs';
import { sampleAssessment, sampleCircumstances, samplePopulation } from '../../test/support/sample-assessment';
import type { Language } from '../compliance/assessment';
import { buildReport, Population } from './content';
import { csvCell, reportCsv } from './report-csv';
import { reportHtml } from './report-html';
import { reportSheets } from './report-sheets';
import { reportWorkbook } from './report-xlsx';

const report = buildReport(sampleAssessment({ timeZone: 'America/Sao_Paulo' }), samplePopulation, sampleCircumstances);
const html = (of = report, language: Language = 'en') =>
  reportHtml(of, language, new Map([['s-integrity', 42]])).replace(/<style>[^]*?<\/style>/, '');

describe('the document', () => {
  it('says of each control what it is, how it stands and on which page', () => {
    const text = html();
    for (const { article, title, status } of report.content.assessment.controls) {
      expect(text).toContain(article);
      expect(text).toContain(title.en);
      expect(text).toContain(`class="status ${status}"`);
    }
    expect(text).toMatch(/Integrity statement<\/span><span class="dots"><\/span><span class="at">42</);
    expect(text).toContain('One of 16 controls has an exception.');
    expect(text).toContain(report.contentHash);
  });

  it('speaks Portuguese', () => {
    const text = html(report, 'pt');
    expect(text).toContain('<html lang="pt">');
    expect(text).toContain('Resumo executivo');
    expect(text).toContain('O consentimento pode ser revogado 7');
    expect(text).not.toMatch(/Executive|Integrity statement|consent can be/i);
  });

  it('says so when there are no events, and calls nothing good', () => {
    const none: Population = { first: null, last: null, missing: 0, gaps: [], checkpoint: null };
    const controls = sampleAssessment().controls.map((control) => ({
      ...{ ...control, status: 'no_events' as const, evidence: [], findings: [], findingCount: 0 },
    }));
    const text = html(buildReport(sampleAssessment({ events: 0, controls }), none, sampleCircumstances));
    expect(text).toContain('The period holds no events of this tenant.');
    expect(text).not.toContain('class="status evidenced">Evidenced</span></td><td class="count"');
  });

  it('lets nothing that people wrote become HTML', () => {
    const assessment = sampleAssessment();
    const [control] = assessment.controls;
    if (control) control.title = { en: '<script>alert(1)</script>', pt: '' };
    expect(html(buildReport(assessment, samplePopulation, sampleCircumstances))).not.toContain('<script');
  });

  it('loads nothing', () => {
    const whole = reportHtml(report, 'en', new Map());
    expect(whole).not.toMatch(/(src|url\()\s*=?\s*["']?(?!data:)https?:/);
    expect(whole.match(/url\((?!data:font\/woff2;base64,)/g)).toBeNull();
  });
});

describe('the workbook', () => {
  it('has a sheet for each section with real dates and numbers, and filters', async () => {
    const workbook = new Workbook();
    await workbook.xlsx.load((await reportWorkbook(reportSheets(report, 'en'), 'T')) as never);
    expect(workbook.worksheets.map(({ name }) => name)).toEqual([
      ...['Executive summary', 'Controls', 'Evidence', 'Findings', 'Integrity statement'],
    ]);
    const findings = workbook.getWorksheet('Findings');
    // 09:12:44 UTC is 06:12:44 in São Paulo; the header names the zone.
    expect(findings?.getCell('D1').value).toBe('When (America/Sao_Paulo)');
    expect(findings?.getCell('D2').value).toEqual(new Date('2026-10-14T06:12:44.120Z'));
    expect(workbook.getWorksheet('Evidence')?.getCell('D2').value).toBe(1245);
    for (const sheet of workbook.worksheets) expect(sheet.autoFilter).toBeTruthy();
  });

  it('holds no formulas, whatever people wrote', async () => {
    const workbook = new Workbook();
    const rows = [['=1+1', '@SUM(A1)', 5]];
    const columns = [1, 2, 3].map((n) => ({ title: String(n), width: 9 }));
    await workbook.xlsx.load((await reportWorkbook([{ name: 'S', columns, rows }], 'T')) as never);
    expect(workbook.worksheets[0]?.getCell('A2')).toMatchObject({ value: '=1+1', formula: undefined, numFmt: '@' });
  });
});

describe('the table', () => {
  it('has a line for each control, piece of evidence and finding', () => {
    const lines = reportCsv(report, 'en').trimEnd().split('\r\n');
    const count = (record: string) => lines.filter((line) => line.startsWith(`${record},`)).length;
    expect([count('control'), count('evidence'), count('finding')]).toEqual([16, 14, 3]);
  });

  it.each([
    ['=1+1', `'=1+1`],
    ['-1', `'-1`],
    ['a "b", c', '"a ""b"", c"'],
    ['@x,y', `"'@x,y"`],
    [-5, '-5'],
  ])('writes %s harmlessly', (value, cell) => {
    expect(csvCell(value)).toBe(cell);
  });
});
