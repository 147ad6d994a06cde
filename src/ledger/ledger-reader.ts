import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { Config, CONFIG } from '../config/config';
import { CheckpointSigner } from '../keys/checkpoint-signer';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { verifierKeyText } from './checkpoint';
import { LedgerStore, StoredCheckpoint } from './ledger-store';
import { consistencySpans, HASH_BYTES, inclusionSpans, leafHash } from './merkle';
import { SealingStateStore } from './sealing-state';
import { encodeBundle, leavesPerHash, TILE_WIDTH, TileName } from './tiles';

/** Everything that an auditor needs to check one event offline. */
export interface EventProof {
  format: 'mcp-audit-proof/1';
  tenant: string;
  leafIndex: number;
  /** Hex, as all hashes of a proof that are not in the checkpoint. */
  leafHash: string;
  inclusionProof: string[];
  /** The bytes that were hashed and signed, as they are stored. */
  envelope: string;
  checksum: string;
  keyId: number | null;
  signature: string | null;
  checkpoint: string;
  publicKeys: string[];
}

export interface PublicKeyView {
  key: string;
  createdAt: string;
  retiredAt: string | null;
}

/** What a ledger shows to those who check it: only what is under a signed checkpoint. */
@Injectable()
export class LedgerReader {
  /** Sizes of checkpoints seen; ledgers only grow. */
  private readonly known = new Map<string, number>();

  constructor(
    private readonly store: LedgerStore,
    private readonly signer: CheckpointSigner,
    private readonly sealing: SealingStateStore,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  /** How far a ledger is sealed, and what was found when it was last verified. */
  async state(tenant: string) {
    const [[newest], verification, sealing, next] = await Promise.all([
      this.store.newestCheckpoints(tenant),
      this.store.lastVerification(tenant),
      this.sealing.read(),
      this.nextLeaf(tenant),
    ]);
    const size = newest?.size ?? 0;
    return {
      tenant,
      origin: this.originOf(tenant),
      size,
      waiting: Math.max(0, next - size),
      checkpoint: newest ? { size, signedAt: isoTime(newest.signedAt), note: newest.note } : null,
      halted: sealing?.halted[tenant] ?? null,
      verification: verification
        ? { ...verification, startedAt: isoTime(verification.startedAt), finishedAt: isoTime(verification.finishedAt) }
        : null,
    };
  }

  /** The leaf index that the next event gets; 0 while Redis does not know. */
  async nextLeaf(tenant: string): Promise<number> {
    return Number((await this.redis.get(this.keys.nextLeaf(tenant))) ?? 0);
  }

  /** @throws AppError 404 before the first event is sealed */
  async checkpoint(tenant: string): Promise<StoredCheckpoint> {
    const [newest] = await this.store.newestCheckpoints(tenant);
    if (newest) return newest;
    throw new AppError('LEDGER_EMPTY', 404, `the ledger of ${tenant} has no checkpoint yet: nothing is sealed`);
  }

  /** @throws AppError 404 for what no checkpoint covers, and for bundles with events that retention has removed */
  async tile(tenant: string, { level, index, width }: TileName): Promise<Buffer> {
    const start = index * TILE_WIDTH;
    const end = start + width;
    if (!(await this.covers(tenant, end * leavesPerHash(level === 'entries' ? 0 : level)))) {
      throw new AppError('TILE_NOT_FOUND', 404, 'the tree has no such tile (yet)');
    }
    if (level !== 'entries') return this.store.tileHashes(tenant, level, start, end);
    const entries = await this.store.entries(tenant, [start, end]);
    if (entries.length === width) return encodeBundle(entries);
    throw new AppError('ENTRIES_GONE', 404, 'events of this bundle are no longer kept; their hashes still are');
  }

  /** Whether a checkpoint covers so many leaves. */
  private async covers(tenant: string, leaves: number): Promise<boolean> {
    if ((this.known.get(tenant) ?? 0) >= leaves) return true;
    const { size } = await this.checkpoint(tenant);
    this.known.set(tenant, size);
    return size >= leaves;
  }

  /** @throws AppError 400 for sizes that no checkpoint covers */
  async consistency(tenant: string, from: number, to: number | undefined) {
    const newest = await this.checkpoint(tenant);
    const upTo = to ?? newest.size;
    if (from < 1 || from > upTo || upTo > newest.size) {
      throw new AppError(
        'SIZES_INVALID',
        400,
        `from and to must be tree sizes with 1 <= from <= to <= ${newest.size}`,
        {
          problems: [{ path: from < 1 || from > upTo ? 'from' : 'to', message: 'is out of range' }],
        },
      );
    }
    const spans = consistencySpans(from, upTo);
    const [fromRoot, toRoot, ...proof] = await this.store.spanHashes(tenant, [[0, from], [0, upTo], ...spans]);
    return { from, to: upTo, fromRoot: hex(fromRoot), toRoot: hex(toRoot), proof: proof.map(hex) };
  }

  /** @throws AppError 404 for an unknown event, 409 for one that is not sealed yet */
  async proof(tenant: string, id: string): Promise<EventProof> {
    const event = await this.store.event(tenant, id);
    if (!event) {
      throw new AppError('EVENT_NOT_FOUND', 404, `there is no event ${id}; one just accepted may take a second`);
    }
    const [newest] = await this.store.newestCheckpoints(tenant);
    if (!newest || newest.size <= event.leafIndex) {
      throw new AppError('NOT_SEALED_YET', 409, 'the event is stored and will be sealed within seconds; try again', {
        retryAfter: 2,
      });
    }
    const proof = await this.store.spanHashes(tenant, inclusionSpans(event.leafIndex, newest.size));
    return {
      format: 'mcp-audit-proof/1',
      tenant,
      leafIndex: event.leafIndex,
      leafHash: hex(leafHash(Buffer.from(event.envelope))),
      inclusionProof: proof.map(hex),
      envelope: event.envelope,
      checksum: event.checksum,
      keyId: event.keyId === 0 ? null : event.keyId,
      signature: event.keyId === 0 ? null : event.signature,
      checkpoint: newest.note,
      publicKeys: (await this.publicKeys(tenant)).map((key) => key.key),
    };
  }

  /** Every key that ever signed checkpoints, under the name that it has for this tenant. */
  async publicKeys(tenant: string): Promise<PublicKeyView[]> {
    const name = this.originOf(tenant);
    return (await this.signer.publicKeys()).map(({ publicKey, createdAt, retiredAt }) => ({
      key: verifierKeyText({ name, publicKey }),
      createdAt: isoTime(createdAt),
      retiredAt: retiredAt === null ? null : isoTime(retiredAt),
    }));
  }

  private originOf(tenant: string): string {
    return `${this.config.ledger.origin}/${tenant}`;
  }

  checkpoints(tenant: string, from: number, after: number, limit: number): Promise<StoredCheckpoint[]> {
    return this.store.checkpoints(tenant, from, limit, after);
  }
}

const hex = (hash: Buffer | undefined): string => (hash ?? Buffer.alloc(HASH_BYTES)).toString('hex');
const isoTime = (ms: number): string => new Date(ms).toISOString();
