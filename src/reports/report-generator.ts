import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { Assessor } from '../compliance/assessor';
import { Config, CONFIG } from '../config/config';
import { buildReport, coveringVerifications, Report } from './content';
import { LedgerFacts } from './ledger-facts';
import { PdfRenderer } from './pdf-renderer';
import { PdfSigner } from './pdf-signer';
import { reportCsv } from './report-csv';
import { reportHtml } from './report-html';
import { Format, ReportRecord } from './report-record';
import type { ReportProgress } from './report-queue';
import { reportSheets } from './report-sheets';
import { reportView } from './report-view';
import { reportWorkbook } from './report-xlsx';
import { fill, WORDS } from './words';

export interface GeneratedReport {
  report: Report;
  files: { format: Format; content: Buffer }[];
}

/** Makes reports of what is stored, in memory: nothing is kept before all of it stands. */
@Injectable()
export class ReportGenerator {
  constructor(
    private readonly assessor: Assessor,
    private readonly ledger: LedgerFacts,
    private readonly pdf: PdfRenderer,
    private readonly signer: PdfSigner,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws AppError of the assessment, of PDF (`CHROMIUM_MISSING`, `PDF_FAILED`) or `REPORT_TEMPLATE_FAULTY` */
  async generate(
    tenant: string,
    record: ReportRecord,
    progress: (state: ReportProgress) => Promise<void>,
  ): Promise<GeneratedReport> {
    const { request } = record;
    const now = this.clock.now();
    await progress({ stage: 'assessing', percent: 5 });
    const { regulation, timeZone, from, to } = request;
    const scope = { regulation, timeZone, from: Date.parse(from), to: Date.parse(to) };
    const assessment = await this.assessor.assess(tenant, scope, now);
    const population = await this.ledger.population(tenant, from, to);
    const report = buildReport(assessment, population, {
      reportId: record.id,
      generatedAt: new Date(now).toISOString(),
      generatedBy: record.createdBy,
      verifications: coveringVerifications(await this.ledger.verifications(tenant), population),
      publicUrl: this.config.publicUrl ?? null,
    });
    await progress({ stage: 'rendering', percent: 50 });
    const files: GeneratedReport['files'] = [];
    for (const format of request.formats) {
      files.push({ format, content: await this.render(report, request, format) });
      await progress({ stage: 'rendering', percent: 50 + Math.round((40 * files.length) / request.formats.length) });
    }
    await progress({ stage: 'storing', percent: 95 });
    return { report, files };
  }

  private async render(report: Report, { language }: ReportRecord['request'], format: Format): Promise<Buffer> {
    switch (format) {
      case 'pdf': {
        const pdf = await this.pdf.render((pages) => reportHtml(report, language, pages));
        return this.signer.sign(pdf, fill(WORDS[language].text.signatureReason, { hash: report.contentHash }));
      }
      case 'xlsx':
        return reportWorkbook(reportSheets(report, language), reportView(report, language, new Map()).title);
      case 'csv':
        return Buffer.from(reportCsv(report, language));
      case 'json':
        return Buffer.from(`${JSON.stringify(report, null, 2)}\n`);
    }
  }
}
