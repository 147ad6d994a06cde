import { SEVERITIES, Severity } from '../events/event-types';
import { AuditError } from './errors';

export interface Drops {
  total: number;
  bySeverity: Partial<Record<Severity, number>>;
  /** Times of the first and the last, ms since the epoch. */
  since: number;
  until: number;
}

/** How often `onError` is told, ms. */
const TELL_EVERY_MS = 1000;

/** Counts events that had to go, until they are reported. */
export class DropTally {
  private drops: Drops | undefined;
  private toldAt = -Infinity;
  /** All of this process, also those reported. */
  total = 0;

  constructor(private readonly onError: (error: AuditError) => void) {}

  add(severity: Severity, events: number): void {
    if (events === 0) return;
    const now = Date.now();
    this.total += events;
    this.drops ??= { total: 0, bySeverity: {}, since: now, until: now };
    this.drops.total += events;
    this.drops.bySeverity[severity] = (this.drops.bySeverity[severity] ?? 0) + events;
    this.drops.until = now;
    if (now >= this.toldAt + TELL_EVERY_MS) this.tell();
  }

  /** Tells `onError` of those that were not taken yet. */
  tell(): void {
    if (!this.drops) return;
    this.toldAt = Date.now();
    this.onError(new AuditError('DROPPED', describeDrops(this.drops), { events: this.drops.total }));
  }

  /** What came together since it was taken last. */
  take(): Drops | undefined {
    const { drops } = this;
    this.drops = undefined;
    return drops;
  }
}

/** Drops in words, the most severe first. */
export function describeDrops({ total, bySeverity }: Drops): string {
  const parts = SEVERITIES.toReversed().flatMap((severity) => {
    const count = bySeverity[severity];
    return count === undefined ? [] : [`${count} ${severity}`];
  });
  return `${total} audit events were dropped for want of room (${parts.join(', ')})`;
}
