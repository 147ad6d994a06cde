import { createHash } from 'node:crypto';
import { EVENT_TYPES } from '../events/event-types';
import { findRows, FLAG_ID_GIVEN, rowChecksum, rowEnvelope, rowFlags, rowId } from '../events/row';
import { uuidFromBytes } from '../events/uuid';
import { PLAIN } from '../keys/event-sealer';
import { RowEncoder } from './row-encoder';

const RETENTION = { security: 1, compliance: 1, financial: 1, user_action: 1 };
const type = EVENT_TYPES.get('DATA_READ')!;
const event = { eventType: 'DATA_READ', description: 'gelesen: ä😀' };
const GIVEN = '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12';
const DERIVED = '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d13';

describe('RowEncoder', () => {
  it('makes rows whose id, checksum and envelope agree', () => {
    const encoder = new RowEncoder('acme', Date.UTC(2026, 0, 1), RETENTION, PLAIN);
    encoder.add(event, type);
    encoder.add({ ...event, id: GIVEN, details: { filler: 'x'.repeat(20_000) } }, type, DERIVED);
    encoder.add(event, type, DERIVED);
    const { payload, ...part } = encoder.part();
    expect(part).toEqual({ tenant: 'acme', rows: 3 });
    const rows = findRows(payload);
    expect(rows.map((row) => uuidFromBytes(rowId(payload, row)))).toEqual(encoder.ids());
    expect(encoder.ids().slice(1)).toEqual([GIVEN, DERIVED]);
    expect(rows.map((row) => rowFlags(payload, row))).toEqual([0, FLAG_ID_GIVEN, FLAG_ID_GIVEN]);
    for (const [i, row] of rows.entries()) {
      const envelope = rowEnvelope(payload, row);
      expect(JSON.parse(envelope)).toMatchObject({
        id: encoder.ids()[i],
        tenant: 'acme',
        description: event.description,
      });
      const checksum = createHash('sha256').update(envelope).digest();
      expect(rowChecksum(payload, row)).toEqual(checksum);
      const leafHash = createHash('sha256').update('\0').update(envelope).digest('hex');
      expect(encoder.receipts()[i]).toEqual({ id: encoder.ids()[i], checksum: checksum.toString('hex'), leafHash });
    }
  });

  it('takes an envelope of 65,535 bytes and refuses one byte more', () => {
    const size = (filler: number) => {
      const encoder = new RowEncoder('acme', Date.UTC(2026, 0, 1), RETENTION, PLAIN);
      const problem = encoder.add({ ...event, id: GIVEN, details: { filler: 'x'.repeat(filler) } }, type);
      return { problem, count: encoder.count };
    };
    const large = size(65_535).problem?.message ?? '';
    const overhead = Number(/takes (\d+) bytes/.exec(large)?.[1]) - 65_535;
    expect(size(65_535 - overhead)).toEqual({ problem: undefined, count: 1 });
    expect(size(65_536 - overhead)).toMatchObject({ problem: { path: '' }, count: 0 });
  });
});
