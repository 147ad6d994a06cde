import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { CheckpointSigner } from '../keys/checkpoint-signer';
import { RetentionManifestStore } from '../privacy/retention-manifest-store';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import type { Checkpoint } from './checkpoint';
import { LedgerStore } from './ledger-store';
import { consistencySpans, Frontier, spanNodes, verifyConsistency } from './merkle';
import { Sha256Lanes } from './sha256-lanes';
import { Anchor, CheckpointTrust, openFor, readStored } from './verify-checkpoints';
import { Receipt, compareReceipts } from './verify-receipts';
import { Removals } from './verify-manifests';
import type { VerificationProgress, VerificationReport } from './verify-report';
import { ReadRange, VerifyRun } from './verify-run';
import { VerifyScan } from './verify-scan';
import { SignatureCheck } from './verify-signatures';
import { TreeCheck } from './verify-tree';
import { VerifyStore } from './verify-store';

/** What to verify; everything if nothing is named. */
export interface VerificationRequest {
  /** Leaves whose events are verified; the tree is followed to the next checkpoint. */
  from?: number | undefined;
  to?: number | undefined;
  /** Checkpoints (notes) got earlier, of which the ledger has to be a continuation. */
  checkpoints?: readonly string[] | undefined;
  /** Events that the ledger has to hold. */
  receipts?: readonly Receipt[] | undefined;
}

/** Leaves that are read at a time; at each end ClickHouse reads what is stored together with the next ones in vain. */
const RANGE = 524_288;
/** Ranges that are being read at the same time: ClickHouse has work while the answer of another is taken in. */
const AHEAD = 2;
/** How long a checkpoint may take from its signature to the store, ms. */
const SHOWN_MS = 10_000;

/** Verifies ledgers from what is stored. Reads only. */
@Injectable()
export class Verifier {
  constructor(
    private readonly store: VerifyStore,
    private readonly scan: VerifyScan,
    private readonly ledger: LedgerStore,
    private readonly manifests: RetentionManifestStore,
    private readonly signatures: SignatureCheck,
    private readonly lanes: Sha256Lanes,
    private readonly signer: CheckpointSigner,
    private readonly clock: Clock,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  /**
   * Verifies one ledger.
   * @throws AppError if a checkpoint that was given is not one of this ledger; whatever the stores throw
   */
  async verify(
    tenant: string,
    request: VerificationRequest,
    progress: (state: VerificationProgress) => void,
    signal?: AbortSignal,
  ): Promise<VerificationReport> {
    const startedAt = this.clock.now();
    const trust: CheckpointTrust = { tenant, publicKeys: (await this.signer.publicKeys()).map((key) => key.publicKey) };
    const anchors = (request.checkpoints ?? []).map((note) => anchor(trust, note, GIVEN));
    // Before the store is read: it is never behind what that shows.
    const head = await this.redis.hget(this.keys.ledgerHeads(), tenant);
    const broken: { size: number; why: string }[] = [];
    const newest = await this.newest(trust, broken);
    const size = newest?.checkpoint.size ?? 0;
    const to = Math.min(request.to ?? size, size);
    const from = Math.min(request.from ?? 0, to);
    const end = to === size ? size : Math.min(size, (await this.store.sizeCovering(tenant, to)) ?? size);
    const { start, tree } = await this.treeAt(tenant, from);
    const run = new VerifyRun(tenant, tree, this.store, this.scan, await this.removals(tenant));
    for (const { size: wrong, why } of broken) run.wrongCheckpoint(wrong, why);
    if (head !== null) await this.addHead(trust, head, anchors, run);

    const span = { from, to, start, end };
    await this.walk(trust, span, anchors, run, (done) => progress({ done, total: end - start }), signal);
    for (const each of anchors) await this.compareAnchor(tenant, each, span, newest?.checkpoint, run);
    if (newest && end < size && end > 0) await this.compareEnd(tenant, end, newest.checkpoint, run);
    const waiting = await this.lookBehind(tenant, size, run);
    await this.noteErased(tenant, from, to, run);
    await run.conclude();
    for (const fault of await compareReceipts(this.store, tenant, request.receipts ?? [])) run.faults.add(fault);

    const report = { faults: run.faults.view(), notes: run.notes.view() };
    return {
      ...{ format: 'mcp-audit-verification/1', tenant, sound: report.faults.total === 0 },
      ...{ kind: from === 0 && to === size ? 'full' : 'incremental', from, to, size: end },
      ...{ checkpoint: newest?.note ?? null, events: run.events, signatures: run.signatures },
      ...{ checkpoints: run.checkpoints, tiles: run.tiles, waiting, ...report },
      manifests: [...run.expiredBy.keys()].flatMap((id) => run.removals.view(id) ?? []),
      ...{ startedAt: new Date(startedAt).toISOString(), finishedAt: new Date(this.clock.now()).toISOString() },
    };
  }

  /** @throws AppError if a note is no checkpoint of this ledger that was signed here */
  async assertCheckpoint(tenant: string, note: string): Promise<void> {
    openFor({ tenant, publicKeys: (await this.signer.publicKeys()).map((key) => key.publicKey) }, note);
  }

  /** The newest checkpoint that was signed here; those that were not are told in `broken`. */
  private async newest(
    trust: CheckpointTrust,
    broken: { size: number; why: string }[],
  ): Promise<{ checkpoint: Checkpoint; note: string } | undefined> {
    for (const row of await this.store.newestCheckpoints(trust.tenant, 1000)) {
      const checkpoint = readStored(trust, row);
      if (typeof checkpoint !== 'string') return { checkpoint, note: row.note };
      broken.push({ size: row.size, why: checkpoint });
    }
    return undefined;
  }

  /** The tree over the leaves before `from`, as it is stored; from the very start where that is damaged. */
  private async treeAt(tenant: string, from: number): Promise<{ start: number; tree: TreeCheck }> {
    try {
      const nodes = await this.ledger.nodeHashes(tenant, spanNodes([0, from]));
      return { start: from, tree: new TreeCheck(new Frontier(from, nodes), this.lanes) };
    } catch (error) {
      if (!isDamage(error)) throw error;
      return { start: 0, tree: new TreeCheck(new Frontier(), this.lanes) };
    }
  }

  private async removals(tenant: string): Promise<Removals> {
    const keys = await this.signer.publicKeys();
    const known = (publicKey: Buffer, number: number) =>
      keys.some((key) => key.number === number && key.publicKey.equals(publicKey));
    return new Removals(await this.manifests.all(tenant), known);
  }

  /** Reads range by range, the next ones while the last is judged. */
  private async walk(
    trust: CheckpointTrust,
    span: { from: number; to: number; start: number; end: number },
    anchors: readonly Anchor[],
    run: VerifyRun,
    progress: (done: number) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const { tenant } = trust;
    const bounds = cuts(span);
    const read = ([first, end]: [number, number]) => {
      const reading = this.read(tenant, first, end, first >= span.from && end <= span.to);
      // Its failure is met when its turn comes.
      reading.catch(() => undefined);
      return reading;
    };
    const ahead = bounds.slice(0, AHEAD).map(read);
    for (const [i, [first, end]] of bounds.entries()) {
      signal?.throwIfAborted();
      const range = await (ahead.shift() as Promise<ReadRange>);
      const next = bounds[i + AHEAD];
      if (next) ahead.push(read(next));
      // Retention may have removed events since the manifests were read.
      if (run.unexplained(range) > 0) run.removals = await this.removals(tenant);
      const stored = await this.store.checkpoints(tenant, first === span.start && first > 0 ? first : first + 1, end);
      const sound: Checkpoint[] = [];
      for (const row of stored) {
        const checkpoint = readStored(trust, row);
        if (typeof checkpoint === 'string') run.wrongCheckpoint(row.size, checkpoint);
        else sound.push(checkpoint);
      }
      const within = anchors.filter(({ size }) => size > first && size <= end);
      await run.follow(
        range,
        [...sound, ...within].sort((a, b) => a.size - b.size),
      );
      progress(end - span.start);
    }
  }

  private async read(tenant: string, first: number, end: number, withEvents: boolean): Promise<ReadRange> {
    const sealing = this.scan.sealed(tenant, first, end);
    if (!withEvents) return { first, end, sealed: await sealing, events: undefined };
    const signatures = await this.signatures.begin();
    const [sealed, judged] = await Promise.all([sealing, this.scan.judged(tenant, first, end, signatures)]);
    return { first, end, sealed, events: { judged, signatures } };
  }

  /** The newest signed checkpoint that Redis remembers: the store must come to show it. */
  private async addHead(trust: CheckpointTrust, note: string, anchors: Anchor[], run: VerifyRun): Promise<void> {
    try {
      const head = anchor(trust, note, 'the newest checkpoint that Redis remembers');
      const until = this.clock.now() + SHOWN_MS;
      for (;;) {
        const [newest] = await this.store.newestCheckpoints(trust.tenant, 1);
        if ((newest?.size ?? 0) >= head.size || this.clock.now() > until) break;
        await sleep(200);
      }
      anchors.push(head);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      run.wrongCheckpoint(0, `the newest checkpoint that Redis remembers: ${error.message}`);
    }
  }

  /** Anchors outside the leaves that were followed are proved consistent from the stored hashes. */
  private async compareAnchor(
    tenant: string,
    anchor: Anchor,
    { start, end }: { start: number; end: number },
    newest: Checkpoint | undefined,
    run: VerifyRun,
  ): Promise<void> {
    const size = newest?.size ?? 0;
    if (anchor.size > size) {
      // Signed while this ran, and shown by now.
      const [now] = await this.store.newestCheckpoints(tenant, 1);
      if (anchor.source !== GIVEN && (now?.size ?? 0) >= anchor.size) return;
      run.wrongCheckpoint(anchor.size, `the ledger ends at ${size}, but ${anchor.source} covers ${anchor.size} leaves`);
      return run.cutOff(size, anchor.size);
    }
    if (anchor.size > start && anchor.size <= end) return;
    if (anchor.size === 0 || !newest) return;
    run.checkpoints++;
    if (!(await this.continues(tenant, anchor, newest))) {
      run.wrongCheckpoint(anchor.size, `the ledger is no continuation of ${anchor.source}`);
    }
  }

  private async compareEnd(tenant: string, end: number, newest: Checkpoint, run: VerifyRun): Promise<void> {
    const [row] = await this.store.checkpoints(tenant, end, end);
    if (!row) return;
    const older = { size: end, root: Buffer.from(row.root, 'hex') };
    if (!(await this.continues(tenant, older, newest))) {
      run.wrongCheckpoint(newest.size, `the newest checkpoint does not continue that of size ${end}`);
    }
  }

  private async continues(
    tenant: string,
    older: { size: number; root: Buffer },
    newer: { size: number; root: Buffer },
  ): Promise<boolean> {
    try {
      const proof = await this.ledger.spanHashes(tenant, consistencySpans(older.size, newer.size));
      return verifyConsistency(older.size, newer.size, older.root, newer.root, proof);
    } catch (error) {
      if (isDamage(error)) return false;
      throw error;
    }
  }

  /** Rows behind the newest checkpoint wait to be sealed, unless no writer ever gave them their place. */
  private async lookBehind(tenant: string, size: number, run: VerifyRun): Promise<number> {
    const rows = await this.store.eventsFrom(tenant, size, 100_000);
    const next = await this.redis.get(this.keys.nextLeaf(tenant));
    const end = next === null ? Infinity : Number(next);
    const seen = new Set<number>();
    const surplus = rows.filter(({ leafIndex }) => leafIndex >= end || seen.size === seen.add(leafIndex).size);
    run.addSurplus(
      surplus.map((row) => ({
        ...{ leafIndex: row.leafIndex, eventId: row.id, hash: row.hash },
        why:
          row.leafIndex >= end
            ? `no writer stored it: the next leaf to be given is ${end}`
            : 'another event stands at this leaf already',
      })),
    );
    return rows.length - surplus.length;
  }

  private async noteErased(tenant: string, from: number, to: number, run: VerifyRun): Promise<void> {
    const { count, listed } = await this.store.erasedEvents(tenant, from, to, run.notes.room('erased'));
    for (const { leafIndex, id } of listed) {
      const detail = 'it names a person who was erased; what was sealed for that person cannot be read any more';
      run.notes.add({ kind: 'erased', leafIndex, eventId: id, detail });
    }
    run.notes.more('erased', count - listed.length);
  }
}

const GIVEN = 'the checkpoint given';

const anchor = (trust: CheckpointTrust, note: string, source: string): Anchor => ({ ...openFor(trust, note), source });

/** Ranges to read one after the other; none is partly of events and partly not. */
function cuts({ from, to, start, end }: { from: number; to: number; start: number; end: number }): [number, number][] {
  const ranges: [number, number][] = [];
  for (const [first, last] of [
    [start, from],
    [from, to],
    [to, end],
  ] as const) {
    for (let at = first; at < last; at += RANGE) ranges.push([at, Math.min(last, at + RANGE)]);
  }
  return ranges;
}

const isDamage = (error: unknown): boolean => error instanceof AppError && error.code === 'LEDGER_DAMAGED';
