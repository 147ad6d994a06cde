import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { ClickHouseClient } from '@clickhouse/client';
import { canonicalize } from '../../src/events/canonical-json';
import { uuidV7 } from '../../src/events/uuid';
import { sampleEvent } from './sample';

type Row = Record<string, unknown>;

/** A ready row of the events table, as a program would hold it that does no checking and no sealing. */
function readyRow(n: number): Row {
  const event = sampleEvent(n);
  const now = new Date().toISOString();
  const id = uuidV7(Date.now());
  return {
    ...{ tenant: 'bench', id, event_type: event.eventType, category: 'data', severity: 'info', outcome: 'success' },
    ...{ occurred_at: now, received_at: now, actor: event.context.userId, subject: event.context.userId },
    ...{
      session_id: event.context.sessionId,
      ip_address: event.context.ipAddress,
      ip: `::ffff:${event.context.ipAddress}`,
    },
    ...{ resource_type: 'shipment', resource_id: event.context.resourceId, service: event.context.service },
    ...{ correlation_id: event.context.correlationId, description: event.description, record_count: event.recordCount },
    ...{ retention: n % 4 === 0 ? 'security' : 'user_action', retain_until: '2033-01-01' },
    envelope: canonicalize({ ...event, id, tenant: 'bench', receivedAt: now, occurredAt: now, v: 1 }),
    ...{ checksum: randomBytes(16).toString('hex'), key_id: 1, signature: randomBytes(16).toString('hex') },
    ...{ leaf_index: n, batch: Math.floor(n / 20_000) },
  };
}

const SETTINGS = { async_insert: 0, date_time_input_format: 'best_effort' } as const;

/** The same rows once as objects, once as a ready buffer, in batches. */
export interface ReadyBatches {
  objects: Row[][];
  buffers: Buffer[];
}

export function readyBatches(batches: number, rows: number): ReadyBatches {
  const objects = Array.from({ length: batches }, (_, b) =>
    Array.from({ length: rows }, (_, i) => readyRow(b * rows + i)),
  );
  return { objects, buffers: objects.map((batch) => Buffer.from(batch.map((row) => JSON.stringify(row)).join('\n'))) };
}

/** Rows per second of plain inserts of objects, two at a time as our writer does. */
export function insertObjects(client: ClickHouseClient, { objects }: ReadyBatches): Promise<number> {
  return rate(
    objects,
    (batch) => batch.length,
    async (values) => {
      await client.insert({ table: 'events', values, format: 'JSONEachRow', clickhouse_settings: SETTINGS });
    },
  );
}

/** Rows per second of inserts of one ready buffer each. */
export function insertBuffers(client: ClickHouseClient, { objects, buffers }: ReadyBatches): Promise<number> {
  const rows = objects[0]?.length ?? 0;
  return rate(
    buffers,
    () => rows,
    async (buffer) => {
      const { stream } = await client.exec({
        query: 'INSERT INTO events FORMAT JSONEachRow\n',
        values: Readable.from([buffer], { objectMode: false }),
        clickhouse_settings: SETTINGS,
      });
      for await (const chunk of stream) void chunk;
    },
  );
}

async function rate<T>(
  batches: T[],
  rowsOf: (batch: T) => number,
  insert: (batch: T) => Promise<void>,
): Promise<number> {
  const began = performance.now();
  const queue = [...batches];
  const worker = async () => {
    for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) await insert(batch);
  };
  await Promise.all([worker(), worker()]);
  const rows = batches.reduce((sum, batch) => sum + rowsOf(batch), 0);
  return (rows / (performance.now() - began)) * 1000;
}
