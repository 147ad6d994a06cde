/** What verification may find to be wrong. */
export const FAULT_KINDS = [
  'altered',
  'missing',
  'inserted',
  'reordered',
  'wrong-signature',
  'column-differs',
  'wrong-leaf-hash',
  'wrong-tile',
  'wrong-checkpoint',
  'wrong-manifest',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** What is as it should be, and yet worth knowing. */
export const NOTE_KINDS = ['retention-expired', 'erased', 'unsigned', 'absent'] as const;
export type NoteKind = (typeof NOTE_KINDS)[number];

export interface Finding<K extends string> {
  kind: K;
  /** Where in the ledger; null for what has no one place. */
  leafIndex: number | null;
  /** Null where nobody can know it any more: the ledger itself holds hashes only. */
  eventId: string | null;
  detail: string;
  /** Columns that differ from the envelope. */
  columns?: string[];
  /** Of a retention manifest, an erasure or a tree, whichever the finding is about. */
  reference?: string;
}
export type Fault = Finding<FaultKind>;
export type Note = Finding<NoteKind>;

/** Findings of one sort: all counted, the first thousand of each kind kept. */
export class Findings<K extends string> {
  private readonly totals = new Map<K, number>();
  private readonly kept: Finding<K>[] = [];

  constructor(private readonly keep = 1000) {}

  add(finding: Finding<K>): void {
    if (this.count(finding.kind) < this.keep) this.kept.push(finding);
    this.more(finding.kind, 1);
  }

  /** Counts what is not listed. */
  more(kind: K, count: number): void {
    if (count > 0) this.totals.set(kind, this.count(kind) + count);
  }

  count(kind: K): number {
    return this.totals.get(kind) ?? 0;
  }

  /** How many of a kind can still be listed. */
  room(kind: K): number {
    return Math.max(0, this.keep - this.count(kind));
  }

  get total(): number {
    return [...this.totals.values()].reduce((sum, count) => sum + count, 0);
  }

  view(): FindingsView<K> {
    const listed = this.kept.toSorted((a, b) => (a.leafIndex ?? Infinity) - (b.leafIndex ?? Infinity) || 0);
    return { total: this.total, byKind: Object.fromEntries(this.totals) as Partial<Record<K, number>>, listed };
  }
}

export interface FindingsView<K extends string> {
  total: number;
  byKind: Partial<Record<K, number>>;
  listed: Finding<K>[];
}

/** A retention manifest that explains why events are absent. */
export interface ManifestView {
  id: string;
  retention: string;
  horizon: string;
  leaves: number;
  /** Canonical JSON; these bytes are signed. */
  body: string;
  /** base64 */
  publicKey: string;
  /** base64 */
  signature: string;
}

/** What a verification found. Times as ISO texts. */
export interface VerificationReport {
  format: 'mcp-audit-verification/1';
  tenant: string;
  sound: boolean;
  kind: 'full' | 'incremental';
  /** Leaves whose events were verified: from `from` to before `to`. */
  from: number;
  to: number;
  /** The tree up to which hashes were recomputed. */
  size: number;
  /** The newest checkpoint that was verified; null when nothing is sealed. */
  checkpoint: string | null;
  /** Events whose bytes were hashed again. */
  events: number;
  signatures: number;
  checkpoints: number;
  tiles: number;
  /** Stored events behind the newest checkpoint: they are sealed within seconds. */
  waiting: number;
  faults: FindingsView<FaultKind>;
  notes: FindingsView<NoteKind>;
  manifests: ManifestView[];
  startedAt: string;
  finishedAt: string;
}

export interface VerificationProgress {
  done: number;
  total: number;
}
