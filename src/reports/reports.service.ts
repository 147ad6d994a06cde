import { Injectable } from '@nestjs/common';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { canonicalize } from '../events/canonical-json';
import { derivedUuidV7, uuidV7 } from '../events/uuid';
import { Idempotency } from '../ingest/idempotency';
import { RetentionDays } from '../ingest/retention-days';
import { SelfAudit } from '../ingest/self-audit';
import { isZone, readPeriod } from './period';
import { detailsOf } from './report-deliverer';
import { Format, newRecord, ReportRecord, ReportRequest } from './report-record';
import { ReportProgress, ReportQueue } from './report-queue';
import { ReportQuery, ReportStore } from './report-store';

/** A report as it is asked for: bounds as people write them. */
export type ReportOrder = Omit<ReportRequest, 'formats'> & { formats: Format[] };

export interface ReportStatus {
  record: ReportRecord;
  progress: ReportProgress | undefined;
}

/** Takes orders for reports and hands out what was made. */
@Injectable()
export class ReportsService {
  constructor(
    private readonly store: ReportStore,
    private readonly queue: ReportQueue,
    private readonly idempotency: Idempotency,
    private readonly retention: RetentionDays,
    private readonly selfAudit: SelfAudit,
    private readonly clock: Clock,
  ) {}

  /**
   * Orders a report; it is durable when this resolves. The same idempotency key gives the same report for 24 hours.
   * @throws AppError 400 for a period or zone that is none, 409 for a key that was used with another order
   */
  async order(caller: Principal, order: ReportOrder, idempotencyKey: string | undefined): Promise<ReportStatus> {
    const { tenant, keyId } = caller;
    const now = this.clock.now();
    if (!isZone(order.timeZone)) throw unknownZone(order.timeZone);
    const period = readPeriod(order.from, order.to, order.timeZone, now);
    const request = { ...order, ...period, formats: [...new Set(order.formats)] };
    let [id, createdAt] = [uuidV7(now), now];
    if (idempotencyKey !== undefined) {
      const body = Buffer.from(canonicalize(order));
      const claimed = await this.idempotency.claim(tenant, idempotencyKey, body, 'report', now);
      createdAt = claimed.receivedAt;
      id = derivedUuidV7(claimed.seed, createdAt);
      const known = await this.store.find(tenant, id);
      if (known) return this.statusOf(tenant, known);
    }
    const asked = { request, recipients: { groups: [], mail: [] }, schedule: null, createdBy: `apikey:${keyId}` };
    return this.start(tenant, id, asked, createdAt);
  }

  /** Keeps a new report and has it worked on. Doing so twice with the same id and time changes nothing. */
  async start(
    tenant: string,
    id: string,
    asked: Pick<ReportRecord, 'request' | 'recipients' | 'schedule' | 'createdBy'>,
    createdAt: number,
  ): Promise<ReportStatus> {
    const { compliance } = await this.retention.of(tenant);
    const record = newRecord(id, asked, createdAt, compliance);
    await this.store.save(tenant, record);
    await this.queue.add({ tenant, id });
    return { record, progress: { stage: 'waiting', percent: 0 } };
  }

  async list(tenant: string, query: ReportQuery): Promise<{ items: ReportStatus[]; nextCursor: string | null }> {
    const { items, nextCursor } = await this.store.list(tenant, query);
    return { items: await Promise.all(items.map((record) => this.statusOf(tenant, record))), nextCursor };
  }

  /** @throws AppError 404 */
  async get(tenant: string, id: string): Promise<ReportStatus> {
    const record = await this.store.find(tenant, id);
    if (!record) throw new AppError('REPORT_UNKNOWN', 404, `there is no report ${id} of ${tenant}`);
    return this.statusOf(tenant, record);
  }

  /**
   * A file of a report. That it was read is recorded before it is handed out.
   * @throws AppError 404 for a report or format that there is not, 409 if it is not made yet, 410 once its retention has ended
   */
  async download(
    caller: Principal,
    id: string,
    format: Format | undefined,
  ): Promise<{ record: ReportRecord; format: Format; content: Buffer }> {
    const { tenant } = caller;
    const { record } = await this.get(tenant, id);
    const { result } = record;
    if (!result) {
      const why = record.state === 'failed' ? `could not be made: ${record.reason}` : 'is not finished yet; try again';
      throw new AppError('REPORT_NOT_READY', 409, `report ${id} ${why}`);
    }
    const file = format === undefined ? result.files[0] : result.files.find((each) => each.format === format);
    if (!file) {
      const made = result.files.map((each) => each.format).join(', ');
      throw new AppError('REPORT_FORMAT_UNKNOWN', 404, `report ${id} was not made as ${format}; it was as ${made}`);
    }
    const content = await this.store.file(tenant, id, result.attempt, file);
    await this.selfAudit.record(
      tenant,
      {
        eventType: 'AUDIT_REPORT_DOWNLOADED',
        description: `A ${record.request.regulation.toUpperCase()} report was read`,
        context: { resourceType: 'report', resourceId: id },
        details: { ...detailsOf(record), format: file.format, contentHash: result.contentHash },
      },
      caller,
    );
    return { record, format: file.format, content };
  }

  private async statusOf(tenant: string, record: ReportRecord): Promise<ReportStatus> {
    const isWaiting = record.state === 'queued' || record.state === 'running';
    return { record, progress: isWaiting ? await this.queue.progress({ tenant, id: record.id }) : undefined };
  }
}

export const unknownZone = (zone: string) => {
  const message = `must be an IANA time zone such as Europe/Lisbon; "${zone}" is none`;
  return new AppError('TIME_ZONE_UNKNOWN', 400, `timeZone ${message}`, { problems: [{ path: 'timeZone', message }] });
};
