import { AppError } from '../common/app-error';
import { Checkpoint, openCheckpoint } from './checkpoint';
import type { CheckpointRow } from './verify-store';

/** A checkpoint that has to agree with the ledger, and where it comes from. */
export interface Anchor extends Checkpoint {
  source: string;
}

export interface CheckpointTrust {
  tenant: string;
  /** Public keys that sign or signed. */
  publicKeys: readonly Buffer[];
}

/** @throws AppError if none of the keys signed it for this tenant's ledger */
export function openFor({ tenant, publicKeys }: CheckpointTrust, note: string): Checkpoint {
  const checkpoint = openCheckpoint(note, publicKeys);
  if (checkpoint.origin.endsWith(`/${tenant}`)) return checkpoint;
  throw new AppError(
    'CHECKPOINT_FOREIGN',
    422,
    `the checkpoint is that of ${checkpoint.origin}, not of the ledger of ${tenant}`,
  );
}

/** What is wrong with a stored checkpoint taken by itself, or what it says. Pure. */
export function readStored(trust: CheckpointTrust, row: CheckpointRow): Checkpoint | string {
  try {
    const checkpoint = openFor(trust, row.note);
    const { size, root, time } = checkpoint;
    return size === row.size && root.toString('hex') === row.root && (time === undefined || time === row.signedAt)
      ? checkpoint
      : 'its columns differ from its note';
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}
