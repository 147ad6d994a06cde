import { groupKey, GroupValues, Hit } from './hit';
import type { Rule } from './rule';
import type { RuleEvent } from './rule-event';
import { RuleEvaluator } from './rule-evaluator';
import { summaryOf } from './summary';

/** Hits of one group: what would be one alert while nobody resolves it. Times in ms since the epoch. */
export interface GroupHits {
  rule: Rule;
  group: GroupValues;
  firstHitAt: number;
  lastHitAt: number;
  /** Events at which the condition held. */
  counter: number;
  /** The largest count, sum or number of values in a window. */
  peak: number;
  summary: string;
  firstEventId: string | undefined;
  lastEventId: string | undefined;
}

/** How long before a time events have to be known for these rules to be right at that time, ms. */
export function reachOf(rules: readonly Rule[]): number {
  const evaluator = new RuleEvaluator(rules, 0);
  return evaluator.triggerKeys.reduce((most, key) => Math.max(most, evaluator.reachOf(key)), 0);
}

/**
 * What rules find in history.
 * @param events in the order of their times, from `reachOf(rules)` before `from` on
 * @param range hits in it count, `to` not included
 * @param counts further choice of the events that may bring a hit about; the others still fill the windows
 */
export async function findHits(
  rules: readonly Rule[],
  events: AsyncIterable<RuleEvent>,
  range: { from: number; to: number },
  counts: (event: RuleEvent) => boolean = () => true,
): Promise<{ events: number; groups: GroupHits[] }> {
  const evaluator = new RuleEvaluator(rules, 0);
  const groups = new Map<string, GroupHits>();
  const add = (hit: Hit) => {
    if (hit.at >= range.from && hit.at < range.to) addHit(groups, hit);
  };
  let seen = 0;
  let read = 0;
  for await (const event of events) {
    if (event.occurredAt >= range.from) seen += 1;
    const hits = evaluator.observe(event, event.occurredAt);
    if (hits.length > 0 && counts(event)) hits.forEach(add);
    read += 1;
    if (read % SWEEP_EVERY === 0) forgetOld(evaluator);
  }
  evaluator.tick(range.to).forEach(add);
  return { events: seen, groups: [...groups.values()].sort((a, b) => a.firstHitAt - b.firstHitAt) };
}

/** Events after which what is too old is forgotten, so that memory depends on the windows and not on the history. */
const SWEEP_EVERY = 50_000;

function forgetOld(evaluator: RuleEvaluator): void {
  evaluator.sweep();
  evaluator.takeChanges();
}

/** Counts a hit to its rule and group. */
export function addHit(groups: Map<string, GroupHits>, hit: Hit): void {
  const { rule, group, at, eventId, value } = hit;
  const key = `${rule.id}|${groupKey(group)}`;
  const known = groups.get(key);
  if (!known) {
    groups.set(key, {
      ...{ rule, group },
      firstHitAt: at,
      lastHitAt: at,
      counter: 1,
      peak: value,
      summary: summaryOf(hit),
      firstEventId: eventId,
      lastEventId: eventId,
    });
    return;
  }
  known.firstHitAt = Math.min(known.firstHitAt, at);
  known.lastHitAt = Math.max(known.lastHitAt, at);
  known.counter += 1;
  known.peak = Math.max(known.peak, value);
  known.lastEventId = eventId ?? known.lastEventId;
}
