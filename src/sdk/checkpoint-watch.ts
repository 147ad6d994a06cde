import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Checkpoint, openCheckpoint, parseCheckpoint, parseVerifierKey } from '../ledger/checkpoint';
import { verifyConsistency } from '../ledger/merkle';
import type { LedgerClient } from './ledger-client';

/** Where the checkpoint that was verified last is kept. */
export interface TrustStore {
  read(): Promise<string | undefined>;
  write(note: string): Promise<void>;
}

export class MemoryTrust implements TrustStore {
  private note: string | undefined;

  read(): Promise<string | undefined> {
    return Promise.resolve(this.note);
  }

  write(note: string): Promise<void> {
    this.note = note;
    return Promise.resolve();
  }
}

export class TrustFile implements TrustStore {
  constructor(private readonly dir: string) {}

  async read(): Promise<string | undefined> {
    try {
      return await readFile(join(this.dir, 'checkpoint'), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async write(note: string): Promise<void> {
    await mkdir(this.dir, { recursive: true, mode: 0o700 });
    const file = join(this.dir, `checkpoint.${process.pid}`);
    await writeFile(file, note, { mode: 0o600 });
    await rename(file, join(this.dir, 'checkpoint'));
  }
}

/** Sees to it that all checkpoints shown, now and in earlier verifications, belong to one ledger that only grew. */
export class CheckpointWatch {
  private readonly seen = new Map<string, Checkpoint>();

  private constructor(
    private readonly client: LedgerClient,
    private readonly trust: TrustStore,
    private readonly known: readonly Buffer[] | undefined,
    private readonly earlier: string | undefined,
  ) {}

  /** @param keys verifier keys that are trusted; without, those that the server names */
  static async start(
    client: LedgerClient,
    trust: TrustStore,
    keys: readonly string[] | undefined,
  ): Promise<CheckpointWatch> {
    const known = keys?.map((key) => parseVerifierKey(key).publicKey);
    return new CheckpointWatch(client, trust, known, await trust.read());
  }

  /** @throws Error if no key that is trusted signed the checkpoint */
  open(note: string, serverKeys: readonly string[]): Checkpoint {
    const before = this.seen.get(note);
    if (before) return before;
    const checkpoint = openCheckpoint(note, this.known ?? serverKeys.map((key) => parseVerifierKey(key).publicKey));
    this.seen.set(note, checkpoint);
    return checkpoint;
  }

  /** Compares all that were opened with each other and the earlier one, and keeps the newest if all is well; else the faults. */
  async finish(): Promise<string[]> {
    const notes = [...this.seen].sort(([, a], [, b]) => a.size - b.size);
    const faults: string[] = [];
    let last = this.earlier === undefined ? undefined : parseCheckpoint(this.earlier);
    for (const [, checkpoint] of notes) {
      if (last) faults.push(...(await this.compare(last, checkpoint)));
      last = checkpoint;
    }
    const newest = notes.at(-1);
    if (newest && faults.length === 0) await this.trust.write(newest[0]);
    return faults;
  }

  private async compare(older: Checkpoint, newer: Checkpoint): Promise<string[]> {
    if (older.origin !== newer.origin) return [`the ledger was ${older.origin} and is ${newer.origin}`];
    if (older.size > newer.size) return [`the ledger had ${older.size} events and has ${newer.size}`];
    if (older.size === newer.size) {
      return older.root.equals(newer.root) ? [] : [`there are two ledgers of ${newer.size} events`];
    }
    if (older.size === 0) return [];
    const proof = await this.client.consistency(older.size, newer.size);
    if (proof && verifyConsistency(older.size, newer.size, older.root, newer.root, proof)) return [];
    return [`the ledger of ${newer.size} events does not continue that of ${older.size}`];
  }
}
