import { Inject, Injectable } from '@nestjs/common';
import { RecipientStore } from '../channels/recipient-store';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { derivedUuidV7 } from '../events/uuid';
import { SelfAudit } from '../ingest/self-audit';
import { Mailer, MailError } from '../mail/mailer';
import { reportMail } from './report-mail';
import { Format, ReportDelivery, ReportRecord, Recipients } from './report-record';
import { ReportStore } from './report-store';
import { waitBefore } from './report-retry';

/**
 * Mails reports. A mail that was taken is on record before the next one goes out; a worker that dies in between sends that one
 * a second time, with the same Message-ID.
 */
@Injectable()
export class ReportDeliverer {
  constructor(
    private readonly store: ReportStore,
    private readonly groups: RecipientStore,
    private readonly mailer: Mailer,
    private readonly selfAudit: SelfAudit,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** The deliveries of a report that is made: one for each address, however often it is named. */
  async plan(tenant: string, { groups, mail }: Recipients): Promise<ReportDelivery[]> {
    const known = await this.groups.load(tenant);
    const fresh = { state: 'queued', attempts: 0, reason: null, form: null, sentAt: null } as const;
    const planned = new Map<string, ReportDelivery>();
    for (const to of mail) planned.set(to.toLowerCase(), { ...fresh, to, group: null });
    const unreachable: ReportDelivery[] = [];
    for (const group of groups) {
      const found = known.get(group)?.group;
      const channels = found?.enabled ? found.channels : [];
      const addresses = channels.flatMap((channel) => (channel.type === 'mail' && channel.enabled ? channel.to : []));
      for (const to of addresses)
        planned.set(to.toLowerCase(), planned.get(to.toLowerCase()) ?? { ...fresh, to, group });
      if (addresses.length > 0) continue;
      const reason = `the recipient group ${group} has no mail address: "mcp-audit recipients set ${group} --mail …"`;
      unreachable.push({ ...fresh, to: '', group, state: 'failed', reason });
    }
    return [...planned.values(), ...unreachable];
  }

  /**
   * Sends what is still to be sent. Every outcome is saved as it comes.
   * @returns the record as it is now, and in how many ms to go on; undefined if all is done
   */
  async deliver(tenant: string, record: ReportRecord): Promise<{ record: ReportRecord; wait: number | undefined }> {
    let current = record;
    if (current.deliveries === null) {
      const planned = await this.plan(tenant, current.recipients);
      current = await this.saved(tenant, current, planned);
      for (const [i, each] of planned.entries()) {
        if (each.state === 'failed') await this.recordFailure(tenant, current, each, i);
      }
    }
    const files = current.deliveries?.some(isOpen) ? await this.files(tenant, current) : [];
    const waits: number[] = [];
    for (const [i, before] of (current.deliveries ?? []).entries()) {
      if (!isOpen(before)) continue;
      const after = await this.send(tenant, current, before, i, files);
      current = await this.saved(tenant, current, current.deliveries?.with(i, after) ?? []);
      if (after.state === 'sent') await this.recordSent(tenant, current, after, i);
      else if (after.state === 'failed') await this.recordFailure(tenant, current, after, i);
      else waits.push(waitBefore(after.attempts) ?? 0);
    }
    return { record: current, wait: waits.length === 0 ? undefined : Math.min(...waits) };
  }

  private async send(
    tenant: string,
    record: ReportRecord,
    delivery: ReportDelivery,
    number: number,
    files: { format: Format; content: Buffer }[],
  ): Promise<ReportDelivery> {
    const attempts = delivery.attempts + 1;
    try {
      const mail = reportMail(tenant, record, delivery, { number, files, publicUrl: this.config.publicUrl });
      const outcome = await this.mailer.send(mail);
      const reason = outcome === 'outbox' ? 'no mail server is set; it was written to the outbox' : null;
      const form = files.length > 0 ? 'files' : 'link';
      return { ...delivery, attempts, state: 'sent', reason, form, sentAt: this.clock.now() };
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      const isLast = error.permanent || waitBefore(attempts) === undefined;
      return { ...delivery, attempts, state: isLast ? 'failed' : 'queued', reason: error.message };
    }
  }

  /** None if they are too large for a mail. */
  private async files(tenant: string, { id, result }: ReportRecord): Promise<{ format: Format; content: Buffer }[]> {
    if (!result || result.files.reduce((sum, { bytes }) => sum + bytes, 0) > this.config.reports.mailBytes) return [];
    const read = async (file: (typeof result.files)[number]) => ({
      format: file.format,
      content: await this.store.file(tenant, id, result.attempt, file),
    });
    return Promise.all(result.files.map(read));
  }

  private async saved(tenant: string, record: ReportRecord, deliveries: ReportDelivery[]): Promise<ReportRecord> {
    const next = { ...record, deliveries, revision: record.revision + 1, updatedAt: this.clock.now() };
    await this.store.save(tenant, next);
    return next;
  }

  private async recordSent(tenant: string, record: ReportRecord, { group, form }: ReportDelivery, number: number) {
    await this.selfAudit.record(tenant, {
      id: derivedUuidV7(`report sent ${tenant} ${record.id} ${number}`, record.createdAt),
      eventType: 'AUDIT_REPORT_DELIVERED',
      description: `A ${record.request.regulation.toUpperCase()} report was mailed to ${group ?? 'an address of its schedule'}`,
      context: { resourceType: 'report', resourceId: record.id },
      details: { ...detailsOf(record), recipient: group ?? 'address', form: form ?? 'files' },
    });
  }

  private async recordFailure(
    tenant: string,
    record: ReportRecord,
    { group, reason, attempts }: ReportDelivery,
    number: number,
  ): Promise<void> {
    await this.selfAudit.record(tenant, {
      id: derivedUuidV7(`report not sent ${tenant} ${record.id} ${number}`, record.createdAt),
      eventType: 'AUDIT_REPORT_FAILED',
      description: `A ${record.request.regulation.toUpperCase()} report could not be mailed: ${reason ?? ''}`,
      context: { resourceType: 'report', resourceId: record.id },
      details: { ...detailsOf(record), recipient: group ?? 'address', attempts },
    });
  }
}

const isOpen = ({ state }: ReportDelivery): boolean => state === 'queued';

/** What the log says of a report; no addresses. */
export function detailsOf({ request, schedule }: ReportRecord): Record<string, string> {
  const { regulation, from, to, timeZone, language, formats } = request;
  return {
    ...{ regulation, from, to, timeZone, language, formats: formats.join(',') },
    ...(schedule !== null && { schedule }),
  };
}
