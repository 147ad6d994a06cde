/** The filters of the search as they stand in its address: the names of the API, several values with commas. */
export const FILTERS = [
  ...(['eventType', 'category', 'severity', 'minSeverity', 'outcome', 'userId', 'subjectId', 'personId'] as const),
  ...(['sessionId', 'resourceType', 'resourceId', 'ipAddress', 'correlationId', 'service', 'text', 'id'] as const),
] as const;
export type FilterName = (typeof FILTERS)[number];

/** By which the search shows how its events spread. */
export const FACETS = ['eventType', 'severity', 'outcome', 'category', 'userId', 'ipAddress', 'service'] as const;

type AddressQuery = Record<string, string | undefined>;

/** Those of which only one value is taken, and where a comma is nothing but a comma. */
const SINGLE: readonly FilterName[] = ['text', 'minSeverity'];

/** The values of each filter in use. */
export function filtersOf(query: AddressQuery): [FilterName, string[]][] {
  return FILTERS.flatMap((name): [FilterName, string[]][] => {
    const value = query[name];
    if (!value) return [];
    return [[name, SINGLE.includes(name) ? [value] : value.split(',').map(decodeURIComponent)]];
  });
}

/** The change of the address that adds a value to a filter, or takes it away if it is there. */
export function toggled(query: AddressQuery, name: FilterName, value: string): AddressQuery {
  const values = filtersOf(query).find(([each]) => each === name)?.[1] ?? [];
  const left = values.filter((each) => each !== value);
  const changed = left.length < values.length ? left : [...values, value];
  if (SINGLE.includes(name)) return { [name]: changed.at(-1) };
  return { [name]: changed.map(encodeURIComponent).join(',') || undefined };
}

/** As the API takes them. */
export const apiFilters = (query: AddressQuery): Record<string, string[]> => Object.fromEntries(filtersOf(query));

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

/** The stretch of time that a histogram counts by, so that it has neither a handful of bars nor thousands. */
export function bucketOf({ from, to }: { from: number; to: number }): {
  groupBy: 'minute' | 'hour' | 'day';
  ms: number;
} {
  if (to - from <= 4 * HOUR) return { groupBy: 'minute', ms: MINUTE };
  if (to - from <= 8 * DAY) return { groupBy: 'hour', ms: HOUR };
  return { groupBy: 'day', ms: DAY };
}
