import type { RevealAct, RevealService } from '../search/reveal.service';

/** Items with the ids of people in place of their references; recorded before they are given. */
export async function revealKeys<T extends { key: string | null }>(
  reveals: RevealService,
  act: RevealAct,
  items: T[],
  { from, to }: { from: string; to: string },
): Promise<T[]> {
  const references = items.flatMap(({ key }) => key ?? []);
  const ids = await reveals.ids(act, references, { from, to, groupBy: 'userId' });
  return items.map((item) => ({ ...item, key: ids.get(item.key ?? '') ?? item.key }));
}
