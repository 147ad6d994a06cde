import { rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SEVERITIES, Severity } from '../events/event-types';
import { Batch, SEVERITY_RANKS } from './batch';
import { AuditError, reasonOf } from './errors';
import { DEFAULT_SPOOL_BYTES, SpoolOptions } from './options';
import { Entry, SpoolFile } from './spool-file';
import { HEADER_BYTES } from './spool-format';
import { SpoolOwner } from './spool-owner';

export interface SpoolHooks {
  /** Events that had to go, since there was no room or since they cannot be read. */
  onDropped: (severity: Severity, events: number) => void;
  /** Batches that are not here any more and were not settled: dropped, or taken over by another process. */
  onGone: (ids: string[]) => void;
  onError: (error: AuditError) => void;
}

/** `<rank of severity>-<time>-<number>.spool` */
const NAME = /^([0-4])-\d{14}-\d{8}\.spool$/;
const LARGEST_FILE = 1024 * 1024;
/** What a record takes beside the body of its batch, at most. */
const RECORD_OVERHEAD = 64;

/**
 * Batches on disk, encrypted, until they are settled. `put` resolves when a batch is there for good. Each file holds batches of
 * one severity, so that what has to go when there is no room are files: the oldest of the least severe.
 */
export class Spool {
  private readonly lanes: SpoolFile[][] = SEVERITIES.map(() => []);
  private readonly places = new Map<string, { file: SpoolFile; entry: Entry }>();
  private readonly maxBytes: number;
  private readonly sync: boolean;
  /** Writes and removals, one after another. */
  private work: Promise<unknown> = Promise.resolve();
  private serial = 0;
  bytes = 0;

  private constructor(
    private readonly owner: SpoolOwner,
    private readonly secrets: readonly string[],
    private readonly options: SpoolOptions,
    private readonly hooks: SpoolHooks,
  ) {
    this.maxBytes = options.maxBytes ?? DEFAULT_SPOOL_BYTES;
    this.sync = options.sync !== false;
  }

  /** Takes over what processes that died have left. @throws Error if the directory cannot be used */
  static async open(options: SpoolOptions, apiKey: string, hooks: SpoolHooks): Promise<Spool> {
    const owner = await SpoolOwner.claim(options.dir);
    const secrets = [...new Set([options.key ?? apiKey, apiKey, ...(options.oldKeys ?? [])])];
    const spool = new Spool(owner, secrets, options, hooks);
    await spool.adopt();
    return spool;
  }

  /** Takes over what the dead have left; returns the ids of the batches. */
  async adopt(): Promise<string[]> {
    const names = await this.owner.adopt((name) => {
      const rank = NAME.exec(name)?.[1];
      return rank === undefined ? undefined : this.nextName(Number(rank));
    });
    const ids: string[] = [];
    for (const name of names) ids.push(...(await this.load(name)));
    return ids;
  }

  has(id: string): boolean {
    return this.places.has(id);
  }

  /** Ids of all batches that wait. */
  waiting(): string[] {
    return [...this.places.keys()];
  }

  /**
   * Resolves when the batch is on disk; false if there is no room for it.
   * @throws Error if the disk refuses it
   */
  put(batch: Batch): Promise<boolean> {
    return this.inTurn(() => this.append(batch));
  }

  /** The next batch to send: the most severe first, of those the oldest. It is taken until released or settled. */
  async take(): Promise<Batch | undefined> {
    for (;;) {
      const next = this.next();
      if (!next) return undefined;
      next.entry.taken = true;
      const batch = await this.read(next.file, next.entry);
      if (batch) return batch;
    }
  }

  release(batch: Batch): void {
    const place = this.places.get(batch.id);
    if (!place) return;
    place.entry.taken = false;
    place.entry.unsure = batch.unsure;
  }

  /** The batch need not be kept any more. A crash before its file is gone makes it come again, which does no harm. */
  async settle(id: string): Promise<void> {
    const place = this.places.get(id);
    if (!place) return;
    place.entry.settled = true;
    this.places.delete(id);
    await this.inTurn(async () => {
      if (place.file.entries.every((entry) => entry.settled)) await this.remove(place.file);
    });
  }

  async close(): Promise<void> {
    await this.work;
    for (const file of this.lanes.flat()) await file.close();
    await this.owner.release();
  }

  private inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.work.then(step);
    this.work = done.catch(() => undefined);
    return done;
  }

  private next(): { file: SpoolFile; entry: Entry } | undefined {
    for (const lane of this.lanes.toReversed()) {
      for (const file of lane) {
        const entry = file.entries.find(({ taken, settled }) => !taken && !settled);
        if (entry) return { file, entry };
      }
    }
    return undefined;
  }

  private async append(batch: Batch): Promise<boolean> {
    const rank = SEVERITY_RANKS[batch.severity];
    const bytes = batch.body.length + RECORD_OVERHEAD;
    if (!(await this.makeRoom(bytes + HEADER_BYTES, rank))) return false;
    const file = await this.fileFor(rank, bytes);
    let entry: Entry;
    try {
      entry = await file.append(batch, this.sync);
    } catch (error) {
      if (file.entries.length === 0) await this.remove(file);
      throw error;
    }
    this.bytes += entry.length;
    if (!(await this.owner.holds(file.name))) {
      // This process was taken for dead while it stood still, and the file may have been read before the record came.
      file.entries.pop();
      await this.forget(file);
      await this.owner.renew();
      throw new Error('it was taken over by another process');
    }
    this.places.set(batch.id, { file, entry });
    return true;
  }

  private async fileFor(rank: number, bytes: number): Promise<SpoolFile> {
    const current = this.lanes[rank]?.at(-1);
    if (current?.writable) {
      if (current.size + bytes <= Math.min(LARGEST_FILE, this.maxBytes / 32)) return current;
      await current.close();
    }
    const path = join(this.owner.dir, this.nextName(rank));
    const file = await SpoolFile.create(path, rank, this.secrets[0] ?? '', this.sync);
    this.lanes[rank]?.push(file);
    this.bytes += file.size;
    return file;
  }

  /** Drops files until there is room; false if all that is left is more severe, or being sent. */
  private async makeRoom(bytes: number, rank: number): Promise<boolean> {
    while (this.bytes + bytes > this.maxBytes) {
      const candidates = this.lanes.slice(0, rank + 1).flat();
      const victim = candidates.find((file) => !file.busy);
      if (!victim) return false;
      const events = victim.entries.reduce((sum, entry) => sum + (entry.settled ? 0 : entry.count), 0);
      await this.remove(victim);
      this.hooks.onDropped(SEVERITIES[victim.rank] ?? 'info', events);
    }
    return true;
  }

  private async read(file: SpoolFile, entry: Entry): Promise<Batch | undefined> {
    try {
      return await file.read(entry);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        await this.forget(file);
        return undefined;
      }
      const message = `a spooled batch cannot be read: ${reasonOf(error)}`;
      this.hooks.onError(new AuditError('SPOOL_FAILED', message, { cause: error, events: entry.count }));
      this.hooks.onDropped(SEVERITIES[file.rank] ?? 'info', entry.count);
      await this.settle(entry.id);
      this.hooks.onGone([entry.id]);
      return undefined;
    }
  }

  /** Reads what a file holds. One that no key opens stays, under a name that nobody takes up. */
  private async load(name: string): Promise<string[]> {
    const path = join(this.owner.dir, name);
    const file = await SpoolFile.load(path, Number(NAME.exec(name)?.[1] ?? 0), this.secrets);
    if (file === 'empty') {
      await unlink(path);
      return [];
    }
    if (file === 'unreadable') {
      await rename(path, join(this.options.dir, `${name}.unreadable`));
      const fix =
        'give its key in spool.oldKeys, and move the file back to its name in a directory p1-000000000000 beside it';
      this.hooks.onError(new AuditError('SPOOL_FAILED', `${name}.unreadable was written with another key; ${fix}`));
      return [];
    }
    this.lanes[file.rank]?.push(file);
    this.bytes += file.size;
    for (const entry of file.entries) this.places.set(entry.id, { file, entry });
    return file.entries.map((entry) => entry.id);
  }

  private async remove(file: SpoolFile): Promise<void> {
    await file.remove();
    await this.forget(file);
  }

  private async forget(file: SpoolFile): Promise<void> {
    const lane = this.lanes[file.rank];
    const at = lane?.indexOf(file) ?? -1;
    if (at < 0) return;
    lane?.splice(at, 1);
    this.bytes -= file.size;
    await file.close();
    const gone = file.entries.filter((entry) => !entry.settled).map((entry) => entry.id);
    for (const id of gone) this.places.delete(id);
    if (gone.length > 0) this.hooks.onGone(gone);
  }

  private nextName(rank: number): string {
    this.serial += 1;
    return `${rank}-${String(Date.now()).padStart(14, '0')}-${String(this.serial).padStart(8, '0')}.spool`;
  }
}
