import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { Config, CONFIG, RetentionClass } from '../config/config';
import { RETENTION_CLASSES } from '../events/event-types';
import { isUuid } from '../events/uuid';
import { SelfAudit } from '../ingest/self-audit';
import { ManifestHead, RetentionManifestStore } from './retention-manifest-store';
import { PolicyStore } from './policy-store';
import { PrivacyLock } from './privacy-lock';
import { RetentionManifest } from './retention-manifest';
import { dayOf, RetentionPolicy } from './retention-policy';
import { RetentionScopes } from './retention-scopes';
import { PreviewDay, RetentionStore } from './retention-store';

const DAY = 86_400_000;

/** How long events of a class are kept, and since when. */
export interface RetentionState {
  retention: RetentionClass;
  days: number;
  source: 'configuration' | 'tenant';
  applied: { days: number; receivedBefore: number } | null;
  events: number;
}

/** What applying a policy to stored events would do. */
export interface ApplyPreview {
  days: number;
  /** Stored events of the class, without what comes in meanwhile. */
  events: number;
  /** Of those, what the next run would remove then. */
  due: number;
  held: number;
}

/** Shows and changes retention policies of a tenant, and shows what retention will do and did. */
@Injectable()
export class RetentionService {
  constructor(
    private readonly policies: PolicyStore,
    private readonly scopes: RetentionScopes,
    private readonly store: RetentionStore,
    private readonly manifests: RetentionManifestStore,
    private readonly lock: PrivacyLock,
    private readonly audit: SelfAudit,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async show(tenant: string): Promise<RetentionState[]> {
    const [policies, stored] = [await this.policies.list(tenant), await this.store.stored(tenant)];
    return RETENTION_CLASSES.map((retention) => {
      const policy = policies.find((each) => each.retention === retention);
      const applied =
        policy && policy.appliedDays !== null && policy.appliedBefore !== null
          ? { days: policy.appliedDays, receivedBefore: policy.appliedBefore }
          : null;
      return {
        retention,
        days: policy?.days ?? this.config.retention[retention],
        source: policy && policy.days !== null ? 'tenant' : 'configuration',
        applied,
        events: stored.get(retention) ?? 0,
      };
    });
  }

  /**
   * Decides how long events are kept that come in from now on, within seconds in all processes. Stored events are not touched.
   * @param days null: as configured
   */
  async set(caller: Principal, retention: RetentionClass, days: number | null, reason: string): Promise<void> {
    await this.change(caller, retention, reason, (policy) => ({ ...policy, days }), 'set', {
      days: days ?? this.config.retention[retention],
    });
  }

  /** What `apply` would do now. Changes nothing. */
  async previewApply(tenant: string, retention: RetentionClass): Promise<ApplyPreview> {
    const scope = await this.scopes.of(tenant);
    const now = this.clock.now();
    const days = await this.daysOf(tenant, retention);
    const policies = scope.policies.filter((policy) => policy.retention !== retention);
    const applied = { ...this.policyOf(tenant, retention), appliedDays: days, appliedBefore: now };
    const today = dayOf(now);
    const then = await this.store.preview({ ...scope, policies: [...policies, applied] }, today, today);
    const ofClass = then.filter((day) => day.retention === retention);
    const sum = (count: (day: PreviewDay) => number) => ofClass.reduce((total, day) => total + count(day), 0);
    const events = (await this.store.stored(tenant)).get(retention) ?? 0;
    return { days, events, due: sum((day) => day.events), held: sum((day) => day.held) };
  }

  /**
   * Applies what is decided for new events to all that were received before now, whatever they say themselves. What is due then
   * goes with the next run.
   */
  async apply(caller: Principal, retention: RetentionClass, reason: string): Promise<ApplyPreview> {
    const preview = await this.previewApply(caller.tenant, retention);
    const applied = { appliedDays: preview.days, appliedBefore: this.clock.now() };
    await this.change(caller, retention, reason, (policy) => ({ ...policy, ...applied }), 'applied to stored events', {
      ...preview,
    });
    return preview;
  }

  /** What the next days will remove if nothing changes. */
  async preview(tenant: string, days: number): Promise<PreviewDay[]> {
    const now = this.clock.now();
    return this.store.preview(await this.scopes.of(tenant), dayOf(now), dayOf(now + days * DAY));
  }

  listManifests(tenant: string, limit: number): Promise<ManifestHead[]> {
    return this.manifests.list(tenant, limit);
  }

  /** @throws AppError 404 */
  async manifest(tenant: string, id: string): Promise<RetentionManifest> {
    const manifest = isUuid(id) ? await this.manifests.find(tenant, id) : undefined;
    if (!manifest) throw new AppError('MANIFEST_UNKNOWN', 404, `there is no retention manifest ${id} here`);
    return manifest;
  }

  private async daysOf(tenant: string, retention: RetentionClass): Promise<number> {
    const own = (await this.policies.list(tenant)).find((policy) => policy.retention === retention);
    return own?.days ?? this.config.retention[retention];
  }

  private policyOf(tenant: string, retention: RetentionClass): RetentionPolicy {
    return {
      ...{ tenant, retention, days: null, appliedDays: null, appliedBefore: null },
      ...{ changedBy: '', changedAt: 0, version: 0 },
    };
  }

  /** The record comes before the change: there is no change without its record. */
  private async change(
    caller: Principal,
    retention: RetentionClass,
    reason: string,
    edit: (policy: RetentionPolicy) => RetentionPolicy,
    what: string,
    details: Record<string, number>,
  ): Promise<void> {
    const { tenant } = caller;
    await this.lock.run(async () => {
      const known = (await this.policies.list(tenant)).find((policy) => policy.retention === retention);
      const before = known ?? this.policyOf(tenant, retention);
      const next = {
        ...edit(before),
        changedBy: caller.keyId,
        changedAt: this.clock.now(),
        version: before.version + 1,
      };
      await this.audit.record(
        tenant,
        {
          eventType: 'AUDIT_POLICY_CHANGED',
          description: `The retention of the class ${retention} was ${what}`,
          context: { resourceType: 'retention-policy', resourceId: retention },
          details: { retention, reason, ...details },
          changes: {
            before: { days: before.days, appliedDays: before.appliedDays },
            after: { days: next.days, appliedDays: next.appliedDays },
          },
        },
        caller,
      );
      await this.policies.save(next);
    });
  }
}
