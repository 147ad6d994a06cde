import { Injectable, Logger } from '@nestjs/common';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { isUuid, uuidV7 } from '../events/uuid';
import { SelfAudit } from '../ingest/self-audit';
import { KeyKeeper } from '../keys/key-keeper';
import { Blocker, describeBlocker, Erasure, refusal } from './erasure';
import { ErasureFinisher } from './erasure-finisher';
import { ErasurePreviewer } from './erasure-previewer';
import { ErasureStore } from './erasure-store';
import { Landing } from './landing';
import { LedgerHeads } from './ledger-heads';
import { PrivacyLock } from './privacy-lock';
import { refuseName } from './subject-references';

export interface ErasureRequest {
  /** Makes asking twice harmless. */
  id?: string | undefined;
  subjectId: string;
  reason: string;
}

/** How long the caller waits for the end; then it goes on by itself, ms. */
const FINISH_MS = 45_000;

/** Decides on erasures and begins them. */
@Injectable()
export class ErasuresService {
  private readonly log = new Logger('Erasure');

  constructor(
    private readonly store: ErasureStore,
    private readonly previewer: ErasurePreviewer,
    private readonly finisher: ErasureFinisher,
    private readonly landing: Landing,
    private readonly heads: LedgerHeads,
    private readonly keeper: KeyKeeper,
    private readonly lock: PrivacyLock,
    private readonly audit: SelfAudit,
    private readonly clock: Clock,
  ) {}

  list(tenant: string, limit: number): Promise<Erasure[]> {
    return this.store.list(tenant, limit);
  }

  /** @throws AppError 404 */
  async get(tenant: string, id: string): Promise<Erasure> {
    const erasure = isUuid(id) ? await this.store.find(tenant, id) : undefined;
    if (!erasure) throw new AppError('ERASURE_UNKNOWN', 404, `there is no erasure ${id} here`);
    return erasure;
  }

  /**
   * Erases a person. Once this resolves nobody can read any more what was sealed for it; while the state is `begun` the last
   * traces go, and the certificate comes, by themselves.
   * @throws AppError 409 `ERASURE_REFUSED` saying until when, 404 `SUBJECT_UNKNOWN`, 503 if it cannot be decided now
   */
  async erase(caller: Principal, request: ErasureRequest): Promise<Erasure> {
    const { tenant } = caller;
    const id = request.id ?? uuidV7(this.clock.now());
    refuseName(request.subjectId, { reason: request.reason });
    await this.landing.ofAllAccepted();
    await this.landing.underCheckpoint(tenant);
    const begun = await this.lock.run(
      async () => (await this.store.find(tenant, id)) ?? (await this.begin(caller, id, request)),
    );
    return begun.state === 'done' ? begun : this.finish(begun);
  }

  private async begin(caller: Principal, id: string, { subjectId, reason }: ErasureRequest): Promise<Erasure> {
    const { tenant } = caller;
    const { references, facts, blockers } = await this.previewer.of(tenant, subjectId);
    if (blockers.length > 0) {
      await this.recordRefusal(caller, references, blockers);
      throw new AppError('ERASURE_REFUSED', 409, refusal(blockers), {
        problems: blockers.map((blocker) => ({ path: 'subjectId', message: describeBlocker(blocker) })),
      });
    }
    // What ClickHouse holds tells a later process which mapping to delete in Redis.
    await this.keeper.flush();
    const erasure: Erasure = {
      ...{ tenant, id, references, reason, requestedBy: caller.keyId, state: 'begun', summary: facts },
      checkpoint: (await this.heads.newest(tenant))?.note ?? '',
      ...{ certificate: null, requestedAt: this.clock.now(), finishedAt: null, version: 1 },
    };
    // From here on there is no way back: whatever happens, it will be finished.
    await this.store.save(erasure);
    return erasure;
  }

  private async finish(begun: Erasure): Promise<Erasure> {
    try {
      return await this.finisher.finish(begun, Date.now() + FINISH_MS);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.log.warn(`erasure ${begun.id} of tenant ${begun.tenant} has begun and will be finished: ${reason}`);
      return begun;
    }
  }

  private async recordRefusal(caller: Principal, references: string[], blockers: Blocker[]): Promise<void> {
    await this.audit.record(
      caller.tenant,
      {
        eventType: 'AUDIT_ERASURE_REFUSED',
        description: `An erasure was refused: ${refusal(blockers)}`,
        details: { subjects: references, blockers: blockers.map((blocker) => ({ ...blocker })) },
      },
      caller,
    );
  }
}
