import type { EventTypeName } from '../events/event-types';
import type { Words } from './assessment';
import type { EvidenceFilter } from './check';
import type { CheckId } from './checks';

/** Events whose mere presence shows something. */
export interface EvidenceQuery {
  id: string;
  title: Words;
  filter: EvidenceFilter;
  /** True where a period may well have none of them, though all is in order: nobody withdrew a consent. */
  mayLack?: boolean;
}

/**
 * One demand of a regulation and what speaks for or against it. A control is data: `judge` makes its status of what was
 * counted, by the same rules for all of them.
 */
export interface Control {
  /** Stable: `gdpr-art-7-3`. */
  id: string;
  /** The place in the law: `Art. 7(3)`. */
  article: string;
  title: Words;
  /** What the law demands, in plain words. */
  demand: Words;
  evidence: readonly EvidenceQuery[];
  /** Checks whose cases have to be there, or the control is not shown. */
  checks: readonly CheckId[];
  /** Checks that may have had no case. */
  watches?: readonly CheckId[];
  /** What somebody has to attest, since no event can show it. Without it, events are enough. */
  attest?: Words;
}

/** Events of some types; the first of them names the evidence. */
export function seen(en: string, pt: string, first: EventTypeName, ...others: EventTypeName[]): EvidenceQuery {
  const id = first.toLowerCase().replaceAll('_', '-');
  return { id, title: { en, pt }, filter: { eventType: [first, ...others] } };
}

/** The same where a period may lack them. */
export function perhaps(en: string, pt: string, first: EventTypeName, ...others: EventTypeName[]): EvidenceQuery {
  return { ...seen(en, pt, first, ...others), mayLack: true };
}
