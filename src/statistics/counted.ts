import { bounded, timeOf, Where } from '../search/event-where';
import { cut, Span } from './buckets';
import { BLOCK, BLOCK_MS, DAY_MS, FAILED, QUARTER_MS } from './rollup-sql';

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
/** The key of a party in the rollups and in the events. */
const PARTY_COLUMNS: Record<Party, [stored: string, column: string]> = {
  user: ['rollups.key', 'actor'],
  address: ['rollups.key', 'ip_address'],
  resource: ["concat(resource_type, '\n', rollups.key)", "concat(resource_type, '\n', resource_id)"],
};

export type KindFilter = Partial<Record<Kind, string[]>>;

/** How exact `at` has to be: to a day (for totals), to a quarter of an hour, or to the millisecond, when all comes from events. */
export type Grain = 'day' | 'quarter' | 'exact';

/** A time range of one table: of the events, of a dimension of the rollups, or of blocks of days of it. */
interface Part extends Span {
  dimension: 'type' | 'type_day' | Party | 'events';
  inBlocks?: boolean;
}

/** What of a time range is read from where: as much as possible from the coarsest. Pure. */
export function partsOf(span: Span, grain: Grain): Part[] {
  if (grain === 'exact') return [{ ...span, dimension: 'events' }];
  const [step, dimension, finer] =
    grain === 'day' ? ([DAY_MS, 'type_day', 'quarter'] as const) : ([QUARTER_MS, 'type', 'exact'] as const);
  const { whole, edges } = cut(span, step);
  return [...(whole ? [{ ...whole, dimension }] : []), ...edges.flatMap((edge) => partsOf(edge, finer))];
}

/**
 * A subquery of what was counted of a tenant in a time: rows of (at, n, failed) and the kinds asked for, by their names. Exact for any
 * bounds: what is no whole step is counted from the events themselves.
 */
export function countedKinds(
  tenant: string,
  span: Span,
  kinds: readonly Kind[],
  { filter = {}, grain }: { filter?: KindFilter; grain: Grain },
): Where {
  const names = kinds.map((kind) => `, ${KIND_COLUMNS[kind]} AS ${kind}`).join('');
  const filters = KINDS.filter((kind) => filter[kind]);
  // What is counted by time alone is added up by time first: there is a projection of that.
  const isPlain = kinds.length === 0 && filters.length === 0;
  return union(tenant, partsOf(span, grain), {
    rollups: isPlain
      ? { select: 'rollups.at AS at, sum(events) AS n, sum(failures) AS failed', groupBy: 'rollups.at' }
      : { select: `at, events AS n, failures AS failed${names}` },
    events: `occurred_at AS at, toUInt64(1) AS n, toUInt64(outcome IN ${FAILED}) AS failed${names}`,
    where: filters.map((kind) => ` AND ${KIND_COLUMNS[kind]} IN {${kind}:Array(String)}`).join(''),
    params: Object.fromEntries(filters.map((kind) => [kind, filter[kind]])),
  });
}

/** What of a time range is read from where for users, addresses or resources: whole blocks, whole days, the rest from events. Pure. */
export function partyParts(span: Span, party: Party): Part[] {
  const days = cut(span, DAY_MS);
  const blocks = days.whole ? cut(days.whole, BLOCK_MS) : { whole: undefined, edges: [] };
  return [
    ...(blocks.whole ? [{ ...blocks.whole, dimension: party, inBlocks: true }] : []),
    ...blocks.edges.map((edge) => ({ ...edge, dimension: party })),
    ...days.edges.map((edge) => ({ ...edge, dimension: 'events' as const })),
  ];
}

/**
 * The same of users, addresses or resources: rows of (key, n, failed, first, last). The key of a resource is its type, a line feed and its
 * id: ClickHouse groups by one text twice as fast as by two.
 */
export function countedParties(tenant: string, span: Span, party: Party): Where {
  const [stored, column] = PARTY_COLUMNS[party];
  return union(tenant, partyParts(span, party), {
    rollups: { select: `${stored} AS key, events AS n, failures AS failed, first_at AS first, last_at AS last` },
    blocks: {
      select: `${stored} AS key, sum(events) AS n, sum(failures) AS failed, min(first_at) AS first, max(last_at) AS last`,
      groupBy: stored,
    },
    events: `${column} AS key, toUInt64(1) AS n, toUInt64(outcome IN ${FAILED}) AS failed, occurred_at AS first, occurred_at AS last`,
    where: '',
    eventsWhere: party === 'resource' ? " AND resource_id != ''" : ` AND ${column} != ''`,
  });
}

interface Counts {
  select: string;
  groupBy?: string;
}

interface Source {
  /** Expressions, of all alike. */
  rollups: Counts;
  blocks?: Counts;
  events: string;
  where: string;
  eventsWhere?: string;
  params?: Record<string, unknown>;
}

function union(tenant: string, parts: Part[], source: Source): Where {
  const params: Record<string, unknown> = { ...source.params, tenant };
  const selects = new Map<string, { part: Part; times: string[] }>();
  // Of an empty time, a query that has the right columns.
  const given: Part[] = parts.length > 0 ? parts : [{ from: 0, to: 0, dimension: 'events' }];
  given.forEach((part, i) => {
    const { from, to, dimension, inBlocks } = part;
    const column = dimension === 'events' ? 'occurred_at' : inBlocks ? BLOCK : 'rollups.at';
    params[`from${i}`] = bounded(from);
    params[`to${i}`] = bounded(to);
    const name = `${dimension} ${inBlocks}`;
    const { times } = selects.get(name) ?? { times: [] as string[] };
    times.push(`(${column} >= ${timeOf(`from${i}`)} AND ${column} < ${timeOf(`to${i}`)})`);
    selects.set(name, { part, times });
  });
  const sql = [...selects.values()].map(({ part: { dimension, inBlocks }, times }) => {
    const where = `tenant = {tenant:String} AND (${times.join(' OR ')})${source.where}`;
    if (dimension === 'events') return `SELECT ${source.events} FROM events WHERE ${where}${source.eventsWhere ?? ''}`;
    const { select, groupBy } = (inBlocks && source.blocks) || source.rollups;
    const grouped = groupBy === undefined ? '' : ` GROUP BY ${groupBy}`;
    return `SELECT ${select} FROM rollups WHERE dimension = '${dimension}' AND ${where}${grouped}`;
  });
  return { sql: `(${sql.join('\nUNION ALL\n')})`, params };
}
