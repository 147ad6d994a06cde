import type { RetentionClass } from '../config/config';
import { Condition } from './condition';

const DAY = 86_400_000;

/** A tenant's own decision about one class. */
export interface RetentionPolicy {
  tenant: string;
  retention: RetentionClass;
  /** For events that come in; null: as configured. */
  days: number | null;
  /** For events received before `appliedBefore`; null: they are kept as long as they say themselves. */
  appliedDays: number | null;
  /** ms since the epoch. */
  appliedBefore: number | null;
  changedBy: string;
  changedAt: number;
  version: number;
}

/**
 * The first day on which retention may remove an event, as an expression of type Date: what the event says itself, unless a
 * policy was applied to it. Pure.
 */
export function retentionEnd(policies: readonly RetentionPolicy[], name: string): Condition {
  const params: Record<string, unknown> = {};
  const cases = policies.flatMap((policy, i) => {
    if (policy.appliedDays === null || policy.appliedBefore === null) return [];
    Object.assign(params, {
      [`${name}_class${i}`]: policy.retention,
      [`${name}_before${i}`]: policy.appliedBefore,
      [`${name}_days${i}`]: policy.appliedDays,
    });
    const applies = `retention = {${name}_class${i}:String} AND received_at < fromUnixTimestamp64Milli({${name}_before${i}:Int64}, 'UTC')`;
    // As `retainUntil` of the envelope: days count from the day after receipt.
    const end = `toDate(intDiv(toUnixTimestamp64Milli(received_at) + ${DAY - 1}, ${DAY}) + {${name}_days${i}:UInt32})`;
    return [`${applies}, ${end}`];
  });
  return { sql: cases.length === 0 ? 'retain_until' : `multiIf(${cases.join(', ')}, retain_until)`, params };
}

/** The UTC day of a time, as in 2026-11-23. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
