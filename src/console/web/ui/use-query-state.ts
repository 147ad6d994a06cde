import { useLocation } from 'preact-iso';

/** The path with the query's defined, non-empty entries. */
export function href(path: string, query: Record<string, string | undefined> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

/** State of a view that lives in the address, so that every state has a link. `change` merges; undefined or '' removes. */
export function useQueryState(): {
  query: Record<string, string | undefined>;
  change: (change: Record<string, string | undefined>, options?: { replace?: boolean }) => void;
} {
  const { path, query, route } = useLocation();
  return {
    query,
    change: (change, { replace = true } = {}) => route(href(path, { ...query, ...change }), replace),
  };
}
