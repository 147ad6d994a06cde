import type { Rule, Trigger } from './rule';

/** What an alert is about: the fields it is grouped by, with their values. */
export type GroupValues = Readonly<Record<string, string>>;

/** One moment at which a rule's condition held. */
export interface Hit {
  rule: Rule;
  trigger: Trigger;
  group: GroupValues;
  /** `groupKey(group)`. */
  key: string;
  /** Time of the event at which it held (of an absence: the moment when the time was up), ms since the epoch. */
  at: number;
  /** The event that brought it about; undefined for an absence. */
  eventId: string | undefined;
  /** How many events, how large a sum, or how many different values there were; 1 where nothing is counted. */
  value: number;
}

/** A group as text: equal for equal groups, whatever the order in which the fields were named. */
export const groupKey = (group: GroupValues): string =>
  JSON.stringify(Object.entries(group).sort(([a], [b]) => (a < b ? -1 : 1)));
