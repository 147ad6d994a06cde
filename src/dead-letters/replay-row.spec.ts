import { createHash } from 'node:crypto';
import {
  FLAG_ID_GIVEN,
  findRows,
  rowChecksum,
  rowEnvelope,
  rowFlags,
  rowId,
  rowKeyId,
  rowSignature,
} from '../events/row';
import type { RowView } from '../events/row';
import { uuidFromBytes } from '../events/uuid';
import type { DeadLetter } from './dead-letter';
import { receiptOf, replayRow } from './replay-row';

const RECEIVED = Date.UTC(2026, 0, 2);

function letter(over: Partial<DeadLetter> = {}): DeadLetter {
  const envelope = `{"description":"Grüße","receivedAt":"${new Date(RECEIVED).toISOString()}"}`;
  return {
    ...{ tenant: 'acme', id: '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12', eventId: '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d13' },
    ...{ reasonCode: 'REFUSED_BY_STORE', reason: '', batch: 1, leafIndex: 0, state: 'waiting', note: '' },
    ...{ createdAt: RECEIVED + 5, decidedBy: '', decidedAt: RECEIVED + 5, keyId: 300, signature: 'f0'.repeat(32) },
    ...{ envelope, checksum: createHash('sha256').update(envelope).digest('hex') },
    ...over,
  };
}

function read(bytes: Buffer | undefined) {
  const payload = bytes ?? Buffer.alloc(0);
  const row = findRows(payload)[0] as RowView;
  return {
    flags: rowFlags(payload, row),
    id: uuidFromBytes(rowId(payload, row)),
    checksum: rowChecksum(payload, row).toString('hex'),
    keyId: rowKeyId(payload, row),
    signature: rowSignature(payload, row).toString('hex'),
    envelope: rowEnvelope(payload, row),
  };
}

describe('the row of a dead letter', () => {
  it('is the one that was accepted, but known to have been sent before', () => {
    const { eventId: id, checksum, keyId, signature, envelope } = letter();
    expect(read(replayRow(letter()))).toEqual({ flags: FLAG_ID_GIVEN, id, checksum, keyId, signature, envelope });
  });

  it('stays unsigned when it came unsigned', () => {
    const unsigned = replayRow(letter({ keyId: 0, signature: '' }));
    expect(read(unsigned)).toMatchObject({ keyId: 0, signature: '00'.repeat(32) });
  });

  it('is not made of an envelope that was changed', () => {
    expect(replayRow(letter({ envelope: letter().envelope.replace('Grüße', 'Grüsse') }))).toBeUndefined();
  });
});

describe('the receipt of a dead letter', () => {
  it('is what its envelope says, also long before the letter was made', () => {
    expect(receiptOf(letter({ createdAt: RECEIVED + 90 * 86_400_000 }))).toBe(RECEIVED);
  });

  it('is at latest when the letter was made, whatever the envelope says', () => {
    for (const envelope of ['', '{"receivedAt":"nonsense"}', '{"receivedAt":"2999-01-01T00:00:00.000Z"}']) {
      expect(receiptOf(letter({ envelope }))).toBe(letter().createdAt);
    }
  });
});
