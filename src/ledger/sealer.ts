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
import { IndexedHashes, LedgerStore, StoredCheckpoint } from './ledger-store';
import { consistencySpans, Frontier, spanNodes, verifyConsistency } from './merkle';
import { contiguousRun, contradiction, grow, Growth, LedgerAlarm } from './sealed-tree';

/** What is remembered of a tenant's ledger between two rounds. */
interface Sealed {
  tree: Frontier;
  signed: { size: number; root: Buffer; at: number };
  /** Leaves that an earlier sealer stored without coming to sign them. */
  ahead: IndexedHashes;
  /** What was signed before, if more than ClickHouse shows: the tree has to come through it. */
  head: Checkpoint | undefined;
}

export interface Round {
  checkpoints: StoredCheckpoint[];
  /** Tenants that have more to seal at once. */
  unfinished: string[];
  alarms: { tenant: string; reason: string }[];
}

/** Leaves of one tenant in one round, so that memory stays bounded and no tenant waits long for another. */
const MAX_LEAVES = 50_000;

/**
 * Extends the ledgers over what has landed. Every write is a function of the stored events, and each checkpoint is
 * proved consistent with the one before from what was stored; so a crash at any point, or a second sealer, leaves only rows
 * that the next round writes again.
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
  ) {
    this.heads = new CheckpointHeads(redis, keys);
  }

  /**
   * Seals what the tenants have landed, and signs `renew` even without anything new. What is remembered is forgotten when a
   * round fails, and read again from the stores.
   */
  async round(tenants: readonly string[], renew: ReadonlySet<string>, fence: number): Promise<Round> {
    const result: Round = { checkpoints: [], unfinished: [], alarms: [] };
    const grown = new Map<string, Growth>();
    try {
      await this.each(tenants, result, async (tenant) => {
        const growth = await this.growth(tenant, renew.has(tenant));
        if (growth) grown.set(tenant, growth);
      });
      const growths = [...grown.values()];
      await this.store.saveLeaves(growths.map((growth) => growth.leaves));
      await this.store.saveTiles(growths.flatMap((growth) => growth.tiles));
      const signed: (StoredCheckpoint & { root: Buffer; keyNumber: number })[] = [];
      await this.each([...grown.keys()], result, async (tenant) => {
        const { tree } = grown.get(tenant) as Growth;
        const ledger = this.ledgers.get(tenant) as Sealed;
        const more = await this.isBehind(tenant, tree.size);
        ledger.tree = tree;
        if (more) result.unfinished.push(tenant);
        if (ledger.head && tree.size < ledger.head.size) return;
        const checkpoint = await this.sign(tenant, ledger, tree, fence);
        if (checkpoint) signed.push(checkpoint);
      });
      await this.store.saveCheckpoints(signed);
      for (const { tenant, size, root, signedAt } of signed) {
        const ledger = this.ledgers.get(tenant) as Sealed;
        Object.assign(ledger, { signed: { size, root, at: signedAt }, head: undefined });
      }
      result.checkpoints = signed;
      return result;
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  forget(): void {
    this.ledgers.clear();
  }

  /** Does `work` for each tenant; an alarm stops only its own. */
  private async each(tenants: readonly string[], result: Round, work: (tenant: string) => Promise<void>) {
    for (const tenant of tenants) {
      if (result.alarms.some((alarm) => alarm.tenant === tenant)) continue;
      try {
        await work(tenant);
      } catch (error) {
        if (!isAlarm(error)) throw error;
        this.log.error(`ledger of ${tenant} is not sealed any further: ${error.message}`);
        this.ledgers.delete(tenant);
        result.alarms.push({ tenant, reason: error.message });
      }
    }
  }

  /** What a tenant's next run of leaves adds; undefined when there is nothing to do. */
  private async growth(tenant: string, renew: boolean): Promise<Growth | undefined> {
    const frontier = await this.heads.frontier(tenant);
    const ledger = this.ledgers.get(tenant) ?? (await this.load(tenant));
    const { tree, ahead, head } = ledger;
    const end = Math.min(frontier ?? Infinity, tree.size + MAX_LEAVES, head ? head.size : Infinity);
    const run = contiguousRun(tenant, tree.size, await this.store.landedLeaves(tenant, tree.size, end));
    const broken = contradiction(run, ahead);
    if (broken !== undefined) throw new LedgerAlarm(`leaf ${broken} was sealed with another hash before`);
    const growth = grow(tree, run);
    if (head && growth.tree.size === head.size && !growth.tree.root().equals(head.root)) {
      throw new LedgerAlarm(`the stored events do not give the root that was signed at size ${head.size}`);
    }
    return run.hashes.length > 0 || (renew && tree.size > 0) ? growth : undefined;
  }

  private async isBehind(tenant: string, size: number): Promise<boolean> {
    return ((await this.heads.frontier(tenant)) ?? 0) > size;
  }

  /** Proves, signs and makes known to the other sealers; undefined if a newer one was faster. */
  private async sign(tenant: string, { signed }: Sealed, tree: Frontier, fence: number) {
    const { size } = tree;
    const root = tree.root();
    if (signed.size > 0) {
      const proof = await this.store.spanHashes(tenant, consistencySpans(signed.size, size));
      if (!verifyConsistency(signed.size, size, signed.root, root, proof)) {
        throw new LedgerAlarm(`the tree of ${size} does not continue the checkpoint of size ${signed.size}`);
      }
    }
    const time = this.clock.now();
    const origin = `${this.config.ledger.origin}/${tenant}`;
    const text = checkpointText({ origin, size, root, time });
    const { keyNumber, publicKey, signature } = await this.signer.sign(Buffer.from(text));
    const note = signedNote(text, { name: origin, publicKey }, signature);
    if (!(await this.heads.advance(tenant, fence, { size, note }))) {
      this.log.warn(`another worker has signed the ledger of ${tenant}; leaving it to that`);
      this.ledgers.delete(tenant);
      return undefined;
    }
    return { tenant, size, root, note, keyNumber, signedAt: time };
  }

  /** Takes a ledger up from the stores. @throws LedgerAlarm if they contradict what was signed */
  private async load(tenant: string): Promise<Sealed> {
    const [newest] = await this.store.newestCheckpoints(tenant);
    const last = newest && (await this.open(tenant, newest));
    const size = last?.size ?? 0;
    const tree = new Frontier(size, await this.store.nodeHashes(tenant, spanNodes([0, size])));
    const root = tree.root();
    if (last && !last.root.equals(root)) {
      throw new LedgerAlarm(`stored leaves and tiles do not give the root that was signed at size ${size}`);
    }
    const remembered = await this.heads.get(tenant);
    const head = remembered && (await this.open(tenant, remembered));
    if (head && head.size === size && !head.root.equals(root)) {
      throw new LedgerAlarm(`two different roots were signed at size ${size}`);
    }
    const ledger: Sealed = {
      tree,
      signed: { size, root, at: newest?.signedAt ?? 0 },
      ahead: await this.store.sealedLeaves(tenant, size),
      head: head && head.size > size ? head : undefined,
    };
    this.ledgers.set(tenant, ledger);
    return ledger;
  }

  private async open(tenant: string, { note }: Head): Promise<Checkpoint> {
    const keys = await this.signer.publicKeys();
    try {
      const checkpoint = openCheckpoint(
        note,
        keys.map((key) => key.publicKey),
      );
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
