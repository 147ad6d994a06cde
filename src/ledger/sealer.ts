import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { CheckpointSigner } from '../keys/checkpoint-signer';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { Checkpoint, checkpointText, openCheckpoint, signedNote } from './checkpoint';
import { CheckpointHeads, Head } from './checkpoint-heads';
import { IndexedHashes, LeafRun, LedgerStore, NewCheckpoint, StoredCheckpoint } from './ledger-store';
import { consistencySpans, Frontier, HASH_BYTES, spanNodes, verifyConsistency } from './merkle';
import { Sha256Lanes } from './sha256-lanes';
import { contiguousRun, contradiction, grow, Growth, LedgerAlarm } from './sealed-tree';

/** What is remembered of a tenant's ledger between two rounds. */
interface Sealed {
  tree: Frontier;
  signed: { size: number; root: Buffer };
  /** What Redis has to hold when the next checkpoint is signed. */
  head: Head;
  /** The checkpoint of `head`, if ClickHouse does not show it: the tree has to come through it. */
  through: Checkpoint | undefined;
  /** An earlier sealer stored leaves before this index, and may not have come to sign them. */
  storedTo: number;
}

export interface Round {
  leaves: number;
  checkpoints: StoredCheckpoint[];
  /** Tenants that have more to seal at once. */
  unfinished: string[];
  /** Leaves whose batch is committed, but which are not stored. */
  missing: Map<string, number>;
  alarms: Map<string, string>;
}

/** Leaves of one tenant in one round, so that memory stays bounded and no tenant waits long for another. */
const MAX_LEAVES = 50_000;
/** Leaves of all tenants after which a round takes up no further tenant. */
const ENOUGH_LEAVES = 300_000;
/** Tenants that are worked on at the same time. */
const ABREAST = 8;
const NO_LEAVES: IndexedHashes = { indices: new Float64Array(0), hashes: Buffer.alloc(0) };

/**
 * Extends the ledgers over what has landed: leaves and tiles are stored, the new tree is proved consistent with the last
 * checkpoint from what is stored, signed, made the head in Redis, and only then shown. All that is stored is a function of the
 * stored events, so a crash at any point leaves only rows that the next round writes again.
 */
@Injectable()
export class Sealer {
  private readonly log = new Logger('Sealer');
  private readonly ledgers = new Map<string, Sealed>();
  private readonly heads: CheckpointHeads;

  constructor(
    private readonly store: LedgerStore,
    private readonly signer: CheckpointSigner,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(REDIS) redis: Redis,
    keys: RedisKeys,
    private readonly lanes: Sha256Lanes,
  ) {
    this.heads = new CheckpointHeads(redis, keys);
  }

  /**
   * Seals what the tenants have landed, and signs `renew` even without anything new. What is remembered is forgotten when a
   * round fails, and read again from the stores.
   */
  async round(tenants: readonly string[], renew: ReadonlySet<string>): Promise<Round> {
    const round: Round = { leaves: 0, checkpoints: [], unfinished: [], missing: new Map(), alarms: new Map() };
    const grown = new Map<string, Growth>();
    try {
      await this.each(tenants, round, async (tenant) => {
        const growth = await this.growth(tenant, renew.has(tenant), round);
        if (growth) grown.set(tenant, growth);
      });
      if (grown.size === 0) return round;
      await this.store.saveLeaves([...grown.values()].map((growth) => growth.leaves));
      await this.store.saveTiles([...grown.values()].flatMap((growth) => growth.tiles));
      const signed: NewCheckpoint[] = [];
      await this.each([...grown.keys()], round, async (tenant) => {
        const checkpoint = await this.extend(tenant, grown.get(tenant) as Growth);
        if (checkpoint) signed.push(checkpoint);
      });
      await this.store.saveCheckpoints(signed);
      round.checkpoints = signed;
      return round;
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  forget(): void {
    this.ledgers.clear();
  }

  /** Does `work` for each tenant; an alarm stops only its own. */
  private async each(tenants: readonly string[], round: Round, work: (tenant: string) => Promise<void>): Promise<void> {
    const waiting = tenants.values();
    const workOff = async () => {
      for (const tenant of waiting) {
        try {
          await work(tenant);
        } catch (error) {
          if (!isAlarm(error)) throw error;
          this.log.error(`the ledger of ${tenant} is not sealed any further: ${error.message}`);
          this.ledgers.delete(tenant);
          round.alarms.set(tenant, error.message);
        }
      }
    };
    // All have ended before the first failure is told: none goes on behind the back of the next round.
    const lanes = await Promise.allSettled(Array.from({ length: ABREAST }, workOff));
    for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
  }

  /** What a tenant's next run of leaves adds; undefined when there is nothing to do. */
  private async growth(tenant: string, renew: boolean, round: Round): Promise<Growth | undefined> {
    if (round.leaves >= ENOUGH_LEAVES) {
      round.unfinished.push(tenant);
      return undefined;
    }
    const frontier = await this.heads.frontier(tenant);
    const ledger = this.ledgers.get(tenant) ?? (await this.load(tenant));
    const { tree, through, storedTo } = ledger;
    const end = Math.min(frontier ?? Infinity, tree.size + MAX_LEAVES, through?.size ?? Infinity);
    // Where another sealer was before, nothing is believed but the envelopes.
    const isNew = tree.size >= storedTo;
    const run = isNew ? await this.landed(tenant, tree.size, end) : await this.hashed(tenant, tree.size, end);
    const earlier = isNew ? NO_LEAVES : await this.store.sealedLeaves(tenant, tree.size, end);
    const broken = contradiction(run, earlier);
    if (broken !== undefined) throw new LedgerAlarm(`leaf ${broken} was sealed with another hash before`);
    const leaves = run.hashes.length / HASH_BYTES;
    const next = tree.size + leaves;
    round.leaves += leaves;
    if (next === tree.size + MAX_LEAVES || next === through?.size) round.unfinished.push(tenant);
    else if (frontier !== undefined && next < end) round.missing.set(tenant, next);
    return leaves > 0 || (renew && tree.size > 0) ? grow(tree, run, this.lanes) : undefined;
  }

  /** The leaves that continue a tree of `size`, as noted while they landed; from the envelopes where that breaks off before `end`. */
  private async landed(tenant: string, size: number, end: number): Promise<LeafRun> {
    const { run } = contiguousRun(tenant, size, await this.store.landedLeaves(tenant, size, end));
    const next = size + run.hashes.length / HASH_BYTES;
    if (next >= end) return run;
    const rest = await this.hashed(tenant, next, end);
    return { ...run, hashes: Buffer.concat([run.hashes, rest.hashes]) };
  }

  /** The leaves that continue a tree of `size`, from the stored envelopes. @throws LedgerAlarm if two events claim one index */
  private async hashed(tenant: string, size: number, end: number): Promise<LeafRun> {
    const { run, contested } = contiguousRun(tenant, size, await this.store.hashedLeaves(tenant, size, end));
    if (contested !== undefined) throw new LedgerAlarm(`two different events are stored as leaf ${contested}`);
    return run;
  }

  /** Signs the grown tree and makes it the head; undefined if there is nothing to sign yet, or another was faster. */
  private async extend(tenant: string, { tree }: Growth): Promise<NewCheckpoint | undefined> {
    const ledger = this.ledgers.get(tenant) as Sealed;
    const { signed, head, through, storedTo } = ledger;
    const { size } = tree;
    const root = tree.root();
    if (through && size < through.size) {
      this.ledgers.set(tenant, { ...ledger, tree });
      return undefined;
    }
    if (through && !root.equals(through.root)) {
      throw new LedgerAlarm(`the stored events do not give the root that was signed at size ${size}`);
    }
    await this.prove(tenant, signed, { size, root });
    const signedAt = this.clock.now();
    const origin = `${this.config.ledger.origin}/${tenant}`;
    const text = checkpointText({ origin, size, root, time: signedAt });
    const { keyNumber, publicKey, signature } = await this.signer.sign(Buffer.from(text));
    const note = signedNote(text, { name: origin, publicKey }, signature);
    if (!(await this.heads.advance(tenant, head, note))) {
      this.log.warn(`another worker has signed the ledger of ${tenant} meanwhile`);
      this.ledgers.delete(tenant);
      return undefined;
    }
    this.ledgers.set(tenant, { tree, signed: { size, root }, head: note, through: undefined, storedTo });
    return { tenant, size, root, note, keyNumber, signedAt };
  }

  /** Proves from what is stored that one tree continues another. @throws LedgerAlarm */
  private async prove(tenant: string, from: Sealed['signed'], to: Sealed['signed']): Promise<void> {
    if (from.size === 0) return;
    const proof = await this.store.spanHashes(tenant, consistencySpans(from.size, to.size));
    if (verifyConsistency(from.size, to.size, from.root, to.root, proof)) return;
    throw new LedgerAlarm(`the tree of ${to.size} does not continue the checkpoint of size ${from.size}`);
  }

  /** Takes a ledger up from the stores. @throws LedgerAlarm if they contradict what was signed */
  private async load(tenant: string): Promise<Sealed> {
    // The head first: it is never behind what ClickHouse shows, unless one of them was set back.
    const head = await this.heads.get(tenant);
    const remembered = head === undefined ? undefined : await this.open(tenant, head);
    const [newest] = await this.store.newestCheckpoints(tenant);
    const last = newest && (await this.open(tenant, newest.note));
    const size = last?.size ?? 0;
    const tree = new Frontier(size, await this.store.nodeHashes(tenant, spanNodes([0, size])));
    const signed = { size, root: tree.root() };
    if (last && !last.root.equals(signed.root)) {
      throw new LedgerAlarm(`stored leaves and tiles do not give the root that was signed at size ${size}`);
    }
    if (remembered && remembered.size <= size) await this.prove(tenant, remembered, signed);
    const through = remembered && remembered.size > size ? remembered : undefined;
    const ledger = { tree, signed, head, through, storedTo: await this.store.leavesEnd(tenant) };
    this.ledgers.set(tenant, ledger);
    return ledger;
  }

  private async open(tenant: string, note: string): Promise<Checkpoint> {
    const keys = (await this.signer.publicKeys()).map((key) => key.publicKey);
    try {
      const checkpoint = openCheckpoint(note, keys);
      if (checkpoint.origin.endsWith(`/${tenant}`)) return checkpoint;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw new LedgerAlarm(`the newest checkpoint is not one that was signed here: ${error.message}`);
    }
    throw new LedgerAlarm('the newest checkpoint belongs to another ledger');
  }
}

const isAlarm = (error: unknown): error is Error =>
  error instanceof LedgerAlarm || (error instanceof AppError && error.code === 'LEDGER_DAMAGED');
