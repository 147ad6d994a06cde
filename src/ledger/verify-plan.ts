import type { SoundVerification } from './verify-store';

/** What a scheduled verification has to do. */
export interface VerificationPlan {
  /** First leaf whose event is verified; 0 is everything. */
  from: number;
  /** Checkpoints of earlier verifications that the ledger has to continue. */
  checkpoints: string[];
}

/**
 * What to verify now: everything if that was not done for `fullMs`, else what lies behind the leaves that were found sound
 * without a gap. Pure.
 * @param sound verifications without fault, oldest first
 */
export function planVerification(sound: readonly SoundVerification[], now: number, fullMs: number): VerificationPlan {
  const last = sound.at(-1)?.checkpoint ?? '';
  const checkpoints = last === '' ? [] : [last];
  const full = sound.findLastIndex((each) => each.kind === 'full');
  const base = sound[full];
  if (!base || now - base.startedAt >= fullMs) return { from: 0, checkpoints };
  const from = sound.slice(full).reduce((end, each) => (each.first <= end ? Math.max(end, each.size) : end), base.size);
  return { from, checkpoints };
}
