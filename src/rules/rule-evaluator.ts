import { createHash } from 'node:crypto';
import { readerOf } from './fields';
import { groupKey, GroupValues, Hit } from './hit';
import type { Rule, Trigger } from './rule';
import type { RuleEvent } from './rule-event';
import { isSuppressed } from './suppression';
import { evaluatorOf, GroupState, textOf, TriggerEvaluator } from './trigger-state';
import type { NewHit } from './sliding-window';

interface Compiled {
  /** Names the memory of the trigger: changes with whatever changes what its memory means. */
  key: string;
  rule: Rule;
  trigger: Trigger;
  evaluator: TriggerEvaluator;
  groupOf: (event: RuleEvent) => GroupValues | undefined;
  groups: Map<string, { values: GroupValues; state: GroupState }>;
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
  /** `[trigger key, group key]` of what has changed since the last `takeChanges`, by their joined text. */
  private readonly changed = new Map<string, [string, string]>();
  private horizon = Number.NEGATIVE_INFINITY;

  constructor(
    rules: readonly Rule[],
    /** How much later than others an event may come and still be put in its place, ms. */
    private readonly latenessMs: number,
  ) {
    this.compiled = rules
      .filter((rule) => rule.enabled)
      .flatMap((rule) =>
        rule.triggers.map((trigger) => ({
          key: triggerKey(rule, trigger),
          rule,
          trigger,
          evaluator: evaluatorOf(trigger),
          groupOf: grouper(trigger),
          groups: new Map(),
        })),
      );
  }

  /** Keys of all triggers, each once. */
  get triggerKeys(): string[] {
    return [...new Set(this.compiled.map((c) => c.key))];
  }

  /** How far back events matter to a trigger, ms; 0 if it remembers nothing. */
  reachOf(key: string): number {
    return this.compiled.find((c) => c.key === key)?.evaluator.reachMs ?? 0;
  }

  /**
   * @param clock when the event was received, or for events in the order of their times, when it occurred; what the clock
   *   has passed by more than the lateness is forgotten
   */
  observe(event: RuleEvent, clock: number): Hit[] {
    this.horizon = Math.max(this.horizon, clock - this.latenessMs);
    const hits: Hit[] = [];
    for (const compiled of this.compiled) {
      if (!compiled.evaluator.matches(event)) continue;
      const values = compiled.groupOf(event);
      if (values === undefined) continue;
      const found = compiled.evaluator.observe(this.stateOf(compiled, values), event, this.horizon);
      collect(hits, compiled, values, found, event.id);
    }
    return hits;
  }

  /** Hits that time alone brings about, when nothing more can come that occurred before `now`. */
  tick(now: number): Hit[] {
    const hits: Hit[] = [];
    for (const compiled of this.compiled) {
      const { tick } = compiled.evaluator;
      if (!tick) continue;
      for (const [group, { values, state }] of compiled.groups) {
        const found = tick(state, now);
        if (found.length === 0) continue;
        this.note(compiled.key, group);
        collect(hits, compiled, values, found, undefined);
      }
    }
    return hits;
  }

  /** What changed since the last call: state by trigger key and group key; undefined for what is no longer needed. */
  takeChanges(): { trigger: string; group: string; state: GroupState | undefined }[] {
    const changes = [...this.changed.values()].map(([trigger, group]) => {
      const compiled = this.compiled.find((c) => c.key === trigger);
      const entry = compiled?.groups.get(group);
      if (compiled && entry && compiled.evaluator.isSpent(entry.state, this.horizon)) compiled.groups.delete(group);
      return { trigger, group, state: compiled?.groups.get(group)?.state };
    });
    this.changed.clear();
    return changes;
  }

  /** Forgets groups whose events are all too old to matter; they count as changed. */
  sweep(): void {
    for (const { key, groups, evaluator } of this.compiled) {
      for (const [group, { state }] of groups) if (evaluator.isSpent(state, this.horizon)) this.note(key, group);
    }
  }

  /** Groups in memory. */
  get size(): number {
    return this.compiled.reduce((sum, { groups }) => sum + groups.size, 0);
  }

  /** Puts a state in that was taken out before, here or in another evaluator. One of a trigger that is not here is passed over. */
  restore(trigger: string, group: string, state: GroupState): void {
    const values = Object.fromEntries(JSON.parse(group) as [string, string][]);
    for (const compiled of this.compiled) if (compiled.key === trigger) compiled.groups.set(group, { values, state });
  }

  /** All states of a trigger. */
  statesOf(trigger: string): [group: string, state: GroupState][] {
    const compiled = this.compiled.find((c) => c.key === trigger);
    return compiled ? [...compiled.groups].map(([group, { state }]) => [group, state]) : [];
  }

  private stateOf(compiled: Compiled, values: GroupValues): GroupState | undefined {
    const group = groupName(values);
    const known = compiled.groups.get(group);
    if (known) {
      this.note(compiled.key, group);
      return known.state;
    }
    const state = compiled.evaluator.fresh();
    if (state === undefined) return undefined;
    this.note(compiled.key, group);
    compiled.groups.set(group, { values, state });
    return state;
  }

  private note(trigger: string, group: string): void {
    this.changed.set(`${trigger}|${group}`, [trigger, group]);
  }
}

/** Cheaper than a sorted key: within a trigger the fields always come in the same order. */
const groupName = (values: GroupValues): string => JSON.stringify(Object.entries(values));

function grouper({ groupBy, condition }: Trigger): (event: RuleEvent) => GroupValues | undefined {
  const readers = groupBy.map((field) => [field, readerOf(field)] as const);
  const optional = condition.kind === 'any';
  return (event) => {
    const values: Record<string, string> = {};
    for (const [field, read] of readers) {
      const text = textOf(read(event));
      if (text !== undefined) values[field] = text.slice(0, 1024);
      else if (!optional) return undefined;
    }
    return values;
  };
}

function collect(
  hits: Hit[],
  { rule, trigger }: Compiled,
  group: GroupValues,
  found: NewHit[],
  eventId: string | undefined,
): void {
  for (const { at, value } of found) {
    if (isSuppressed(rule.suppress, at)) continue;
    // Two triggers of a rule that hold at the same event for the same group are one hit.
    const isKnown = hits.some((h) => h.rule === rule && h.at === at && groupKey(h.group) === groupKey(group));
    if (!isKnown) hits.push({ rule, trigger, group, at, eventId, value });
  }
}
