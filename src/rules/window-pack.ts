import { z } from 'zod';
import type { WindowEntry } from './window-entry';

/** Entries by their parts, so that what most of them lack takes no room. */
const packed = z.object({
  /** The first time, then the distances. */
  t: z.array(z.number()),
  /** How many entries in a row were no hits, then how many were, and so on. */
  h: z.array(z.number()),
  v: z.array(z.number().nullable()).optional(),
  d: z.array(z.string().nullable()).optional(),
  m: z.array(z.number().nullable()).optional(),
  /** Entries that stand for several events: place, how many, and how long before `t` the first was. */
  n: z.array(z.tuple([z.number(), z.number(), z.number()])).optional(),
});

/** The entries of a window as text. */
export function packEntries(entries: readonly WindowEntry[]): string {
  const column = <T>(read: (entry: WindowEntry) => T | undefined): (T | null)[] | undefined =>
    entries.some((entry) => read(entry) !== undefined) ? entries.map((entry) => read(entry) ?? null) : undefined;
  const joint = entries.flatMap(({ n, f, t }, i) => (n === undefined ? [] : [[i, n, t - (f ?? t)] as const]));
  return JSON.stringify({
    t: entries.map((entry, i) => entry.t - (entries[i - 1]?.t ?? 0)),
    h: runs(entries),
    v: column((entry) => entry.v),
    d: column((entry) => entry.d),
    m: column((entry) => entry.m),
    ...(joint.length > 0 && { n: joint }),
  });
}

function runs(entries: readonly WindowEntry[]): number[] {
  const lengths = [0];
  let hit = false;
  for (const entry of entries) {
    if (entry.hit !== hit) {
      lengths.push(0);
      ({ hit } = entry);
    }
    lengths[lengths.length - 1] = (lengths.at(-1) ?? 0) + 1;
  }
  return lengths;
}

export function unpackEntries(text: string): WindowEntry[] {
  const { t, h, v, d, m, n } = packed.parse(JSON.parse(text));
  const hits = h.flatMap((length, i) => new Array<boolean>(length).fill(i % 2 === 1));
  let time = 0;
  const entries = t.map((distance, i): WindowEntry => {
    time += distance;
    const entry: WindowEntry = { t: time, hit: hits[i] ?? false };
    const [value, name, mask] = [v?.[i], d?.[i], m?.[i]];
    if (typeof value === 'number') entry.v = value;
    if (typeof name === 'string') entry.d = name;
    if (typeof mask === 'number') entry.m = mask;
    return entry;
  });
  for (const [place, count, before] of n ?? []) {
    const entry = entries[place];
    if (entry) Object.assign(entry, { n: count, f: entry.t - before });
  }
  return entries;
}
