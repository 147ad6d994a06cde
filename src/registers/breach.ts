import { Deadline, gdprBreach, isOverdue, lgpdBreach } from '../compliance/deadlines';
import type { JsonObject } from '../events/canonical-json';
import { Case, CaseKind, CaseStep, textOf } from './cases';
import { Law, LAWS, zoneOf } from './request';

export const BREACH_STATES = ['open', 'closed'] as const;
export type BreachState = (typeof BREACH_STATES)[number];

export const TOLD = ['authority', 'subjects'] as const;
/** Who has to be told of a breach. */
export type Told = (typeof TOLD)[number];

/** How grave the breach is for the persons; below `risk` nobody has to be told, subjects only from `high` on (GDPR). */
export const RISKS = ['none', 'risk', 'high'] as const;
export type Risk = (typeof RISKS)[number];

/**
 * - `running`: nobody was told yet, and there is time;
 * - `kept`: told in time; `late`: told, but too late; `missed`: not told, and the time is over;
 * - `not_required`: the risk does not ask for it.
 */
export const CLOCK_STATES = ['running', 'kept', 'late', 'missed', 'not_required'] as const;
export type ClockState = (typeof CLOCK_STATES)[number];

/** One duty to tell somebody of a breach. */
export interface BreachClock {
  law: Law;
  to: Told;
  /** None where the law says "without undue delay" (Art. 34 GDPR). */
  due: Deadline | null;
  toldAt: number | null;
  state: ClockState;
}

export interface BreachStep extends CaseStep {
  move: 'opened' | 'updated' | 'notified' | 'closed';
}

/** An incident with personal data, as the log tells it. Times in ms since the epoch. */
export interface Breach {
  id: string;
  title: string;
  state: BreachState;
  openedAt: number;
  /** When the controller became aware of it: the clocks run from here. */
  awareAt: number;
  closedAt: number | null;
  laws: Law[];
  risk: Risk;
  /** What was last said of nature, consequences, measures and contact. */
  facts: Record<BreachFact, string | null>;
  /** The filter that chooses the events of affected data, as it was recorded; null if none was given. */
  affected: JsonObject | null;
  clocks: BreachClock[];
  steps: BreachStep[];
}

export const BREACH_FACTS = ['nature', 'consequences', 'measures', 'contact'] as const;
export type BreachFact = (typeof BREACH_FACTS)[number];

/** The events that make a breach. */
export const BREACH_CASES: CaseKind = {
  opening: ['DATA_BREACH_DETECTED'],
  following: ['DATA_BREACH_UPDATED', 'DATA_BREACH_NOTIFIED', 'DATA_BREACH_CLOSED'],
  idField: 'breachId',
  resourceType: 'breach',
};

const MOVES: Record<string, BreachStep['move']> = {
  DATA_BREACH_DETECTED: 'opened',
  DATA_BREACH_UPDATED: 'updated',
  DATA_BREACH_NOTIFIED: 'notified',
  DATA_BREACH_CLOSED: 'closed',
};

/**
 * What became of a breach. Later statements replace earlier ones, member by member; of notifications the first of each kind counts.
 * @param zone IANA zone in which days are counted; that of the law if absent
 * @param now as of when the clocks are read, ms
 */
export function foldBreach(found: Case, zone: string | undefined, now: number): Breach {
  const steps = found.steps.map((step): BreachStep => ({ ...step, move: MOVES[step.eventType] ?? 'updated' }));
  const said: JsonObject = Object.assign({}, ...steps.map(({ details }) => details)) as JsonObject;
  const opening = steps.find(({ move }) => move === 'opened');
  const awareAt = timeOf(said['awareAt']) ?? opening?.at ?? found.openedAt;
  const laws = lawsOf(said['laws']);
  const risk = RISKS.find((each) => each === said['risk']) ?? 'risk';
  const closedAt = steps.find(({ move }) => move === 'closed')?.at ?? null;
  const clocks = laws.flatMap((law) => TOLD.map((to) => clockOf(law, to, { awareAt, risk, zone, now, steps })));
  const affected = said['affected'];
  return {
    ...{ id: found.id, openedAt: found.openedAt, awareAt, closedAt, laws, risk, clocks, steps },
    state: closedAt === null ? 'open' : 'closed',
    title: textOf(said, 'title') ?? opening?.description ?? '',
    facts: Object.fromEntries(BREACH_FACTS.map((name) => [name, textOf(said, name) ?? null])) as Breach['facts'],
    affected: typeof affected === 'object' && affected !== null && !Array.isArray(affected) ? affected : null,
  };
}

interface ClockFacts {
  awareAt: number;
  risk: Risk;
  zone: string | undefined;
  now: number;
  steps: readonly BreachStep[];
}

function clockOf(law: Law, to: Told, { awareAt, risk, zone, now, steps }: ClockFacts): BreachClock {
  const toldAt = steps.find((step) => step.move === 'notified' && isAbout(step.details, law, to))?.at ?? null;
  const due = dueOf(law, to, awareAt, zone);
  const isAsked = risk === 'high' || (risk === 'risk' && (law === 'lgpd' || to === 'authority'));
  return { law, to, due, toldAt, state: stateOf() };

  function stateOf(): ClockState {
    const late = due !== null && isOverdue(due, now, toldAt);
    if (toldAt !== null) return late ? 'late' : 'kept';
    if (!isAsked) return 'not_required';
    return late ? 'missed' : 'running';
  }
}

/** The LGPD knows one deadline for authority and subjects; the GDPR none in hours for subjects. */
function dueOf(law: Law, to: Told, awareAt: number, zone: string | undefined): Deadline | null {
  if (law === 'lgpd') return lgpdBreach(awareAt, zoneOf(law, zone));
  return to === 'authority' ? gdprBreach(awareAt, zoneOf(law, zone)) : null;
}

/** A notification that names no law, or nobody told, is one under every law, or to the authority. */
function isAbout(details: JsonObject, law: Law, to: Told): boolean {
  const laws = lawsOf(details['law'] ?? details['laws']);
  return laws.includes(law) && (textOf(details, 'to') ?? 'authority') === to;
}

/** `gdpr`, `GDPR`, or several in a list; all if nothing is said. */
function lawsOf(value: unknown): Law[] {
  const named = (Array.isArray(value) ? value : [value]).map((each) => String(each).toLowerCase());
  const laws = LAWS.filter((law) => named.includes(law));
  return laws.length > 0 ? laws : [...LAWS];
}

function timeOf(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
