import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { QUICK } from '../clickhouse/read-rows';
import type { EventScope } from './event-scope';
import type { RuleEvent } from './rule-event';

/** What is always read; the order is that of `toEvent`. */
const ALWAYS = `toString(id), leaf_index, toUnixTimestamp64Milli(occurred_at), toUnixTimestamp64Milli(received_at),
  event_type, category, toString(severity), outcome`;

/** Fields that are read if a rule looks at them, and the columns that hold them; the order is that of `toEvent`. */
const COLUMNS = {
  userId: 'actor',
  subjectId: 'subject',
  sessionId: 'session_id',
  ipAddress: 'ip_address',
  resourceType: 'resource_type',
  resourceId: 'resource_id',
  correlationId: 'correlation_id',
  service: 'service',
  description: 'description',
  currency: 'currency',
  amount: 'toFloat64(amount)',
  recordCount: 'record_count',
} as const;

type Row = [
  id: string,
  leafIndex: number,
  occurredAt: number,
  receivedAt: number,
  eventType: string,
  category: RuleEvent['category'],
  severity: RuleEvent['severity'],
  outcome: RuleEvent['outcome'],
  userId: string,
  subjectId: string,
  sessionId: string,
  ipAddress: string,
  resourceType: string,
  resourceId: string,
  correlationId: string,
  service: string,
  description: string,
  currency: string,
  amount: number | null,
  recordCount: number | null,
  envelope: string,
];

/** Bounds of DateTime64; beyond them times would wrap around. */
const FIRST_TIME = Date.UTC(1900, 0, 1);
const LAST_TIME = Date.UTC(2299, 11, 31);

const SETTINGS = {
  output_format_json_quote_64bit_integers: 0,
  cancel_http_readonly_queries_on_client_close: 1,
  http_send_timeout: 600,
  log_queries: 0,
} as const;

interface Query {
  query: string;
  query_params: Record<string, unknown>;
}

/** Stored events as rules see them. Fields that no rule of the scope looks at are left out. */
@Injectable()
export class EventFeed {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  /**
   * Events of a tenant with leaf indices from `first` to below `end`, in their order, all at once: some ten thousand at most. All
   * of them have to be stored already.
   */
  async byLeaf(tenant: string, first: number, end: number, scope: EventScope): Promise<RuleEvent[]> {
    const where = 'leaf_index >= {first:UInt64} AND leaf_index < {end:UInt64}';
    const answer = await this.clickhouse.query({
      ...select(tenant, where, { first, end }, 'leaf_index', scope),
      format: 'JSONCompact',
      clickhouse_settings: { ...SETTINGS, ...QUICK },
    });
    const { data } = await answer.json<Row>();
    return data.map(toEvent);
  }

  /** Events that occurred from `from` to before `to` (ms), in the order of their times, of leaf indices below `endLeaf`. */
  async *byTime(
    tenant: string,
    { from, to, endLeaf }: { from: number; to: number; endLeaf?: number },
    scope: EventScope,
  ): AsyncGenerator<RuleEvent> {
    const time = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;
    const where =
      `occurred_at >= ${time('from')} AND occurred_at < ${time('to')}` +
      (endLeaf === undefined ? '' : ' AND leaf_index < {endLeaf:UInt64}');
    const params = { from: Math.max(from, FIRST_TIME), to: Math.min(to, LAST_TIME), endLeaf };
    const cancel = new AbortController();
    const answer = await this.clickhouse.query({
      ...select(tenant, where, params, 'occurred_at, leaf_index', scope),
      format: 'JSONCompactEachRow',
      abort_signal: cancel.signal,
      clickhouse_settings: SETTINGS,
    });
    try {
      for await (const rows of answer.stream<Row>()) for (const row of rows) yield toEvent(row.json());
    } finally {
      // A reader that leaves early ends the query too.
      cancel.abort();
    }
  }
}

function select(
  tenant: string,
  where: string,
  params: Record<string, unknown>,
  order: string,
  scope: EventScope,
): Query {
  const columns = Object.entries(COLUMNS).map(([field, column]) => (scope.fields.has(field) ? column : 'NULL'));
  return {
    query: `SELECT ${ALWAYS}, ${columns.join(', ')}, ${scope.needsEnvelope ? 'envelope' : 'NULL'}
FROM events
WHERE tenant = {tenant:String} AND ${where} AND ${scope.sql}
ORDER BY ${order}`,
    query_params: { tenant, ...params, ...scope.params },
  };
}

const present = (text: string | null): string | undefined => (text === null || text === '' ? undefined : text);

function toEvent(row: Row): RuleEvent {
  return {
    id: row[0],
    leafIndex: row[1],
    occurredAt: row[2],
    receivedAt: row[3],
    eventType: row[4],
    category: row[5],
    severity: row[6],
    outcome: row[7],
    userId: present(row[8]),
    subjectId: present(row[9]),
    sessionId: present(row[10]),
    ipAddress: present(row[11]),
    resourceType: present(row[12]),
    resourceId: present(row[13]),
    correlationId: present(row[14]),
    service: present(row[15]),
    description: present(row[16]),
    currency: present(row[17]),
    amount: row[18] ?? undefined,
    recordCount: row[19] ?? undefined,
    envelope: present(row[20]) === undefined ? undefined : (JSON.parse(row[20]) as Record<string, unknown>),
  };
}
