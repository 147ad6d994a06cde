/** A stretch of time, ms since the epoch. */
export interface Span {
  from: number;
  to: number;
}

const MINUTE = 60_000;
export const RANGES = {
  '15m': 15 * MINUTE,
  '1h': 60 * MINUTE,
  '24h': 1440 * MINUTE,
  '7d': 7 * 1440 * MINUTE,
  '30d': 30 * 1440 * MINUTE,
  '90d': 90 * 1440 * MINUTE,
} as const;
export type RangeName = keyof typeof RANGES;

export const isRange = (name: string | undefined): name is RangeName => name !== undefined && name in RANGES;

/** The span that the address names: from and to, or a range up to `now`, or else the usual one. */
export function spanOf(query: Record<string, string | undefined>, usual: RangeName, now: number): Span {
  const [from, to] = [Date.parse(query.from ?? ''), Date.parse(query.to ?? '')];
  if (!Number.isNaN(from)) return { from, to: Number.isNaN(to) ? now : to };
  return { from: now - RANGES[isRange(query.range) ? query.range : usual], to: now };
}

/** As queries of the API take it. */
export const asQuery = ({ from, to }: Span) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });
