import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { rowChecksum, rowEnvelope, rowId, rowKeyId, rowSignature } from '../events/row';
import { uuidFromBytes } from '../events/uuid';
import { PlacedRun, RefusedRow, Segment, tenantOf, viewOf } from './batch';
import type { Manifest } from './manifest-store';
import { deadLetterId } from './quarantine';

/** Keeps what the events table refused. */
@Injectable()
export class DeadLetterStore {
  constructor(@Inject(CLICKHOUSE) private readonly client: ClickHouseClient) {}

  /** Stores the dead letters of a batch. Doing it twice changes nothing, and never takes a replay back. */
  async store(manifest: Manifest, segments: Segment[], rows: PlacedRun[]): Promise<void> {
    const refused = [...manifest.plan.conflicts, ...manifest.poison];
    if (refused.length === 0) return;
    const values = refused.flatMap((letter) => {
      const segment = segments.find((s) => s.id === letter.segment);
      return segment ? [record(manifest.batch, segment, letter, leafOf(rows, letter))] : [];
    });
    await this.client.insert({
      table: 'dead_letters',
      values,
      format: 'JSONEachRow',
      clickhouse_settings: { async_insert: 0, date_time_input_format: 'best_effort' },
    });
  }
}

/** The leaf of a row; undefined if it has none. */
function leafOf(rows: PlacedRun[], { segment, row }: RefusedRow): number | undefined {
  const run = rows.find((r) => r.segment.id === segment && row >= r.first && row < r.first + r.count);
  return run && run.leaf + row - run.first;
}

function record(
  batch: number,
  segment: Segment,
  letter: RefusedRow,
  leafIndex: number | undefined,
): Record<string, unknown> {
  const view = viewOf(segment, letter.row);
  const keyId = rowKeyId(segment.payload, view);
  const at = new Date(segment.pointer.acceptedAt).toISOString();
  return {
    tenant: tenantOf(segment, letter.row),
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
