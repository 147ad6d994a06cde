import { createHash } from 'node:crypto';
import {
  findRows,
  rowChecksum,
  rowEnvelope,
  rowFlags,
  rowId,
  RowHead,
  rowSize,
  RowView,
  writeRow,
} from '../events/row';
import { uuidFromBytes } from '../events/uuid';
import { PLAIN } from '../keys/event-sealer';
import { openSegment, RefusedRow, Segment } from './batch';
import { deadLetterId, quarantineRow } from './quarantine';

const DAYS = { security: 10, compliance: 10, financial: 10, user_action: 10 };
const refused = (row: number): RefusedRow => ({ segment: 's', row, reasonCode: 'REFUSED_BY_STORE', reason: 'secret' });

function segment(): Segment {
  const envelope = Buffer.from('{"description":"planted-secret"}');
  const head: RowHead = { flags: 1, id: Buffer.alloc(16, 7), checksum: 'ÿ'.repeat(32), keyId: 3, signature: undefined };
  const payload = Buffer.alloc(2 * rowSize(envelope.length));
  const second = writeRow(payload, 0, head, envelope);
  writeRow(payload, second, { ...head, id: Buffer.alloc(16, 8) }, envelope);
  const acceptedAt = Date.UTC(2026, 10, 23);
  return openSegment({ segment: 's', runs: [{ tenant: 'acme', rows: 2 }], bytes: payload.length, acceptedAt }, payload);
}

describe('the event in place of one that the store refuses', () => {
  it('names the original by id and checksum, and holds nothing of it', () => {
    const bytes = quarantineRow(segment(), refused(1), DAYS, PLAIN.sign);
    const view = findRows(bytes)[0] as RowView;
    const envelope = rowEnvelope(bytes, view);
    expect(JSON.parse(envelope)).toMatchObject({
      eventType: 'AUDIT_EVENT_QUARANTINED',
      tenant: 'acme',
      context: { resourceType: 'dead-letter', resourceId: deadLetterId(segment(), refused(1)) },
      details: {
        eventId: uuidFromBytes(Buffer.alloc(16, 8)),
        checksum: 'ff'.repeat(32),
        reasonCode: 'REFUSED_BY_STORE',
      },
      receivedAt: '2026-11-23T00:00:00.000Z',
    });
    expect(envelope).not.toMatch(/secret/);
    expect(rowChecksum(bytes, view)).toEqual(createHash('sha256').update(envelope).digest());
    expect(uuidFromBytes(rowId(bytes, view))).toBe(deadLetterId(segment(), refused(1)));
    expect(rowFlags(bytes, view)).toBe(0);
  });

  it('is the same each time, and another for another row', () => {
    expect(quarantineRow(segment(), refused(0), DAYS, PLAIN.sign)).toEqual(
      quarantineRow(segment(), refused(0), DAYS, PLAIN.sign),
    );
    expect(quarantineRow(segment(), refused(0), DAYS, PLAIN.sign)).not.toEqual(
      quarantineRow(segment(), refused(1), DAYS, PLAIN.sign),
    );
  });
});
