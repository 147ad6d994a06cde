import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { uuidV7 } from '../events/uuid';
import { SelfAudit } from '../ingest/self-audit';
import { parsePrivateFields } from '../keys/private-fields';
import { HoldStore } from './hold-store';
import { LegalHold } from './legal-hold';
import { PrivacyLock } from './privacy-lock';
import { refuseName, SubjectReferences } from './subject-references';

export interface NewHold {
  /** Makes placing it twice harmless. */
  id?: string | undefined;
  name: string;
  reason: string;
  subjectId?: string | undefined;
  eventTypes: string[];
  resourceType?: string | undefined;
  resourceId?: string | undefined;
  /** ms since the epoch. */
  from?: number | undefined;
  to?: number | undefined;
}

/** Places and releases legal holds; each act is recorded. */
@Injectable()
export class HoldsService {
  constructor(
    private readonly store: HoldStore,
    private readonly people: SubjectReferences,
    private readonly lock: PrivacyLock,
    private readonly audit: SelfAudit,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  list(tenant: string): Promise<LegalHold[]> {
    return this.store.list(tenant);
  }

  /** @throws AppError 404 */
  async get(tenant: string, id: string): Promise<LegalHold> {
    const hold = (await this.store.list(tenant)).find((each) => each.id === id);
    if (!hold) throw new AppError('HOLD_UNKNOWN', 404, `there is no legal hold ${id} here`);
    return hold;
  }

  countCovered(hold: LegalHold): Promise<number> {
    return this.store.countCovered(hold);
  }

  /** The hold is in force when this resolves: nothing that it covers is removed or erased from then on. */
  async place(caller: Principal, input: NewHold): Promise<LegalHold> {
    this.refuseSealedResource(input);
    if (input.subjectId !== undefined) refuseName(input.subjectId, { name: input.name, reason: input.reason });
    const now = this.clock.now();
    const { tenant } = caller;
    const id = input.id ?? uuidV7(now);
    return this.lock.run(async () => {
      const known = (await this.store.list(tenant)).find((each) => each.id === id);
      if (known) return known;
      const placed: LegalHold = {
        ...{ tenant, id, name: input.name, reason: input.reason, eventTypes: input.eventTypes },
        references: input.subjectId === undefined ? [] : await this.referencesOf(tenant, input.subjectId),
        resourceType: input.resourceType ?? '',
        resourceId: input.resourceId ?? '',
        occurredFrom: input.from ?? null,
        occurredTo: input.to ?? null,
        ...{ placedBy: caller.keyId, placedAt: now, releasedBy: '', releasedAt: null, version: 1 },
      };
      await this.record(caller, placed, 'AUDIT_HOLD_PLACED', `The legal hold ${id} was placed`);
      await this.store.save(placed);
      return placed;
    });
  }

  /** Ends a hold for good; ending it again changes nothing. What it kept may go with the next run of retention. */
  async release(caller: Principal, id: string, reason: string): Promise<LegalHold> {
    return this.lock.run(async () => {
      const known = await this.get(caller.tenant, id);
      if (known.releasedAt !== null) return known;
      const released = {
        ...known,
        releasedBy: caller.keyId,
        releasedAt: this.clock.now(),
        version: known.version + 1,
      };
      await this.record(caller, released, 'AUDIT_HOLD_RELEASED', `The legal hold ${id} was released`, reason);
      await this.store.save(released);
      return released;
    });
  }

  /** Ids stored in plain, while encryption was off, are held by themselves. */
  private async referencesOf(tenant: string, subjectId: string): Promise<string[]> {
    if (!this.config.encryption.enabled) return [subjectId, ...(await this.people.of(tenant, subjectId))];
    const references = await this.people.ensure(tenant, subjectId);
    if (references.length > 0) return references;
    throw new AppError('SUBJECT_UNKNOWN', 404, 'subjectId: there is no such data subject here, or it was erased');
  }

  private refuseSealedResource(input: NewHold): void {
    const { enabled, privateFields } = this.config.encryption;
    const sealed = parsePrivateFields(privateFields).tree.children.get('context')?.children.get('resourceId');
    if (!enabled || !sealed || input.resourceId === undefined) return;
    throw new AppError(
      'HOLD_INVALID',
      422,
      'resourceId: AUDIT_PRIVATE_FIELDS seals context.resourceId, so no hold can find events by it; name the subject or the resourceType',
      { problems: [{ path: 'resourceId', message: 'is sealed by AUDIT_PRIVATE_FIELDS' }] },
    );
  }

  /** Comes before the act: there is no act without its record. */
  private async record(
    caller: Principal,
    hold: LegalHold,
    eventType: 'AUDIT_HOLD_PLACED' | 'AUDIT_HOLD_RELEASED',
    description: string,
    reason = hold.reason,
  ): Promise<void> {
    await this.audit.record(
      caller.tenant,
      {
        eventType,
        description,
        context: { resourceType: 'legal-hold', resourceId: hold.id },
        details: {
          name: hold.name,
          reason,
          ...(hold.references.length > 0 && { subjects: hold.references }),
          ...(hold.eventTypes.length > 0 && { eventTypes: hold.eventTypes }),
          ...(hold.resourceType !== '' && { resourceType: hold.resourceType }),
          ...(hold.resourceId !== '' && { resourceId: hold.resourceId }),
          ...(hold.occurredFrom !== null && { from: new Date(hold.occurredFrom).toISOString() }),
          ...(hold.occurredTo !== null && { to: new Date(hold.occurredTo).toISOString() }),
        },
      },
      caller,
    );
  }
}
