import { z } from 'zod';
import type { AuditClient } from './client';

/** Items of a list, page after page, until there are `limit`. `more`: there are others. */
export async function readPages<T>(
  client: AuditClient,
  path: string,
  item: z.ZodType<T>,
  query: URLSearchParams,
  limit: number,
): Promise<{ items: T[]; more: boolean }> {
  const page = z.object({ items: z.array(item), nextCursor: z.string().nullish() });
  const items: T[] = [];
  let cursor: string | null | undefined;
  do {
    query.set('limit', String(Math.min(limit - items.length, 1000)));
    if (cursor) query.set('cursor', cursor);
    const answer = await client.json('GET', path, page, { query });
    items.push(...answer.items);
    cursor = answer.nextCursor;
  } while (cursor && items.length < limit);
  return { items, more: Boolean(cursor) };
}

/** Options as parameters of a query; those that are absent are left out, lists are repeated. */
export function queryOf(values: Record<string, string | readonly string[] | undefined>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const each of typeof value === 'string' ? [value] : (value ?? [])) query.append(name, each);
  }
  return query;
}
