import { hash } from 'node:crypto';
import { buildEnvelope } from '../events/envelope';
import { EVENT_TYPES, RetentionClass } from '../events/event-types';
import { rowChecksum, rowId, rowSize, writeRow } from '../events/row';
import { derivedUuidV7, uuidFromBytes, uuidToBytes } from '../events/uuid';
import type { TenantSealer } from '../keys/event-sealer';
import { RefusedRow, Segment, tenantOf, viewOf } from './batch';

/**
 * The row that stands in the ledger in place of one that the store refuses: a small event that names the original by id
 * and checksum. Its envelope is always the same for the same original; it is signed with the key of today.
 */
export function quarantineRow(
  segment: Segment,
  refused: RefusedRow,
  retentionDays: Readonly<Record<RetentionClass, number>>,
  sign: TenantSealer['sign'],
): Buffer {
  const view = viewOf(segment, refused.row);
  const type = EVENT_TYPES.get('AUDIT_EVENT_QUARANTINED');
  if (!type) throw new Error('the registry lacks AUDIT_EVENT_QUARANTINED');
  const receivedAt = segment.pointer.acceptedAt;
  const id = deadLetterId(segment, refused);
  const envelope = buildEnvelope(
    {
      eventType: 'AUDIT_EVENT_QUARANTINED',
      description: 'An event could not be stored; it waits in the dead-letter store',
      context: { service: 'mcp-audit', resourceType: 'dead-letter', resourceId: id },
      details: {
        checksum: rowChecksum(segment.payload, view).toString('hex'),
        eventId: uuidFromBytes(rowId(segment.payload, view)),
        reasonCode: refused.reasonCode,
      },
    },
    { tenant: tenantOf(segment, refused.row), id, receivedAt, retentionDays, type },
  );
  const written = Buffer.from(envelope);
  const row = Buffer.alloc(rowSize(written.length));
  const checksum = hash('sha256', written, 'binary');
  const { keyId, signatures } = sign(Buffer.from(checksum, 'latin1'));
  const signature = signatures?.toString('latin1');
  writeRow(row, 0, { flags: 0, id: uuidToBytes(id), checksum, keyId, signature }, written);
  return row;
}

/** The id of the dead letter that a row becomes: always the same, so that storing it twice is harmless. */
export function deadLetterId(segment: Segment, refused: RefusedRow): string {
  return derivedUuidV7(`dead-letter/${segment.id}/${refused.row}`, segment.pointer.acceptedAt);
}
