import { createHash } from 'node:crypto';
import { VERSION } from '../common/version';
import type { Assessment } from '../compliance/assessment';
import { canonicalize } from '../events/canonical-json';

/** The events of the period as the ledger numbers them. */
export interface Population {
  /** Leaf indices of the first and the last event of the period; null if it has none. */
  first: number | null;
  last: number | null;
  /** Leaves from the first to the last whose events are not stored any more, or never were. */
  missing: number;
  /** Where they are, bounds inclusive; the first ones. */
  gaps: { first: number; last: number }[];
  /** The first checkpoint that covers the last event: a signed note. Null while there is none. */
  checkpoint: { size: number; note: string; signedAt: string } | null;
}

/** What a report says. The same events, period and code give the same content. */
export interface ReportContent {
  format: 'mcp-audit-report/1';
  /** Version of the code that judged. */
  version: string;
  assessment: Assessment;
  population: Population;
}

/** A verification of (part of) the period's leaves. */
export interface VerifiedRange {
  id: string;
  kind: 'incremental' | 'full';
  /** Leaves whose events were hashed again; `end` is behind the last. */
  first: number;
  end: number;
  faults: number;
  finishedAt: string;
}

/** What depends on when and by whom the report was made; no part of the content's hash. */
export interface Circumstances {
  reportId: string;
  /** UTC, ISO 8601. */
  generatedAt: string;
  /** `apikey:…` or `schedule:…`. */
  generatedBy: string;
  /** Newest first: as many as cover the period, or all there are. */
  verifications: VerifiedRange[];
  /** How people reach the system, for links. */
  publicUrl: string | null;
}

export interface Report {
  content: ReportContent;
  /** SHA-256 of the content's canonical JSON (RFC 8785), hex. */
  contentHash: string;
  circumstances: Circumstances;
}

export function buildReport(assessment: Assessment, population: Population, circumstances: Circumstances): Report {
  const content: ReportContent = { format: 'mcp-audit-report/1', version: VERSION, assessment, population };
  return { content, contentHash: contentHash(content), circumstances };
}

export function contentHash(content: ReportContent): string {
  return createHash('sha256').update(canonicalize(content)).digest('hex');
}

/** Gaps listed; all are counted. */
export const GAPS_SHOWN = 20;

export type Integrity = 'sound' | 'faults' | 'partly_verified' | 'not_verified' | 'no_events';

/** What verification has found about the period. Pure. */
export function integrityOf(population: Population, verifications: readonly VerifiedRange[]): Integrity {
  const { first, last } = population;
  if (first === null || last === null) return 'no_events';
  const touching = verifications.filter((v) => v.first <= last && v.end > first);
  if (touching.some((v) => v.faults > 0)) return 'faults';
  if (touching.length === 0) return 'not_verified';
  return covers(touching, first, last) ? 'sound' : 'partly_verified';
}

/** Of verifications, newest first, those that it takes to cover the leaves; all if they do not. */
export function coveringVerifications(
  verifications: readonly VerifiedRange[],
  { first, last }: Pick<Population, 'first' | 'last'>,
): VerifiedRange[] {
  if (first === null || last === null) return [];
  const taken: VerifiedRange[] = [];
  for (const each of verifications) {
    if (each.first > last || each.end <= first) continue;
    taken.push(each);
    if (covers(taken, first, last)) break;
  }
  return taken;
}

function covers(ranges: readonly VerifiedRange[], first: number, last: number): boolean {
  let next = first;
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    if (range.first > next) return false;
    next = Math.max(next, range.end);
  }
  return next > last;
}
