import { Injectable, Logger } from '@nestjs/common';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { derivedUuidV7 } from '../events/uuid';
import { SelfAudit } from '../ingest/self-audit';
import { detailsOf, ReportDeliverer } from './report-deliverer';
import { ReportGenerator } from './report-generator';
import type { ReportProgress } from './report-queue';
import { ReportRecord } from './report-record';
import { isWorthAnotherTry, waitBefore } from './report-retry';
import { ReportStore } from './report-store';
import { summarize } from './summary';

/**
 * Brings a report from one state to the next: made, then mailed. Every step is in the store before the next one, so whoever
 * takes it up after a crash goes on from there, and a report is finished only with all of its files.
 */
@Injectable()
export class ReportMaker {
  private readonly log = new Logger('Reports');

  constructor(
    private readonly store: ReportStore,
    private readonly generator: ReportGenerator,
    private readonly deliverer: ReportDeliverer,
    private readonly selfAudit: SelfAudit,
    private readonly clock: Clock,
  ) {}

  /** Works on a report until it is done or has to wait. Returns in how many ms to go on, undefined if it is done. */
  async work(
    tenant: string,
    id: string,
    progress: (state: ReportProgress) => Promise<void>,
  ): Promise<number | undefined> {
    let record = await this.store.find(tenant, id);
    if (!record) return undefined;
    if (record.state === 'queued' || record.state === 'running') {
      const made = await this.make(tenant, record, progress);
      if (typeof made === 'number') return made;
      record = made;
    }
    if (record.state === 'failed') return undefined;
    await progress({ stage: 'mailing', percent: 100 });
    return (await this.deliverer.deliver(tenant, record)).wait;
  }

  /** The report, made or failed; or in how many ms to try again. */
  private async make(
    tenant: string,
    before: ReportRecord,
    progress: (state: ReportProgress) => Promise<void>,
  ): Promise<ReportRecord | number> {
    // An attempt that ended with its process counts too, so that a report which kills workers does not do so for ever.
    const running = await this.save(tenant, before, { state: 'running', attempts: before.attempts + 1 });
    try {
      const { report, files } = await this.generator.generate(tenant, running, progress);
      const { assessment } = report.content;
      const summary = summarize(assessment);
      const result = {
        contentHash: report.contentHash,
        events: assessment.events,
        findings: summary.findings,
        statuses: summary.byStatus,
        files: await this.store.saveFiles(tenant, running, files),
        attempt: running.attempts,
        generatedAt: Date.parse(report.circumstances.generatedAt),
      };
      await this.recordMade(tenant, running, result);
      const { groups, mail } = running.recipients;
      // Without anybody to mail it to, it is done.
      const deliveries = groups.length + mail.length === 0 ? [] : null;
      return await this.save(tenant, running, { state: 'finished', reason: null, result, deliveries });
    } catch (error) {
      const reason = error instanceof AppError ? error.message : 'a fault of this system, see its log';
      if (!(error instanceof AppError)) this.log.error(error);
      const wait = isWorthAnotherTry(error) ? waitBefore(running.attempts) : undefined;
      if (wait === undefined) return this.giveUp(tenant, running, reason);
      this.log.warn(`report ${running.id} is tried again in ${wait} ms: ${reason}`);
      await this.save(tenant, running, { state: 'queued', reason });
      return wait;
    }
  }

  private async giveUp(tenant: string, record: ReportRecord, reason: string): Promise<ReportRecord> {
    await this.selfAudit.record(tenant, {
      id: derivedUuidV7(`report failed ${tenant} ${record.id}`, record.createdAt),
      eventType: 'AUDIT_REPORT_FAILED',
      description: `A ${record.request.regulation.toUpperCase()} report could not be made: ${reason}`.slice(0, 1000),
      context: { resourceType: 'report', resourceId: record.id },
      details: { ...detailsOf(record), attempts: record.attempts },
    });
    this.log.error(`report ${record.id} of ${tenant} failed: ${reason}`);
    return this.save(tenant, record, { state: 'failed', reason });
  }

  /** The id follows from the report, so that telling of it twice adds nothing. */
  private async recordMade(
    tenant: string,
    record: ReportRecord,
    result: NonNullable<ReportRecord['result']>,
  ): Promise<void> {
    const { events, findings, contentHash } = result;
    await this.selfAudit.record(tenant, {
      id: derivedUuidV7(`report made ${tenant} ${record.id} ${contentHash}`, record.createdAt),
      eventType: 'AUDIT_REPORT_GENERATED',
      occurredAt: new Date(result.generatedAt).toISOString(),
      description: `A ${record.request.regulation.toUpperCase()} report was made`,
      context: { resourceType: 'report', resourceId: record.id, userId: record.createdBy },
      details: { ...detailsOf(record), contentHash, events, findings, exceptions: result.statuses.exception },
    });
  }

  private async save(tenant: string, record: ReportRecord, to: Partial<ReportRecord>): Promise<ReportRecord> {
    const next = { ...record, ...to, revision: record.revision + 1, updatedAt: this.clock.now() };
    await this.store.save(tenant, next);
    return next;
  }
}
