import { Sealer } from '../../src/ledger/sealer';
import { CheckpointSigner } from '../../src/keys/checkpoint-signer';
import type { Finding, VerificationReport } from '../../src/ledger/verify-report';
import { RetentionManifest } from '../../src/privacy/retention-manifest';
import { RetentionManifestStore } from '../../src/privacy/retention-manifest-store';
import { testSealer } from '../support/test-sealer';
import { OwnWriter, ownWriter } from '../support/own-writer';
import { OwnApi, ownApi } from '../support/search-api';
import { freshTenant, putRows, rowsOf } from '../support/segments';

/** What a database administrator could do to the stored data, and whether verification finds and names it. */
let api: OwnApi;
let writer: OwnWriter;
let sealer: Sealer;
const inApi = <T>(type: new (...args: never[]) => T): T => api.app.get<T>(type, { strict: false });

beforeAll(async () => {
  api = await ownApi();
  writer = await ownWriter(api.stores);
  const signer = inApi(CheckpointSigner);
  sealer = testSealer(api.stores, signer, writer.keys);
});
afterAll(() => api.close());

interface Stored {
  id: string;
  leafIndex: number;
}

/** A ledger of a tenant of its own: events come in by the API, signed, and are sealed under several checkpoints. */
class Log {
  readonly tenant = freshTenant();
  events: Stored[] = [];

  static async of(...counts: number[]): Promise<Log> {
    const log = new Log();
    for (const count of counts) await log.append(count);
    return log;
  }

  async append(count: number): Promise<void> {
    const events = Array.from({ length: count }, (_, i) => ({
      eventType: 'DATA_READ',
      description: `event ${i}`,
      context: { userId: `u${i % 7}`, ipAddress: '10.0.0.1' },
      amount: 12.5,
    }));
    const answer = await api.request(this.tenant, 'events', {
      ...{ role: 'ingest', method: 'POST', headers: { 'content-type': 'application/json' } },
      body: JSON.stringify(events),
    });
    expect(answer.status).toBe(202);
    await this.land();
  }

  /** Writes and seals what was accepted, with the system's own acts. */
  async land(): Promise<void> {
    await writer.drain();
    expect((await sealer.round([this.tenant], new Set())).alarms.size).toBe(0);
    const answer = await api.stores.clickhouse.query({
      query: `SELECT toString(id) AS id, toUInt32(leaf_index) AS leafIndex FROM events
              WHERE tenant = {tenant:String} ORDER BY leaf_index`,
      query_params: { tenant: this.tenant },
      format: 'JSONEachRow',
    });
    this.events = await answer.json<Stored>();
  }

  at(leaf: number): string {
    const event = this.events.find((each) => each.leafIndex === leaf);
    if (!event) throw new Error(`there is no leaf ${leaf}`);
    return event.id;
  }

  /** SQL behind the system's back, with `{tenant}` bound. */
  async sql(query: string): Promise<void> {
    await api.stores.clickhouse.command({
      query,
      query_params: { tenant: this.tenant },
      clickhouse_settings: { mutations_sync: '2', date_time_input_format: 'best_effort' },
    });
  }

  async checkpoint(): Promise<string> {
    return (await api.request(this.tenant, `ledger/${this.tenant}/checkpoint`, {})).text();
  }

  async verify(body: object = {}): Promise<VerificationReport> {
    const answer = await api.request(this.tenant, `ledger/${this.tenant}/verifications`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    });
    expect(answer.status).toBe(200);
    const lines = (await answer.text()).trim().split('\n');
    const last = JSON.parse(lines.at(-1) ?? '') as { report?: VerificationReport };
    if (!last.report) throw new Error(lines.at(-1));
    return last.report;
  }

  /** Faults in short. */
  async faults(body: object = {}): Promise<object[]> {
    return short((await this.verify(body)).faults.listed);
  }
}

const short = (listed: Finding<string>[]) =>
  listed.map(({ kind, leafIndex, eventId, columns }) => ({ kind, leafIndex, eventId, ...(columns && { columns }) }));
const WHERE = 'WHERE tenant = {tenant:String} AND leaf_index';

describe('an untouched log', () => {
  it('has no fault', async () => {
    const log = await Log.of(300, 300, 1);
    const report = await log.verify();
    expect(report).toMatchObject({
      ...{ sound: true, kind: 'full', from: 0, to: 601, events: 601, signatures: 601, checkpoints: 4, tiles: 2 },
      ...{ faults: { total: 0 }, notes: { total: 0 } },
    });
    await log.land();
    expect(log.events).toHaveLength(602);
  });

  it('has none in a part of it either, and continues the checkpoints given out before', async () => {
    const log = await Log.of(300);
    const checkpoint = await log.checkpoint();
    await log.append(300);
    await log.append(100);
    const parts = [{}, { from: 10, to: 20 }, { from: 299, to: 301 }, { from: 650 }, { to: 1 }];
    for (const part of parts) expect(await log.verify({ ...part, checkpoint })).toMatchObject({ sound: true });
    const part = await log.verify({ from: 310, to: 320, checkpoint });
    expect(part).toMatchObject({ sound: true, kind: 'incremental', events: 10, size: 600 });
    const later = new Date(Date.now() + 60_000).toISOString();
    expect(await log.verify({ from: later })).toMatchObject({ sound: true, events: 0 });
    expect(await log.verify({ to: later })).toMatchObject({ sound: true, from: 0, kind: 'full' });
  });
});

describe('tampering with stored events', () => {
  it('is found where an envelope was altered, checksum and column with it', async () => {
    const log = await Log.of(20, 20);
    await log.sql(
      `ALTER TABLE events UPDATE envelope = replaceOne(envelope, 'event 5', 'event X'), description = 'event X',
         checksum = SHA256(replaceOne(envelope, 'event 5', 'event X')) ${WHERE} = 5`,
    );
    const { listed } = (await log.verify()).faults;
    expect(short(listed)).toEqual([{ kind: 'altered', leafIndex: 5, eventId: log.at(5) }]);
    expect(listed[0]?.detail).toContain('signature is wrong');
    expect(await log.faults({ from: 5, to: 6 })).toHaveLength(1);
    expect(await log.faults({ from: 6 })).toEqual([]);
  });

  it('is found where only the checksum or a column was altered', async () => {
    const log = await Log.of(20);
    await log.sql(`ALTER TABLE events UPDATE severity = 'critical', service = 'x' ${WHERE} = 3`);
    await log.sql(`ALTER TABLE events UPDATE checksum = SHA256('x') ${WHERE} = 4`);
    await log.sql(`ALTER TABLE events UPDATE amount = NULL ${WHERE} = 5`);
    await log.sql(`ALTER TABLE events UPDATE retain_until = retain_until - 1 ${WHERE} = 6`);
    expect(await log.faults()).toEqual([
      { kind: 'column-differs', leafIndex: 3, eventId: log.at(3), columns: ['severity', 'service'] },
      { kind: 'column-differs', leafIndex: 4, eventId: log.at(4), columns: ['checksum'] },
      { kind: 'column-differs', leafIndex: 5, eventId: log.at(5), columns: ['amount'] },
      { kind: 'column-differs', leafIndex: 6, eventId: log.at(6), columns: ['retain_until'] },
    ]);
  });

  it('is found where an envelope became something else than JSON', async () => {
    const log = await Log.of(10);
    await log.sql(`ALTER TABLE events UPDATE envelope = unhex('ff00') ${WHERE} = 9`);
    const faults = await log.faults();
    expect(faults).toMatchObject([{ kind: 'altered', leafIndex: 9, eventId: log.at(9) }]);
  });

  it('is found where a row is missing', async () => {
    const log = await Log.of(20, 20);
    const receipt = { id: log.at(7), leafIndex: 7, leafHash: 'ab'.repeat(32) };
    await log.sql(`ALTER TABLE events DELETE ${WHERE} = 7`);
    expect(await log.faults()).toEqual([{ kind: 'missing', leafIndex: 7, eventId: null }]);
    // Who kept a receipt can name it.
    expect(await log.faults({ from: 20, events: [receipt] })).toEqual([
      { kind: 'missing', leafIndex: 7, eventId: log.at(7) },
    ]);
  });

  it('is found where a row was inserted: beside another, as a copy, and at the end', async () => {
    const log = await Log.of(20);
    const copy = (id: string, leaf: string, envelope: string, from: number) =>
      log.sql(`INSERT INTO events SELECT * REPLACE (${id} AS id, ${leaf} AS leaf_index, ${envelope} AS envelope,
                 SHA256(envelope) AS checksum) FROM (SELECT * FROM events ${WHERE} = ${from} LIMIT 1) AS events`);
    const forged = '01890000-0000-7000-8000-000000000001';
    const later = '01890000-0000-7000-8000-000000000002';
    const written = (id: string) => `replaceOne(envelope, toString(events.id), '${id}')`;
    await copy(`toUUID('${forged}')`, 'leaf_index', written(forged), 8);
    await copy('id', 'leaf_index', 'envelope', 9);
    await copy(`toUUID('${later}')`, '40', written(later), 10);
    expect(await log.faults()).toEqual([
      { kind: 'inserted', leafIndex: 8, eventId: forged },
      { kind: 'inserted', leafIndex: 9, eventId: log.at(9) },
      { kind: 'inserted', leafIndex: 40, eventId: later },
    ]);
  });

  it('is found where two rows changed places, or one was moved', async () => {
    const log = await Log.of(300, 20);
    await log.sql(`ALTER TABLE events UPDATE leaf_index = if(leaf_index = 3, 310, 3) ${WHERE} IN (3, 310)`);
    await log.sql(`ALTER TABLE events UPDATE leaf_index = 1000 ${WHERE} = 15`);
    expect(await log.faults()).toEqual([
      { kind: 'reordered', leafIndex: 3, eventId: log.at(310) },
      { kind: 'reordered', leafIndex: 310, eventId: log.at(3) },
      { kind: 'reordered', leafIndex: 1000, eventId: log.at(15) },
    ]);
  });

  it('is found where a signature is wrong, of an unknown key, or taken away', async () => {
    const log = await Log.of(20);
    await log.sql(`ALTER TABLE events UPDATE signature = SHA256('x') ${WHERE} = 3`);
    await log.sql(`ALTER TABLE events UPDATE key_id = 99 ${WHERE} = 4`);
    await log.sql(`ALTER TABLE events UPDATE key_id = 0, signature = unhex('') ${WHERE} = 5`);
    const report = await log.verify();
    expect(short(report.faults.listed)).toEqual([
      { kind: 'wrong-signature', leafIndex: 3, eventId: log.at(3) },
      { kind: 'wrong-signature', leafIndex: 4, eventId: log.at(4) },
    ]);
    expect(short(report.notes.listed)).toEqual([{ kind: 'unsigned', leafIndex: 5, eventId: log.at(5) }]);
  });
});

describe('tampering with the ledger', () => {
  it('is found where a leaf hash was altered or taken away, and the event is cleared', async () => {
    const log = await Log.of(300, 20);
    await log.sql(`ALTER TABLE ledger_leaves UPDATE leaf_hash = SHA256('x') ${WHERE} = 4`);
    await log.sql(`ALTER TABLE ledger_leaves DELETE ${WHERE} = 302`);
    expect(await log.faults()).toEqual([
      { kind: 'wrong-leaf-hash', leafIndex: 4, eventId: log.at(4) },
      { kind: 'wrong-leaf-hash', leafIndex: 302, eventId: log.at(302) },
    ]);
  });

  it('is found where an event and its leaf hash were altered together', async () => {
    const log = await Log.of(20);
    const forged = `replaceOne(envelope, 'event 5', 'event X')`;
    await log.sql(`ALTER TABLE ledger_leaves UPDATE leaf_hash = (SELECT SHA256(concat(char(0), ${forged})) FROM events
                     WHERE tenant = '${log.tenant}' AND leaf_index = 5) ${WHERE} = 5`);
    await log.sql(
      `ALTER TABLE events UPDATE envelope = ${forged}, description = 'event X', checksum = SHA256(${forged}) ${WHERE} = 5`,
    );
    const kinds = (await log.verify()).faults.byKind;
    expect(kinds).toEqual({ 'wrong-signature': 1, 'wrong-checkpoint': 1 });
  });

  it('is found where a tile was altered', async () => {
    const log = await Log.of(600);
    await log.sql(
      `ALTER TABLE ledger_tiles UPDATE hash = SHA256('x') WHERE tenant = {tenant:String} AND level = 1 AND place = 1`,
    );
    const { listed } = (await log.verify()).faults;
    expect(listed).toMatchObject([{ kind: 'wrong-tile', reference: 'tile 1/1' }]);
  });

  it('is found where a checkpoint was altered or forged', async () => {
    const log = await Log.of(20, 20);
    await log.sql(`ALTER TABLE checkpoints UPDATE root = SHA256('x') WHERE tenant = {tenant:String} AND size = 20`);
    await log.sql(`INSERT INTO checkpoints SELECT * REPLACE (50 AS size, replaceOne(note, '\\n40\\n', '\\n50\\n') AS note)
                   FROM (SELECT * FROM checkpoints WHERE tenant = {tenant:String} AND size = 40)`);
    const { listed } = (await log.verify()).faults;
    expect(listed).toMatchObject([
      { kind: 'wrong-checkpoint', reference: '50', detail: expect.stringContaining('signature') as string },
      { kind: 'wrong-checkpoint', reference: '20', detail: expect.stringContaining('columns') as string },
    ]);
  });

  it('is found where the tail was cut off everywhere, by a checkpoint that was kept', async () => {
    const log = await Log.of(20, 5);
    const checkpoint = await log.checkpoint();
    await log.sql(`ALTER TABLE events DELETE ${WHERE} >= 20`);
    await log.sql(`ALTER TABLE ledger_leaves DELETE ${WHERE} >= 20`);
    await log.sql(`ALTER TABLE checkpoints DELETE WHERE tenant = {tenant:String} AND size > 20`);
    await api.stores.redis.hdel(writer.keys.ledgerHeads(), log.tenant);
    expect(await log.faults()).toEqual([]);
    const { listed, byKind } = (await log.verify({ checkpoint })).faults;
    expect(byKind).toEqual({ 'wrong-checkpoint': 1, missing: 5 });
    expect(short(listed).slice(0, 2)).toEqual([
      { kind: 'missing', leafIndex: 20, eventId: null },
      { kind: 'missing', leafIndex: 21, eventId: null },
    ]);
  });

  it('refuses a checkpoint of another ledger', async () => {
    const [log, other] = [await Log.of(3), await Log.of(3)];
    const answer = await api.request(log.tenant, `ledger/${log.tenant}/verifications`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
      body: JSON.stringify({ checkpoint: await other.checkpoint() }),
    });
    expect(answer.status).toBe(422);
  });
});

describe('what may be absent', () => {
  /** Events that were received so many days ago; DATA_READ is kept for 365 days. */
  const old = async (count: number): Promise<Log> => {
    const log = new Log();
    const at = Date.now() - 400 * 86_400_000;
    const events = Array.from({ length: count }, (_, i) => ({ eventType: 'DATA_READ', description: `event ${i}` }));
    await putRows(api.stores.redis, writer.keys, log.tenant, rowsOf(log.tenant, events, { receivedAt: at }), at);
    await log.land();
    return log;
  };
  const expire = (log: Log) =>
    api.request(log.tenant, 'privacy/retention/run', {
      ...{ role: 'admin', method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
    });

  it('is what retention removed under a signed manifest, which is shown', async () => {
    const log = await old(5);
    expect((await expire(log)).status).toBeLessThan(300);
    await log.append(3);
    const report = await log.verify();
    expect(report.faults).toMatchObject({ total: 0 });
    expect(report.notes.byKind['retention-expired']).toBe(5);
    expect(report.manifests).toMatchObject([
      { retention: 'user_action', leaves: 5, body: expect.any(String) as string },
    ]);
  });

  it('is nothing that a forged manifest names', async () => {
    const log = await old(5);
    expect((await expire(log)).status).toBeLessThan(300);
    await log.append(10);
    const store = inApi(RetentionManifestStore);
    const [manifest] = await store.all(log.tenant);
    const id = '01890000-0000-7000-8000-00000000000f';
    await store.save({ ...(manifest as RetentionManifest), id, ranges: [[8, 8]], leafCount: 1 });
    await log.sql(`ALTER TABLE events DELETE ${WHERE} = 8`);
    const { listed } = (await log.verify()).faults;
    expect(listed).toMatchObject([
      { kind: 'missing', leafIndex: 8, eventId: null },
      { kind: 'wrong-manifest', reference: id },
    ]);
  });
});
