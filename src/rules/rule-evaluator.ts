import { createHash } from 'node:crypto';
import { readerOf } from './fields';
import { groupKey, GroupValues, Hit } from './hit';
import type { Rule, Trigger } from './rule';
import type { RuleEvent } from './rule-event';
import type { NewHit } from './sliding-window';
import { isSuppressed } from './suppression';
import { evaluatorOf, GroupState, packState, textOf, TriggerEvaluator } from './trigger-state';

/**
 * Groups that a trigger remembers at most. When somebody makes up more, those that were there first are forgotten: memory has
 * an end, and each of so many groups has hardly an event.
 */
const MOST_GROUPS = 200_000;

/** A group of a trigger and what is remembered of it. */
export interface Group {
  compiled: Compiled;
  values: GroupValues;
  key: string;
  state: GroupState | undefined;
  hasChanged: boolean;
}

interface Compiled {
  /** Names the memory of the trigger: changes with whatever changes what its memory means. */
  key: string;
  rule: Rule;
  trigger: Trigger;
  evaluator: TriggerEvaluator;
  /** The fields it is grouped by, with the values of an event; undefined if the event counts to no group. */
  read: (event: RuleEvent) => string[] | undefined;
  groups: Map<string, Group>;
}

/** What is remembered of a group; `state` undefined: nothing any more. */
export interface Remembered {
  trigger: string;
  group: string;
  state: string | undefined;
}

/** The memory of a trigger of a rule: another name of it, or other recipients, do not make it forget. */
export const triggerKey = (rule: Rule, { match, groupBy, condition }: Trigger): string =>
  `${rule.id}/${createHash('sha256')
    .update(JSON.stringify([match, groupBy, condition]))
    .digest('base64url')
    .slice(0, 12)}`;

/**
 * Evaluates rules over events, one after the other. The only path: live, over history and in a test of a rule. It touches
 * nothing outside and knows no clock: the same events in the same order give the same hits.
 */
export class RuleEvaluator {
  private readonly compiled: Compiled[];
  /** Those that may match events of a type, found when the first of the type comes. */
  private readonly byType = new Map<string, Compiled[]>();
  private changed: Group[] = [];
  private horizon = Number.NEGATIVE_INFINITY;

  constructor(
    rules: readonly Rule[],
    /** How much later than others an event may come and still be put in its place, ms. */
    private readonly latenessMs: number,
  ) {
    const all = rules
      .filter((rule) => rule.enabled)
      .flatMap((rule) =>
        rule.triggers.map((trigger): Compiled => ({
          key: triggerKey(rule, trigger),
          rule,
          trigger,
          evaluator: evaluatorOf(trigger),
          read: groupReader(trigger),
          groups: new Map(),
        })),
      );
    this.compiled = all.filter((c, i) => all.findIndex((other) => other.key === c.key) === i);
  }

  get triggerKeys(): string[] {
    return this.compiled.map((c) => c.key);
  }

  /** How far back events matter to a trigger, ms; 0 if it remembers nothing. */
  reachOf(key: string): number {
    return this.find(key)?.evaluator.reachMs ?? 0;
  }

  /**
   * @param clock when the event was received, or for events in the order of their times, when it occurred; what the clock
   *   has passed by more than the lateness is forgotten
   */
  observe(event: RuleEvent, clock: number): Hit[] {
    this.horizon = Math.max(this.horizon, clock - this.latenessMs);
    const hits: Hit[] = [];
    for (const compiled of this.candidates(event.eventType)) {
      if (!compiled.evaluator.matches(event)) continue;
      const texts = compiled.read(event);
      if (texts === undefined) continue;
      const group = this.groupOf(compiled, texts);
      const found = compiled.evaluator.observe(group.state, event, this.horizon);
      if (found.length > 0) collect(hits, group, found, event.id);
    }
    return hits;
  }

  /** Hits that time alone brings about, when nothing more can come that occurred before `now`. */
  tick(now: number): Hit[] {
    const hits: Hit[] = [];
    for (const { evaluator, groups } of this.compiled) {
      if (!evaluator.tick) continue;
      for (const group of groups.values()) {
        const found = group.state ? evaluator.tick(group.state, now) : [];
        if (found.length === 0) continue;
        this.note(group);
        collect(hits, group, found, undefined);
      }
    }
    return hits;
  }

  /**
   * What changed since the last call, to be read by `pack` before anything else is done here. Forgets groups whose events are
   * all too old to matter.
   */
  takeChanges(): readonly Group[] {
    for (const { groups, evaluator } of this.compiled) {
      this.forget([...groups].filter(([, { state }]) => !state || evaluator.isSpent(state, this.horizon)));
    }
    const groups = this.changed;
    this.changed = [];
    for (const group of groups) group.hasChanged = false;
    return groups;
  }

  private forget(groups: readonly (readonly [name: string, group: Group])[]): void {
    for (const [name, group] of groups) {
      group.compiled.groups.delete(name);
      group.state = undefined;
      this.note(group);
    }
  }

  /** All groups that are remembered, or those of one trigger. */
  memory(trigger?: string): readonly Group[] {
    return this.compiled
      .filter((c) => trigger === undefined || c.key === trigger)
      .flatMap(({ groups }) => [...groups.values()].filter((group) => group.state));
  }

  /** Groups in memory. */
  get size(): number {
    return this.compiled.reduce((sum, { groups }) => sum + groups.size, 0);
  }

  /** Puts in what was taken out before, here or in another evaluator. What belongs to a trigger that is not here is passed over. */
  restore({ trigger, group, state }: Remembered): void {
    const compiled = this.find(trigger);
    if (!compiled || state === undefined) return;
    const values = Object.fromEntries(JSON.parse(group) as [string, string][]);
    const texts = compiled.trigger.groupBy.map((field) => values[field] ?? '');
    const known = this.groupOf(compiled, texts);
    known.state = compiled.evaluator.unpack(state);
  }

  private find(key: string): Compiled | undefined {
    return this.compiled.find((c) => c.key === key);
  }

  private candidates(type: string): readonly Compiled[] {
    let found = this.byType.get(type);
    if (!found) {
      found = this.compiled.filter(({ trigger }) => trigger.match.eventTypes?.includes(type) ?? true);
      this.byType.set(type, found);
    }
    return found;
  }

  /** The group, made if it is new; it counts as changed. */
  private groupOf(compiled: Compiled, texts: string[]): Group {
    const name = texts.length === 1 ? (texts[0] ?? '') : texts.join('\u0000');
    let group = compiled.groups.get(name);
    if (!group) {
      const pairs = compiled.trigger.groupBy.map((field, i) => [field, texts[i] ?? ''] as const);
      const values = Object.fromEntries(pairs.filter(([, text]) => text !== ''));
      group = { compiled, values, key: groupKey(values), state: compiled.evaluator.fresh(), hasChanged: false };
      if (group.state === undefined) return group;
      if (compiled.groups.size >= MOST_GROUPS) this.forget([...compiled.groups].slice(0, MOST_GROUPS / 10));
      compiled.groups.set(name, group);
    }
    this.note(group);
    return group;
  }

  private note(group: Group): void {
    if (group.hasChanged) return;
    group.hasChanged = true;
    this.changed.push(group);
  }
}

/** What is remembered of a group, as it can be kept. */
export const pack = ({ compiled, key, state }: Group): Remembered => ({
  trigger: compiled.key,
  group: key,
  state: state && packState(state),
});

/** The values of the fields that a trigger is grouped by; '' for one that is absent, where that is allowed. */
function groupReader({ groupBy, condition }: Trigger): (event: RuleEvent) => string[] | undefined {
  const readers = groupBy.map(readerOf);
  const optional = condition.kind === 'any';
  return (event) => {
    const texts: string[] = [];
    for (const read of readers) {
      const text = textOf(read(event));
      if (text === undefined && !optional) return undefined;
      texts.push(text?.slice(0, 1024) ?? '');
    }
    return texts;
  };
}

function collect(hits: Hit[], { compiled, values, key }: Group, found: NewHit[], eventId: string | undefined): void {
  const { rule, trigger } = compiled;
  for (const { at, value } of found) {
    if (rule.suppress.length > 0 && isSuppressed(rule.suppress, at)) continue;
    // Two triggers of a rule that hold at the same event for the same group are one hit.
    const isKnown = hits.some((h) => h.rule === rule && h.at === at && h.key === key);
    if (!isKnown) hits.push({ rule, trigger, group: values, key, at, eventId, value });
  }
}
