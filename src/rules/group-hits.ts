import type { GroupValues, Hit } from './hit';
import type { Rule } from './rule';
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

/** Counts hits by rule and group. */
export class HitCounter {
  private readonly rules = new Map<Rule, Map<string, GroupHits>>();

  add(hit: Hit): void {
    const { rule, group, key, at, eventId, value } = hit;
    let groups = this.rules.get(rule);
    if (!groups) {
      groups = new Map();
      this.rules.set(rule, groups);
    }
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

  all(): GroupHits[] {
    return [...this.rules.values()].flatMap((groups) => [...groups.values()]);
  }
}
