import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock';
import { derivedUuidV7 } from '../events/uuid';
import { SelfAudit } from '../ingest/self-audit';
import { CheckpointSigner } from '../keys/checkpoint-signer';
import { RangeCollector } from './leaf-ranges';
import { ManifestHead, RetentionManifestStore } from './retention-manifest-store';
import { PrivacyLock } from './privacy-lock';
import { manifestBody, ManifestFacts, manifestId, Partition } from './retention-manifest';
import { dayOf } from './retention-policy';
import { RetentionScope } from './retention-scope';
import { RetentionScopes } from './retention-scopes';
import { DuePartition, RetentionStore } from './retention-store';

/** Leaves and ranges in one manifest, so that it stays a row of a few megabytes at most. */
const MAX_LEAVES = 1_000_000;
const MAX_RANGES = 200_000;
/** Tenants whose events leave a partition together: it is rewritten once for all of them. */
const TENANTS = 50;

interface Due {
  tenant: string;
  partition: DuePartition;
}

/**
 * Removes what is due: sealed events whose retention has ended and that no hold covers.
 *
 * A TTL of the table would remove rows silently, held ones too, and at a time of its own. Here a signed manifest is stored
 * first and the same condition then chooses what goes. The two cannot disagree: among sealed leaves nothing is written any more, and
 * holds and policies cannot change in between (PrivacyLock). A crash after the manifest leaves rows that are named but still there,
 * which the next run removes under the same manifest; there is no moment at which rows are gone that no manifest names.
 */
@Injectable()
export class RetentionJob {
  private readonly log = new Logger('Retention');

  constructor(
    private readonly store: RetentionStore,
    private readonly manifests: RetentionManifestStore,
    private readonly scopes: RetentionScopes,
    private readonly lock: PrivacyLock,
    private readonly signer: CheckpointSigner,
    private readonly audit: SelfAudit,
    private readonly clock: Clock,
  ) {}

  /** Removes what is due today, of the tenants named or of all; returns the manifests under which it went. */
  async run(tenants?: readonly string[]): Promise<ManifestHead[]> {
    const horizon = dayOf(this.clock.now());
    const due: Due[] = [];
    for (const tenant of tenants ?? (await this.store.tenants())) {
      const partitions = await this.store.due(await this.scopes.of(tenant), horizon);
      due.push(...partitions.map((partition) => ({ tenant, partition })));
    }
    const written: ManifestHead[] = [];
    for (const group of byPartition(due)) {
      for (let i = 0; i < group.length; i += TENANTS) {
        const part = group.slice(i, i + TENANTS);
        written.push(...(await this.lock.run(() => this.removeFrom(part, horizon))));
      }
    }
    return written;
  }

  /** All of one partition. */
  private async removeFrom(group: Due[], horizon: string): Promise<ManifestHead[]> {
    const written: ManifestHead[] = [];
    const scopes: RetentionScope[] = [];
    for (const { tenant, partition } of group) {
      // Read again under the lock: holds and policies may have changed, and more may have been sealed.
      const scope = await this.scopes.of(tenant);
      const now = (await this.store.due(scope, horizon)).find((other) => isSame(other, partition));
      if (!now) continue;
      scopes.push(scope);
      written.push(...(await this.writeManifests(scope, horizon, now)));
    }
    const [first] = group;
    if (!first || written.length === 0) return [];
    await this.store.remove(first.partition, scopes, horizon);
    const events = written.reduce((sum, { leafCount }) => sum + leafCount, 0);
    this.log.log(`removed ${events} events of the class ${first.partition.retention} of ${first.partition.month}`);
    return written;
  }

  private async writeManifests(
    scope: RetentionScope,
    horizon: string,
    partition: DuePartition,
  ): Promise<ManifestHead[]> {
    const written: ManifestHead[] = [];
    const collector = new RangeCollector();
    const flush = async () => {
      const { ranges } = collector.take();
      if (ranges.length === 0) return;
      const { tenant, ledgerSize } = scope;
      written.push(await this.writeManifest({ tenant, partition, horizon, ranges, ledgerSize }));
    };
    for await (const leaf of this.store.dueLeaves(scope, horizon, partition)) {
      collector.add(leaf);
      if (collector.count >= MAX_LEAVES || collector.rangeCount >= MAX_RANGES) await flush();
    }
    await flush();
    for (const manifest of written) await this.record(manifest, partition);
    return written;
  }

  private async writeManifest(facts: ManifestFacts): Promise<ManifestHead> {
    const known = await this.manifests.find(facts.tenant, manifestId(facts));
    if (known) return known;
    const createdAt = this.clock.now();
    const body = manifestBody(facts, createdAt);
    const signed = await this.signer.sign(Buffer.from(body));
    const manifest = {
      ...{ tenant: facts.tenant, id: manifestId(facts), createdAt, retention: facts.partition.retention },
      ...{ horizon: facts.horizon, ranges: facts.ranges, body, ...signed },
      leafCount: facts.ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0),
    };
    await this.manifests.save(manifest);
    return manifest;
  }

  /** Before anything goes; once for each manifest, also when a removal is begun again. */
  private async record(manifest: ManifestHead, { retention, month }: Partition): Promise<void> {
    const { tenant, id, leafCount, horizon, createdAt } = manifest;
    await this.audit.record(tenant, {
      id: derivedUuidV7(`manifest:${tenant}:${id}`, createdAt),
      occurredAt: new Date(createdAt).toISOString(),
      eventType: 'AUDIT_RETENTION_APPLIED',
      description: `${leafCount} event(s) of the class ${retention} are removed: their retention has ended`,
      context: { resourceType: 'retention-manifest', resourceId: id },
      details: { retention, month, horizon },
      recordCount: leafCount,
    });
  }
}

const isSame = (a: Partition, b: Partition) => a.retention === b.retention && a.month === b.month;

function byPartition(due: Due[]): Due[][] {
  const groups = new Map<string, Due[]>();
  for (const each of due) {
    const name = `${each.partition.month}/${each.partition.retention}`;
    groups.set(name, [...(groups.get(name) ?? []), each]);
  }
  return [...groups.values()];
}
