import { GroupHits, HitCounter } from './group-hits';
import type { Hit } from './hit';
import type { Rule } from './rule';
import type { RuleEvent } from './rule-event';
import { RuleEvaluator } from './rule-evaluator';

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
  const counter = new HitCounter();
  const add = (hit: Hit) => {
    if (hit.at >= range.from && hit.at < range.to) counter.add(hit);
  };
  let seen = 0;
  let read = 0;
  for await (const event of events) {
    if (event.occurredAt >= range.from) seen += 1;
    const hits = evaluator.observe(event, event.occurredAt);
    if (hits.length > 0 && counts(event)) hits.forEach(add);
    read += 1;
    if (read % FORGET_EVERY === 0) evaluator.takeChanges();
  }
  evaluator.tick(range.to).forEach(add);
  return { events: seen, groups: counter.all().sort((a, b) => a.firstHitAt - b.firstHitAt) };
}

/** Events after which what is too old is forgotten, so that memory depends on the windows and not on the history. */
const FORGET_EVERY = 50_000;
