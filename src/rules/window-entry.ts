/** One event, or several taken together, of a group. */
export interface WindowEntry {
  /** ms since the epoch. */
  t: number;
  /** Whether the condition has held at this event. */
  hit: boolean;
  /** What is summed up. */
  v?: number;
  /** What is counted once. */
  d?: string;
  /** Steps of a sequence that the event is one of, as bits. */
  m?: number;
  /** Where the entry stands for several events: how many, and the time of the first; `t` is that of the last. */
  n?: number;
  f?: number;
}
