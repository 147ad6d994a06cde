import type { StoredCheckpoint } from './ledger-store';
import type { Round } from './sealer';

/** Tenants in one round. */
const MAX_TENANTS = 200;
/** A ledger with an alarm is looked at again after this time, ms. */
const HALT_MS = 60_000;
/** A leaf whose batch is committed may be invisible for this long (a replica that lags), ms. */
const GAP_MS = 60_000;

export interface Work {
  tenants: string[];
  /** Of these, the ones that are signed anew even without anything new. */
  renew: Set<string>;
  /** Whether more tenants wait than one round takes. */
  more: boolean;
}

/** What is to be sealed, since when, and what cannot be. Times are ms since the epoch. Pure. */
export class SealingAgenda {
  /** Tenants with something to seal, and since when. */
  private readonly pending = new Map<string, number>();
  private readonly working = new Map<string, number | undefined>();
  private readonly newest = new Map<string, { size: number; signedAt: number }>();
  private readonly stopped = new Map<string, { reason: string; until: number }>();
  private readonly gaps = new Map<string, { leaf: number; since: number }>();

  /** @param heartbeatMs age at which a checkpoint is renewed; 0 is never */
  constructor(private readonly heartbeatMs: number) {}

  landed(tenant: string, now: number): void {
    if (!this.pending.has(tenant) && !this.stopped.has(tenant)) this.pending.set(tenant, now);
  }

  /** Tells of a checkpoint that others signed. */
  known({ tenant, size, signedAt }: StoredCheckpoint): void {
    this.newest.set(tenant, { size, signedAt });
  }

  sizeOf(tenant: string): number {
    return this.newest.get(tenant)?.size ?? 0;
  }

  get isEmpty(): boolean {
    return this.pending.size === 0;
  }

  /** Another worker leads. */
  leave(): void {
    this.pending.clear();
    this.gaps.clear();
    this.stopped.clear();
  }

  /** What the next round does; `finish` or `fail` says how it went. */
  begin(now: number): Work {
    const renew = new Set<string>();
    for (const [tenant, { signedAt }] of this.newest) {
      if (this.heartbeatMs > 0 && now - signedAt >= this.heartbeatMs && !this.stopped.has(tenant)) renew.add(tenant);
    }
    const retried = [...this.stopped].filter(([, { until }]) => until <= now).map(([tenant]) => tenant);
    const all = [...new Set([...this.pending.keys(), ...renew, ...retried])];
    const tenants = all.slice(0, MAX_TENANTS);
    for (const tenant of tenants) {
      this.working.set(tenant, this.pending.get(tenant));
      this.pending.delete(tenant);
    }
    return { tenants, renew, more: tenants.length < all.length };
  }

  /** Returns how long what was sealed had waited (ms), and the ledgers that are stopped for a reason not known before. */
  finish(round: Round, now: number): { waited: number[]; stopped: { tenant: string; reason: string }[] } {
    const waited: number[] = [];
    for (const checkpoint of round.checkpoints) {
      const since = this.working.get(checkpoint.tenant);
      if (since !== undefined) waited.push(now - since);
      this.known(checkpoint);
    }
    const reasons = new Map([...this.overdue(round.missing, now), ...round.alarms]);
    const stopped: { tenant: string; reason: string }[] = [];
    for (const tenant of this.working.keys()) {
      const reason = reasons.get(tenant);
      if (reason === undefined) this.stopped.delete(tenant);
      else {
        if (this.stopped.get(tenant)?.reason !== reason) stopped.push({ tenant, reason });
        this.stopped.set(tenant, { reason, until: now + HALT_MS });
        this.pending.delete(tenant);
      }
    }
    for (const tenant of round.unfinished) this.pending.set(tenant, this.working.get(tenant) ?? now);
    this.working.clear();
    return { waited, stopped };
  }

  /** The round came to nothing: all of it is to be done again. */
  fail(now: number): void {
    for (const [tenant, since] of this.working) this.pending.set(tenant, since ?? now);
    this.working.clear();
  }

  state(now: number): { lagMs: number; sealed: number; halted: Record<string, string> } {
    const since = [
      ...this.pending.values(),
      ...this.working.values(),
      ...[...this.gaps.values()].map((gap) => gap.since),
    ];
    const oldest = since.reduce<number>((min, at) => Math.min(min, at ?? now), now);
    return {
      lagMs: now - oldest,
      sealed: [...this.newest.values()].reduce((sum, { size }) => sum + size, 0),
      halted: Object.fromEntries([...this.stopped].map(([tenant, { reason }]) => [tenant, reason])),
    };
  }

  /** Committed leaves that have been missing for too long. */
  private *overdue(missing: ReadonlyMap<string, number>, now: number): Generator<[string, string]> {
    for (const tenant of this.working.keys()) {
      const leaf = missing.get(tenant);
      const before = this.gaps.get(tenant);
      if (leaf === undefined) this.gaps.delete(tenant);
      else if (before?.leaf !== leaf) this.gaps.set(tenant, { leaf, since: now });
      else if (now - before.since >= GAP_MS)
        yield [tenant, `leaf ${leaf} was committed, but no event is stored for it`];
    }
  }
}
