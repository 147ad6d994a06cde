import type { EventItem } from '../../../../search/event-item';

/** The most rows that are kept; older ones can be found by the search. */
const MOST = 2000;

/** What the live view holds: rows shown, newest first, and what came during a pause. */
export interface Recent {
  rows: readonly EventItem[];
  held: readonly EventItem[];
  paused: boolean;
}

export const NOTHING: Recent = { rows: [], held: [], paused: false };

/** Takes events in the order of the ledger; what is already there is passed over. */
export function taken(recent: Recent, events: readonly EventItem[]): Recent {
  const known = new Set([...recent.rows, ...recent.held].map(({ leafIndex }) => leafIndex));
  const fresh = events.filter(({ leafIndex }) => !known.has(leafIndex)).sort((a, b) => b.leafIndex - a.leafIndex);
  return recent.paused
    ? { ...recent, held: [...fresh, ...recent.held].slice(0, MOST) }
    : { ...recent, rows: [...fresh, ...recent.rows].slice(0, MOST) };
}

/** Stops or goes on; what was held back is shown at once. */
export function paused(recent: Recent, on: boolean): Recent {
  if (on) return { ...recent, paused: true };
  return { rows: [...recent.held, ...recent.rows].slice(0, MOST), held: [], paused: false };
}

/** How many of the rows were received at `since`, ms, or later. */
export const receivedSince = ({ rows, held }: Recent, since: number): number =>
  [...held, ...rows].filter(({ receivedAt }) => Date.parse(receivedAt) >= since).length;
