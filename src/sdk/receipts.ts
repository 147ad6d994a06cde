import { appendFile, mkdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { uuidFromBytes, uuidToBytes } from '../events/uuid';

/** The server's word that it holds an event. */
export interface Receipt {
  /** Id of the event. */
  id: string;
  /** Leaf hash of the event in the ledger, hex. */
  leafHash: string;
  /** When the answer came, ms since the epoch. */
  at: number;
  /**
   * Whether an earlier attempt ended without an answer. The event may then have been stored by that attempt, with another time of
   * receipt and so another hash, and a difference proves nothing.
   */
  unsure: boolean;
}

/** id (16) · leaf hash (32) · time (6) · flags (1) · a byte that marks a whole record (1) */
const RECORD_BYTES = 56;
const UNSURE = 1;
const WHOLE = 0xa5;

export function encodeReceipt({ id, leafHash, at, unsure }: Receipt): Buffer {
  const record = Buffer.alloc(RECORD_BYTES);
  uuidToBytes(id).copy(record, 0);
  record.write(leafHash, 16, 32, 'hex');
  record.writeUIntBE(at, 48, 6);
  record[54] = unsure ? UNSURE : 0;
  record[55] = WHOLE;
  return record;
}

/** The whole records; what a crash tore is left out. */
export function decodeReceipts(bytes: Buffer): Receipt[] {
  const receipts: Receipt[] = [];
  for (let at = 0; at + RECORD_BYTES <= bytes.length;) {
    if (bytes[at + 55] !== WHOLE) {
      at += 1;
      continue;
    }
    receipts.push({
      id: uuidFromBytes(bytes.subarray(at, at + 16)),
      leafHash: bytes.toString('hex', at + 16, at + 48),
      at: bytes.readUIntBE(at + 48, 6),
      unsure: (bytes[at + 54] ?? 0) !== 0,
    });
    at += RECORD_BYTES;
  }
  return receipts;
}

/** Receipts, the newest `max` at least; `list` begins with the newest. Of one event the first receipt counts. */
export interface ReceiptStore {
  append(receipts: readonly Receipt[]): Promise<void>;
  list(): Promise<Receipt[]>;
}

export class MemoryReceipts implements ReceiptStore {
  private receipts: Receipt[] = [];

  constructor(private readonly max: number) {}

  append(receipts: readonly Receipt[]): Promise<void> {
    this.receipts.push(...receipts);
    if (this.receipts.length > 2 * this.max) this.receipts = this.receipts.slice(-this.max);
    return Promise.resolve();
  }

  list(): Promise<Receipt[]> {
    return Promise.resolve(newestFirst(this.receipts));
  }
}

/** Two files that take turns: the older is given up when the newer holds `max`. Several processes may append to them. */
export class ReceiptFiles implements ReceiptStore {
  private readonly current: string;
  private readonly previous: string;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly dir: string,
    private readonly max: number,
  ) {
    this.current = join(dir, 'receipts');
    this.previous = join(dir, 'receipts.1');
  }

  append(receipts: readonly Receipt[]): Promise<void> {
    if (receipts.length === 0) return Promise.resolve();
    const bytes = Buffer.concat(receipts.map(encodeReceipt));
    const work = this.writing.then(() => this.write(bytes));
    this.writing = work.catch(() => undefined);
    return work;
  }

  async list(): Promise<Receipt[]> {
    await this.writing;
    const files = await Promise.all([this.previous, this.current].map((file) => bytesOf(file)));
    return newestFirst(files.flatMap(decodeReceipts));
  }

  private async write(bytes: Buffer): Promise<void> {
    await mkdir(this.dir, { recursive: true, mode: 0o700 });
    const size = await stat(this.current).then(
      (s) => s.size,
      () => 0,
    );
    if (size >= this.max * RECORD_BYTES) await rename(this.current, this.previous);
    // One write in append mode, so that those of several processes do not mix.
    await appendFile(this.current, bytes, { mode: 0o600 });
  }
}

async function bytesOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/** A repeat that the server knew no more gave another receipt than the first, which is the one that holds. */
function newestFirst(receipts: readonly Receipt[]): Receipt[] {
  const first = new Map<string, Receipt>();
  for (const receipt of receipts) if (!first.has(receipt.id)) first.set(receipt.id, receipt);
  return [...first.values()].reverse();
}
