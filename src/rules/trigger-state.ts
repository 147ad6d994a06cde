import { createHash } from 'node:crypto';
import { z } from 'zod';
import { FieldValue, readerOf } from './fields';
import { sequenceRule, thresholdRule, UNITS } from './judges';
import { compileMatch, Predicate } from './match';
import type { Condition, Trigger } from './rule';
import type { RuleEvent } from './rule-event';
import { NewHit, SlidingWindow, WindowRule } from './sliding-window';
import type { WindowEntry } from './window-entry';
import { packEntries, unpackEntries } from './window-pack';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** A group that was there within this time, and then is not for the time of the rule, is missed. */
const MISSED_FOR_MS = 7 * DAY;
/** Values that a group's memory holds; the longest not seen are forgotten first. */
const REMEMBERED = 2000;

/** What a trigger remembers of one group. */
export type GroupState =
  | { kind: 'window'; window: SlidingWindow }
  | { kind: 'values'; seen: Map<string, number> }
  /** When it was seen last, and until when it has been missed aloud. */
  | { kind: 'presence'; seenAt: number; missedAt: number };

/** How one trigger is evaluated, for all groups; the state of a group is given and changed in place. */
export interface TriggerEvaluator {
  matches: Predicate;
  /** The state of a group seen for the first time; undefined if nothing has to be remembered. */
  fresh: () => GroupState | undefined;
  /** Takes an event in; `horizon` is the event time before which nothing can come any more. */
  observe: (state: GroupState | undefined, event: RuleEvent, horizon: number) => NewHit[];
  /** Hits that come about by time alone, up to `now`. */
  tick?: (state: GroupState, now: number) => NewHit[];
  /** A state that `packState` made. */
  unpack: (text: string) => GroupState;
  /** Whether the state is of no more use at `horizon`. */
  isSpent: (state: GroupState, horizon: number) => boolean;
  /** How far back events matter, ms. */
  reachMs: number;
}

export function evaluatorOf(trigger: Trigger): TriggerEvaluator {
  const matches = compileMatch(trigger.match);
  const { condition } = trigger;
  switch (condition.kind) {
    case 'any':
      return {
        matches,
        fresh: () => undefined,
        observe: (_, event) => [{ at: event.occurredAt, value: 1 }],
        isSpent: () => true,
        unpack: () => {
          throw new TypeError('a trigger that remembers nothing has no state');
        },
        reachMs: 0,
      };
    case 'threshold':
      return windowed(matches, thresholdRule(condition), entryOf(condition));
    case 'rate': {
      const count = Math.floor(condition.perSecond * condition.windowMinutes * 60) + 1;
      const { windowMinutes } = condition;
      const threshold = { kind: 'threshold' as const, windowMinutes, count };
      return windowed(matches, thresholdRule(threshold), entryOf(threshold));
    }
    case 'sequence':
      return sequence(matches, condition);
    case 'new_value':
      return newValue(matches, condition);
    case 'absence':
      return absence(matches, condition);
  }
}

function windowed(matches: Predicate, rule: WindowRule, toEntry: (event: RuleEvent) => WindowEntry): TriggerEvaluator {
  type Windowed = Extract<GroupState, { kind: 'window' }>;
  return {
    matches,
    fresh: () => ({ kind: 'window', window: new SlidingWindow(rule) }),
    observe: (state, event, horizon) => {
      const { window } = state as Windowed;
      window.prune(horizon - rule.windowMs);
      window.compact();
      return window.add(toEntry(event));
    },
    isSpent: (state, horizon) => !(state as Windowed).window.prune(horizon - rule.windowMs, true),
    unpack: (text) => ({ kind: 'window', window: new SlidingWindow(rule, unpackEntries(text)) }),
    reachMs: rule.windowMs,
  };
}

function entryOf({ sum, distinct }: Extract<Condition, { kind: 'threshold' }>): (event: RuleEvent) => WindowEntry {
  const read = distinct && readerOf(distinct.field);
  return (event) => {
    const entry: WindowEntry = { t: event.occurredAt, hit: false };
    if (sum) entry.v = Math.round((event[sum.field] ?? 0) * UNITS);
    const value = read && textOf(read(event));
    if (value !== undefined) entry.d = nameOf(value);
    return entry;
  };
}

function sequence(matches: Predicate, condition: Extract<Condition, { kind: 'sequence' }>): TriggerEvaluator {
  const steps = condition.steps.map((step) => compileMatch(step.match));
  const maskOf = (event: RuleEvent) => steps.reduce((mask, test, i) => (test(event) ? mask | (1 << i) : mask), 0);
  const toEntry = (event: RuleEvent) => ({ t: event.occurredAt, hit: false, m: maskOf(event) });
  const isAnyStep: Predicate = (event) => matches(event) && maskOf(event) !== 0;
  return windowed(isAnyStep, sequenceRule(condition), toEntry);
}

function newValue(matches: Predicate, condition: Extract<Condition, { kind: 'new_value' }>): TriggerEvaluator {
  const read = readerOf(condition.field);
  const memoryMs = condition.memoryDays * DAY;
  type Values = Extract<GroupState, { kind: 'values' }>;
  return {
    matches,
    fresh: () => ({ kind: 'values', seen: new Map() }),
    observe: (state, event) => {
      const { seen } = state as Values;
      const value = textOf(read(event));
      if (value === undefined) return [];
      const at = event.occurredAt;
      const name = nameOf(value);
      const last = seen.get(name);
      const isNew = seen.size > 0 && (last === undefined || last < at - memoryMs);
      // The map's order is that of the latest sight, but for late events, so the first key is old.
      seen.delete(name);
      seen.set(name, Math.max(at, last ?? at));
      const [oldest] = seen.keys();
      if (seen.size > REMEMBERED && oldest !== undefined) seen.delete(oldest);
      return isNew ? [{ at, value: 1 }] : [];
    },
    isSpent: (state, horizon) => [...(state as Values).seen.values()].every((last) => last < horizon - memoryMs),
    unpack: (text) => ({ kind: 'values', seen: new Map(packedValues.parse(JSON.parse(text))) }),
    reachMs: memoryMs,
  };
}

function absence(matches: Predicate, condition: Extract<Condition, { kind: 'absence' }>): TriggerEvaluator {
  const windowMs = condition.windowMinutes * MINUTE;
  type Presence = Extract<GroupState, { kind: 'presence' }>;
  return {
    matches,
    fresh: () => ({ kind: 'presence', seenAt: 0, missedAt: 0 }),
    observe: (state, event) => {
      const presence = state as Presence;
      // What came before a gap that is already over says that the gap was real, unless the event lies inside it.
      const gapEnd = presence.seenAt + windowMs;
      const hits =
        presence.seenAt > 0 && event.occurredAt > gapEnd && presence.missedAt < gapEnd
          ? [{ at: gapEnd, value: 1 }]
          : [];
      presence.seenAt = Math.max(presence.seenAt, event.occurredAt);
      return hits;
    },
    tick: (state, now) => {
      const presence = state as Presence;
      const gapEnd = presence.seenAt + windowMs;
      if (presence.seenAt === 0 || now <= gapEnd || presence.missedAt >= gapEnd) return [];
      presence.missedAt = gapEnd;
      return [{ at: gapEnd, value: 1 }];
    },
    isSpent: (state, horizon) => (state as Presence).seenAt < horizon - windowMs - MISSED_FOR_MS,
    unpack: (text) => {
      const [seenAt, missedAt] = packedPresence.parse(JSON.parse(text));
      return { kind: 'presence', seenAt, missedAt };
    },
    reachMs: windowMs + MISSED_FOR_MS,
  };
}

/** Values of any kind as text that is equal for equal values; undefined for none. */
export function textOf(value: FieldValue): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Names a value within its group; long values by a hash, so that they take no room. */
const nameOf = (text: string): string =>
  text.length <= 40 ? text : createHash('sha256').update(text).digest().toString('base64url', 0, 12);

const packedValues = z.array(z.tuple([z.string(), z.number()]));
const packedPresence = z.tuple([z.number(), z.number()]);

/** A state as short text, to be kept; the evaluator of its trigger unpacks it. */
export function packState(state: GroupState): string {
  switch (state.kind) {
    case 'window':
      return packEntries(state.window.entries);
    case 'values':
      return JSON.stringify([...state.seen]);
    case 'presence':
      return JSON.stringify([state.seenAt, state.missedAt]);
  }
}
