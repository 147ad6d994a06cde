import { FileHandle, open, readFile, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { SEVERITIES } from '../events/event-types';
import type { Batch } from './batch';
import {
  decodeRecord,
  encodeRecord,
  FileKey,
  findRecords,
  HEADER_BYTES,
  newFile,
  openFile,
  RecordPlace,
} from './spool-format';

/** A batch in a file. */
export interface Entry extends RecordPlace {
  /** It is being sent. */
  taken: boolean;
  settled: boolean;
  unsure: boolean;
}

/** One file of the spool, with batches of one severity. */
export class SpoolFile {
  private constructor(
    readonly path: string,
    readonly rank: number,
    private readonly fileKey: FileKey,
    readonly entries: Entry[],
    public size: number,
    /** Open while records are appended. */
    private handle: FileHandle | undefined,
  ) {}

  /** @throws Error if the disk refuses it; then there is no file */
  static async create(path: string, rank: number, secret: string, sync: boolean): Promise<SpoolFile> {
    const { header, fileKey } = newFile(secret);
    const handle = await open(path, 'wx', 0o600);
    const file = new SpoolFile(path, rank, fileKey, [], HEADER_BYTES, handle);
    try {
      await writeWhole(handle, header, 0);
      if (sync) await syncDirectory(dirname(path));
    } catch (error) {
      await file.remove();
      throw error;
    }
    return file;
  }

  /** What a process that died has left; `unreadable` if none of the secrets opens it. */
  static async load(
    path: string,
    rank: number,
    secrets: readonly string[],
  ): Promise<SpoolFile | 'empty' | 'unreadable'> {
    const content = await readFile(path);
    const { records, end } = findRecords(content);
    const fileKey = openFile(content.subarray(0, HEADER_BYTES), secrets);
    if (!fileKey) return content.length > HEADER_BYTES ? 'unreadable' : 'empty';
    if (records.length === 0) return 'empty';
    // The process that died may have sent any of them.
    const entries = records.map((record) => ({ ...record, taken: false, settled: false, unsure: true }));
    return new SpoolFile(path, rank, fileKey, entries, end, undefined);
  }

  get name(): string {
    return basename(this.path);
  }

  get writable(): boolean {
    return this.handle !== undefined;
  }

  get busy(): boolean {
    return this.entries.some((entry) => entry.taken && !entry.settled);
  }

  /** Resolves when the batch is on disk. After an error nothing more can be appended. */
  async append(batch: Batch, sync: boolean): Promise<Entry> {
    const { handle } = this;
    if (!handle) throw new Error(`${this.name} is closed`);
    const record = encodeRecord(this.fileKey, this.size, batch.id, batch.count, batch.body);
    try {
      await writeWhole(handle, record, this.size);
      if (sync) await handle.datasync();
    } catch (error) {
      // Half a record hides all that would stand behind it.
      await this.close();
      throw error;
    }
    const place = { id: batch.id, count: batch.count, offset: this.size, length: record.length };
    const entry = { ...place, taken: false, settled: false, unsure: batch.unsure };
    this.entries.push(entry);
    this.size += record.length;
    return entry;
  }

  /** @throws Error if the file is gone (`ENOENT`) or the record is damaged */
  async read(entry: Entry): Promise<Batch> {
    const record = Buffer.alloc(entry.length);
    const handle = await open(this.path, 'r');
    try {
      await handle.read(record, 0, entry.length, entry.offset);
    } finally {
      await handle.close();
    }
    const { id, count, unsure } = entry;
    const body = decodeRecord(this.fileKey, entry.offset, record);
    return { id, severity: SEVERITIES[this.rank] ?? 'info', count, body, waiters: [], unsure };
  }

  async close(): Promise<void> {
    const { handle } = this;
    this.handle = undefined;
    await handle?.close();
  }

  async remove(): Promise<void> {
    await this.close();
    await unlink(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}

async function writeWhole(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
