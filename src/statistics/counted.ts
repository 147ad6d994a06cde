import { bounded, timeOf, Where } from '../search/event-where';
import { cut, Span } from './buckets';
import { DAY_MS, FAILED, QUARTER_MS } from './rollup-sql';

/** What events are counted by, other than time. */
export const KINDS = ['category', 'eventType', 'severity', 'outcome', 'service'] as const;
export type Kind = (typeof KINDS)[number];
export const PARTIES = ['user', 'address', 'resource'] as const;
export type Party = (typeof PARTIES)[number];

/** The column of a kind, in the rollups and in the events alike. */
export const KIND_COLUMNS: Record<Kind, string> = {
  category: 'category',
  eventType: 'event_type',
  severity: 'toString(severity)',
  outcome: 'outcome',
  service: 'service',
};
const PARTY_COLUMNS: Record<Party, { key: string; kind: string }> = {
  user: { key: 'actor', kind: "''" },
  address: { key: 'ip_address', kind: "''" },
  resource: { key: 'resource_id', kind: 'resource_type' },
};

export type KindFilter = Partial<Record<Kind, string[]>>;

/**
 * A subquery of what was counted of a tenant in a time: rows of (at, n, failed) and the kinds asked for, by their names. Exact for any
 * bounds: what is no whole quarter of an hour is counted from the events themselves.
 * @param options.step ms that `at` has to be exact to; below a quarter of an hour all comes from the events
 */
export function countedKinds(
  tenant: string,
  span: Span,
  kinds: readonly Kind[],
  { filter = {}, exact = false }: { filter?: KindFilter; exact?: boolean } = {},
): Where {
  const names = kinds.map((kind) => `, ${KIND_COLUMNS[kind]} AS ${kind}`).join('');
  const filters = KINDS.filter((kind) => filter[kind]);
  const where = filters.map((kind) => ` AND ${KIND_COLUMNS[kind]} IN {${kind}:Array(String)}`).join('');
  const { whole, edges } = exact ? { whole: undefined, edges: [span] } : cut(span, QUARTER_MS);
  return union(
    tenant,
    whole && {
      ...whole,
      sql: `SELECT at, events AS n, failures AS failed${names} FROM rollups`,
      where: `dimension = 'type'${where}`,
    },
    edges,
    `SELECT occurred_at AS at, toUInt64(1) AS n, toUInt64(outcome IN ${FAILED}) AS failed${names} FROM events`,
    where,
    Object.fromEntries(filters.map((kind) => [kind, filter[kind]])),
  );
}

/** The same of users, addresses or resources: rows of (key, kind, n, failed, first, last); whole days come from rollups. */
export function countedParties(tenant: string, span: Span, party: Party): Where {
  const { key, kind } = PARTY_COLUMNS[party];
  const { whole, edges } = cut(span, DAY_MS);
  return union(
    tenant,
    whole && {
      ...whole,
      sql: 'SELECT key, resource_type AS kind, events AS n, failures AS failed, first_at AS first, last_at AS last FROM rollups',
      where: 'dimension = {party:String}',
    },
    edges,
    `SELECT ${key} AS key, ${kind} AS kind, toUInt64(1) AS n, toUInt64(outcome IN ${FAILED}) AS failed,
            occurred_at AS first, occurred_at AS last FROM events`,
    ` AND ${key} != ''`,
    { party },
  );
}

function union(
  tenant: string,
  whole: (Span & { sql: string; where: string }) | undefined,
  edges: Span[],
  fromEvents: string,
  where: string,
  params: Record<string, unknown>,
): Where {
  const parts: string[] = [];
  const bounds: Record<string, number> = {};
  const between = (column: string, { from, to }: Span, name: string): string => {
    bounds[`${name}From`] = bounded(from);
    bounds[`${name}To`] = bounded(to);
    return `${column} >= ${timeOf(`${name}From`)} AND ${column} < ${timeOf(`${name}To`)}`;
  };
  if (whole)
    parts.push(`${whole.sql} WHERE tenant = {tenant:String} AND ${whole.where} AND ${between('at', whole, 'whole')}`);
  // Of nothing, a query that has the right columns.
  const rest = edges.map((edge, i) => between('occurred_at', edge, `edge${i}`));
  if (rest.length > 0 || !whole) {
    const times = rest.length > 0 ? `(${rest.map((time) => `(${time})`).join(' OR ')})` : '0';
    parts.push(`${fromEvents} WHERE tenant = {tenant:String} AND ${times}${where}`);
  }
  return { sql: `(${parts.join('\nUNION ALL\n')})`, params: { ...params, ...bounds, tenant } };
}
