import { Injectable, Logger } from '@nestjs/common';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { isUuid, uuidV7 } from '../events/uuid';
import { OwnAct, SelfAudit } from '../ingest/self-audit';
import type { VerificationProgress, VerificationReport } from './verify-report';
import { Verifier, VerificationRequest } from './verifier';
import { VerifyStore } from './verify-store';

/** A bound as it was asked for: a leaf index, or a time (ms since the epoch). */
export type Bound = { leaf: number } | { time: number } | undefined;

export interface VerificationOutcome {
  id: string;
  report: VerificationReport;
}

/** Verifies, keeps the report and records the act. One at a time in a process, since each is work for the whole store. */
@Injectable()
export class VerifyService {
  private readonly log = new Logger('Verification');
  private running = false;

  constructor(
    private readonly verifier: Verifier,
    private readonly store: VerifyStore,
    private readonly audit: SelfAudit,
    private readonly clock: Clock,
  ) {}

  /** Times become leaves: those of all events received then. @throws AppError for a checkpoint of another ledger */
  async prepare(
    tenant: string,
    {
      from,
      to,
      checkpoint,
      receipts,
    }: { from: Bound; to: Bound; checkpoint?: string; receipts?: VerificationRequest['receipts'] },
  ): Promise<VerificationRequest> {
    if (checkpoint !== undefined) await this.verifier.assertCheckpoint(tenant, checkpoint);
    const times = [from, to].map((bound) => (bound && 'time' in bound ? bound.time : undefined));
    const received = times.some((time) => time !== undefined)
      ? await this.store.receivedBetween(tenant, times[0], times[1])
      : undefined;
    return {
      from: from && 'leaf' in from ? from.leaf : received?.[0],
      to: to && 'leaf' in to ? to.leaf : times[1] === undefined ? undefined : received?.[1],
      checkpoints: checkpoint === undefined ? [] : [checkpoint],
      receipts,
    };
  }

  /**
   * @param by undefined for one by schedule, which records only what is wrong, and full ones
   * @throws AppError 429 `VERIFICATION_RUNNING`
   */
  async run(
    tenant: string,
    request: VerificationRequest,
    by: Principal | undefined,
    progress: (state: VerificationProgress) => void = () => undefined,
    signal?: AbortSignal,
  ): Promise<VerificationOutcome> {
    this.assertIdle();
    this.running = true;
    try {
      const report = await this.verifier.verify(tenant, request, progress, signal);
      const id = uuidV7(this.clock.now());
      await this.store.save(id, report);
      if (!report.sound)
        this.log.error(`the ledger of ${tenant} has ${report.faults.total} fault(s): verification ${id}`);
      if (!report.sound || by || report.kind === 'full') await this.audit.record(tenant, actOf(id, report), by);
      return { id, report };
    } finally {
      this.running = false;
    }
  }

  assertIdle(): void {
    if (!this.running) return;
    throw new AppError('VERIFICATION_RUNNING', 429, 'another verification is running; try again when it has ended', {
      retryAfter: 10,
    });
  }

  /** @throws AppError 404 */
  async get(tenant: string, id: string): Promise<VerificationReport> {
    const report = isUuid(id) ? await this.store.report(tenant, id) : undefined;
    if (!report) throw new AppError('VERIFICATION_UNKNOWN', 404, `there is no verification ${id} of ${tenant}`);
    return report;
  }
}

function actOf(id: string, report: VerificationReport): OwnAct {
  const { sound, kind, from, to, events, faults } = report;
  const found = Object.entries(faults.byKind).map(([name, count]) => `${count} ${name}`);
  return {
    eventType: sound ? 'AUDIT_VERIFICATION_PASSED' : 'AUDIT_VERIFICATION_FAILED',
    description: sound
      ? `The log was verified and is sound: ${events} events`
      : `Verification of the log found ${faults.total} fault(s): ${found.join(', ')}`,
    context: { resourceType: 'verification', resourceId: id },
    details: { kind, from, to, events, faults: { ...faults.byKind } },
  };
}
