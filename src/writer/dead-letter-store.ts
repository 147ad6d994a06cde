import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { rowChecksum, rowEnvelope, rowId, rowKeyId, rowSignature, RowView } from '../events/row';
import { uuidFromBytes } from '../events/uuid';
import type { PlacedRow, RefusedRow, Segment } from './batch';
import type { Manifest } from './manifest-store';
import { deadLetterId } from './quarantine';

/** Keeps what the events table refused. */
@Injectable()
export class DeadLetterStore {
  constructor(@Inject(CLICKHOUSE) private readonly client: ClickHouseClient) {}

  /** Stores the dead letters of a batch. Doing it twice changes nothing, and never takes a replay back. */
  async store(manifest: Manifest, segments: Segment[], rows: PlacedRow[]): Promise<void> {
    const refused = [...manifest.plan.conflicts, ...manifest.poison];
    if (refused.length === 0) return;
    const leafOf = new Map(rows.map((row) => [`${row.segment.id}/${row.row}`, row.leafIndex]));
    const values = refused.flatMap((letter) => {
      const segment = segments.find((s) => s.id === letter.segment);
      return segment ? [record(manifest.batch, segment, letter, leafOf.get(`${letter.segment}/${letter.row}`))] : [];
    });
    await this.client.insert({
      table: 'dead_letters',
      values,
      format: 'JSONEachRow',
      clickhouse_settings: { async_insert: 0, date_time_input_format: 'best_effort' },
    });
  }
}

function record(
  batch: number,
  segment: Segment,
  letter: RefusedRow,
  leafIndex: number | undefined,
): Record<string, unknown> {
  const view = segment.rows[letter.row] as RowView;
  const keyId = rowKeyId(segment.payload, view);
  const at = new Date(segment.pointer.acceptedAt).toISOString();
  return {
    tenant: segment.tenants[letter.row],
    id: deadLetterId(segment, letter),
    event_id: uuidFromBytes(rowId(segment.payload, view)),
    reason_code: letter.reasonCode,
    reason: letter.reason,
    envelope: rowEnvelope(segment.payload, view),
    checksum: rowChecksum(segment.payload, view).toString('hex'),
    key_id: keyId,
    signature: keyId === 0 ? '' : rowSignature(segment.payload, view).toString('hex'),
    batch,
    leaf_index: leafIndex ?? null,
    state: 'waiting',
    created_at: at,
    // A replay is later than this, so it stays in force when the letter is stored again.
    updated_at: at,
  };
}
