import { join } from 'node:path';
import type { Settings } from './options';
import { MemoryReceipts, ReceiptFiles, ReceiptStore } from './receipts';

const DISK_MAX = 100_000;
const MEMORY_MAX = 10_000;

/** Where receipts are kept on disk; undefined in memory. */
export function receiptDir({ receipts, spool }: Settings): string | undefined {
  const dir = typeof receipts === 'object' ? receipts.dir : undefined;
  return dir ?? (spool ? join(spool.dir, 'receipts') : undefined);
}

/** Undefined if none are wanted. */
export function receiptStore(settings: Settings): ReceiptStore | undefined {
  if (settings.receipts === false) return undefined;
  const max = typeof settings.receipts === 'object' ? settings.receipts.max : undefined;
  const dir = receiptDir(settings);
  return dir === undefined ? new MemoryReceipts(max ?? MEMORY_MAX) : new ReceiptFiles(dir, max ?? DISK_MAX);
}
