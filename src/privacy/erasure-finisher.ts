import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { canonicalize } from '../events/canonical-json';
import { derivedUuidV7 } from '../events/uuid';
import { SelfAudit } from '../ingest/self-audit';
import { CheckpointSigner } from '../keys/checkpoint-signer';
import type { Erasure, ErasureCertificate } from './erasure';
import { ErasureStore } from './erasure-store';
import { Destruction, KeyDestroyer } from './key-destroyer';
import { LedgerHead, LedgerHeads } from './ledger-heads';
import { PrivacyLock } from './privacy-lock';
import { until } from './until';

/** Carries out what was begun. Every step can be done again, so after a crash it starts from the first. */
@Injectable()
export class ErasureFinisher {
  constructor(
    private readonly store: ErasureStore,
    private readonly destroyer: KeyDestroyer,
    private readonly heads: LedgerHeads,
    private readonly signer: CheckpointSigner,
    private readonly lock: PrivacyLock,
    private readonly audit: SelfAudit,
    private readonly clock: Clock,
  ) {}

  /**
   * Destroys the keys, records it, waits until a checkpoint covers the record, and signs the certificate.
   * @param deadline ms since the epoch; rejects if it takes longer, and has to be called again
   */
  async finish(begun: Erasure, deadline: number): Promise<Erasure> {
    const { tenant } = begun;
    const destruction = await this.destroyer.destroy(tenant, begun.references, deadline);
    const eventId = await this.record(begun);
    let leafIndex: number | undefined;
    await until('the record of the erasure to be stored', deadline, async () => {
      leafIndex = await this.heads.leafOf(tenant, eventId);
      return leafIndex !== undefined;
    });
    const leaf = leafIndex ?? 0;
    let after: LedgerHead | undefined;
    await until('a checkpoint over the record of the erasure', deadline, async () => {
      after = await this.heads.newest(tenant);
      return after !== undefined && after.size > leaf;
    });
    return this.lock.run(async () => {
      const now = await this.store.find(tenant, begun.id);
      if (now?.state === 'done') return now;
      const finishedAt = this.clock.now();
      const event = { id: eventId, leafIndex: leaf };
      const certificate = await this.certify(begun, { destruction, event, after: after?.note ?? '', finishedAt });
      const done: Erasure = { ...begun, state: 'done', certificate, finishedAt, version: begun.version + 1 };
      await this.store.save(done);
      return done;
    });
  }

  /** Its id is always the same, so that it is recorded once however often the erasure is resumed. */
  private record(erasure: Erasure): Promise<string> {
    const { tenant, id, requestedAt, references, reason, summary } = erasure;
    const at = new Date(requestedAt).toISOString();
    return this.audit.record(tenant, {
      id: derivedUuidV7(`erasure:${tenant}:${id}`, requestedAt),
      occurredAt: at,
      eventType: 'AUDIT_ERASURE',
      description: 'The key and the mapping of a data subject were destroyed',
      context: { userId: `apikey:${erasure.requestedBy}`, resourceType: 'erasure', resourceId: id },
      details: { subjects: references, reason, requestedAt: at },
      recordCount: summary.events,
    });
  }

  private async certify(
    erasure: Erasure,
    end: { destruction: Destruction; event: { id: string; leafIndex: number }; after: string; finishedAt: number },
  ): Promise<ErasureCertificate> {
    const { summary } = erasure;
    const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
    const body = canonicalize({
      format: 'mcp-audit-erasure/1',
      tenant: erasure.tenant,
      erasure: erasure.id,
      subjects: erasure.references,
      reason: erasure.reason,
      requestedBy: erasure.requestedBy,
      requestedAt: time(erasure.requestedAt),
      finishedAt: time(end.finishedAt),
      destroyed: { keys: erasure.references.length, clickhouse: 'removed', redis: { ...end.destruction.redis } },
      unreadable: {
        events: summary.events,
        first: time(summary.firstAt),
        last: time(summary.lastAt),
        types: summary.groups.map(({ eventType, retention, events }) => ({ eventType, retention, events })),
        fields: summary.fields,
      },
      remaining: { plainEvents: summary.plainEvents, mentions: summary.mentions },
      event: end.event,
      checkpointBefore: erasure.checkpoint,
      checkpointAfter: end.after,
    });
    const { keyNumber, publicKey, signature } = await this.signer.sign(Buffer.from(body));
    return { body, keyNumber, publicKey: publicKey.toString('base64'), signature: signature.toString('base64') };
  }
}
