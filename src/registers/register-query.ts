import { z } from 'zod';
import { several, time, timezone, whole, word } from '../search/event-query';
import type { RevealAct, RevealService } from '../search/reveal.service';

/** Members of the query of every list. */
export const paging = {
  limit: whole(1, 1000).default(100).meta({ description: 'How many at most, 1 to 1000', type: 'integer' }),
  cursor: z.string().max(4096).meta({ description: '`nextCursor` of the page before' }).optional(),
};

export const people = several(word(512), 'The person: an id, or a reference (sub_…)', 'u-1029');

/** Where days are counted, of registers with deadlines. */
export const zone = timezone
  .unwrap()
  .optional()
  .meta({
    description: 'Where the days of deadlines are counted; default: America/Sao_Paulo for the LGPD, UTC for the GDPR',
    examples: ['Europe/Lisbon'],
  });

export const asOf = time('As it was before this time; default: now', '2026-11-01').optional();

/** The period that is looked at, of registers that count. */
export const period = {
  from: time('At or after this time; default: 30 days before `to`', '2026-11-01').optional(),
  to: time('Before this time; default: now', '2026-12-01').optional(),
};

export const yesOrNo = (description: string) =>
  z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .transform((value) => value === 'true')
    .meta({ description })
    .optional();

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable().describe('null on the last page') });

export const isoTime = z.iso.datetime();
export const iso = (ms: number): string => new Date(ms).toISOString();
export const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));

/**
 * Ids in place of references where somebody may see them, else as it is; recorded before it is given.
 * @param members those of an item that hold a reference
 */
export async function named<T, K extends keyof T & string>(
  reveals: RevealService,
  act: RevealAct | undefined,
  register: string,
  items: T[],
  members: readonly K[],
): Promise<T[]> {
  if (!act) return items;
  const references = items.flatMap((item) => members.flatMap((name) => (item[name] as string | null) ?? []));
  const ids = await reveals.ids(act, references, { register });
  const shown = (item: T, name: K) => ids.get((item[name] as string | null) ?? '') ?? item[name];
  return items.map((item) => ({ ...item, ...Object.fromEntries(members.map((name) => [name, shown(item, name)])) }));
}
