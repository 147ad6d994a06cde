import { ClickHouseError } from '@clickhouse/client';
import type { Role } from '../../src/access/permissions';
import { DeadLetterArchive } from '../../src/dead-letters/dead-letter-archive';
import { Decisions } from '../../src/dead-letters/decisions';
import { replayRow } from '../../src/dead-letters/replay-row';
import { uuidV7 } from '../../src/events/uuid';
import { PipelineState, PipelineStateReader } from '../../src/health/pipeline-state';
import { PLAIN } from '../../src/keys/event-sealer';
import { EventWriter } from '../../src/writer/event-writer';
import { OwnWriter, ownWriter } from '../support/own-writer';
import { OwnApi, ownApi } from '../support/search-api';
import { freshTenant, putRows, putSegment, rowsOf } from '../support/segments';

interface Summary {
  id: string;
  eventId: string;
  reasonCode: string;
  reason: string;
  state: string;
  createdAt: string;
  decidedBy: string | null;
  note: string | null;
}
interface Page {
  items: Summary[];
  nextCursor: string | null;
}

/** Refuses rows that hold a word, as ClickHouse refuses data, until the fault is mended. */
class FaultyWriter extends EventWriter {
  broken = true;

  override async insert(batch: number, attempt: number, deadline: number, rows: Buffer[]): Promise<void> {
    this.judge(rows);
    return super.insert(batch, attempt, deadline, rows);
  }
  override async rehearse(rows: Buffer[]): Promise<void> {
    this.judge(rows);
    return super.rehearse(rows);
  }
  private judge(rows: Buffer[]): void {
    if (!this.broken || !rows.some((row) => row.includes('indigestible'))) return;
    throw new ClickHouseError({ message: 'it is indigestible', code: '117', type: 'INCORRECT_DATA' });
  }
}

describe('dead letters', () => {
  let api: OwnApi;
  let own: OwnWriter;
  let store: FaultyWriter;
  let tenant: string;

  beforeAll(async () => {
    api = await ownApi();
    store = new FaultyWriter(api.stores.clickhouse);
    own = await ownWriter(api.stores, store);
  });
  afterAll(() => api.close());
  beforeEach(() => {
    tenant = freshTenant();
    store.broken = true;
  });
  afterEach(() => own.drain());

  const send = (...events: object[]) => putSegment(api.stores.redis, own.keys, tenant, events);
  const poison = (over: object = {}) => ({ description: 'indigestible', ...over });
  const call = (method: string, path: string, options: { role?: Role; as?: string; body?: object } = {}) =>
    api.request(options.as ?? tenant, `dead-letters${path}`, {
      method,
      role: options.role ?? 'admin',
      ...(options.body && { body: JSON.stringify(options.body), headers: { 'content-type': 'application/json' } }),
    });
  const list = async (query = '') => (await (await call('GET', query)).json()) as Page;
  const replay = (id: string) => call('POST', `/${id}/replay`);
  const discard = (id: string, reason = 'TICKET-1') => call('POST', `/${id}/discard`, { body: { reason } });
  const codeOf = async (answer: Response) => [answer.status, ((await answer.json()) as { code: string }).code];
  const books = (): Promise<PipelineState> => api.app.get(PipelineStateReader, { strict: false }).read(tenant);
  const rows = async (where: string) => {
    const answer = await api.stores.clickhouse.query({
      query: `SELECT toString(id) AS id, event_type AS type, lower(hex(checksum)) AS sum, key_id AS keyId,
                     lower(hex(signature)) AS signature, envelope
              FROM events WHERE tenant = {tenant:String} AND ${where} ORDER BY leaf_index`,
      query_params: { tenant },
      format: 'JSONEachRow',
    });
    return answer.json<{ id: string; type: string; sum: string; keyId: number; signature: string; envelope: string }>();
  };
  /** The dead letter of one event that the store has just refused. */
  const deadLetter = async (over: object = {}): Promise<Summary> => {
    await send(poison(over));
    await own.drain();
    const { items } = await list('?state=waiting&limit=1');
    if (!items[0]) throw new Error('nothing was refused');
    return items[0];
  };

  it('are listed newest first, in pages, with what their events were refused for', async () => {
    const ids = [uuidV7(1), uuidV7(2), uuidV7(3)];
    for (const id of ids) await deadLetter({ id });
    const first = await list('?limit=2');
    const second = await list(`?limit=2&cursor=${first.nextCursor}`);
    expect([...first.items, ...second.items].map((letter) => letter.eventId)).toEqual([...ids].reverse());
    expect(second.nextCursor).toBeNull();
    expect(first.items[0]).toMatchObject({ reasonCode: 'REFUSED_BY_STORE', reason: 'it is indigestible' });
    expect(first.items[0]).toMatchObject({ state: 'waiting', decidedBy: null, decidedAt: null, note: null });
  });

  it('are found by state, reason code, event and time', async () => {
    const id = uuidV7(Date.now());
    const refused = await deadLetter();
    await send({ id }, { id, description: 'something else' });
    await own.drain();
    const found = async (query: string) => (await list(query)).items.map((letter) => letter.reasonCode).sort();
    expect(await found('')).toEqual(['ID_CONFLICT', 'REFUSED_BY_STORE']);
    expect(await found('?reasonCode=ID_CONFLICT')).toEqual(['ID_CONFLICT']);
    expect(await found(`?eventId=${refused.eventId}`)).toEqual(['REFUSED_BY_STORE']);
    expect(await found('?state=discarded')).toEqual([]);
    await discard(refused.id);
    expect(await found('?state=discarded&state=replayed')).toEqual(['REFUSED_BY_STORE']);
    expect(await found(`?to=${refused.createdAt}`)).toEqual([]);
    expect(await found(`?from=${refused.createdAt}`)).toHaveLength(2);
    expect(await codeOf(await call('GET', '?cursor=x'))).toEqual([400, 'CURSOR_INVALID']);
    expect(await codeOf(await call('GET', '?reason=x'))).toEqual([400, 'QUERY_INVALID']);
  });

  it('hold the event as it was accepted', async () => {
    const segment = await send(poison());
    await own.drain();
    const letter = (await list()).items[0] as Summary;
    const whole = (await (await call('GET', `/${letter.id}`)).json()) as { envelope: string; checksum: string };
    expect(segment.payload.includes(whole.envelope)).toBe(true);
    expect(segment.payload.includes(Buffer.from(whole.checksum, 'hex'))).toBe(true);
    const [inItsPlace] = await rows('1');
    expect(inItsPlace).toMatchObject({ id: letter.id, type: 'AUDIT_EVENT_QUARANTINED' });
  });

  it('are for administrators of their tenant only', async () => {
    const { id } = await deadLetter();
    const requests = [
      ['GET', ''],
      ['GET', `/${id}`],
      ['POST', `/${id}/replay`],
      ['POST', `/${id}/discard`],
    ] as const;
    for (const [method, path] of requests) {
      const body = path.endsWith('discard') ? { body: { reason: 'x' } } : {};
      expect((await call(method, path, { role: 'officer', ...body })).status).toBe(403);
      const foreign = await call(method, path, { as: freshTenant(), ...body });
      if (path === '') expect(await foreign.json()).toEqual({ items: [], nextCursor: null });
      else expect(await codeOf(foreign)).toEqual([404, 'DEAD_LETTER_UNKNOWN']);
    }
    expect((await list()).items[0]?.state).toBe('waiting');
  });

  describe('that are replayed', () => {
    it('are stored as they were accepted, with hash, key and signature, and are dead no longer', async () => {
      const sign = () => ({ keyId: 7, signatures: Buffer.from('\x00ÿ'.repeat(32), 'latin1') });
      const sealer = { ...PLAIN, sign };
      await putRows(api.stores.redis, own.keys, tenant, rowsOf(tenant, [poison(), {}], { sealer }));
      await own.drain();
      const letter = (await list()).items[0] as Summary;
      const whole = (await (await call('GET', `/${letter.id}`)).json()) as { envelope: string; checksum: string };
      expect(await books()).toMatchObject({ accepted: 2, stored: 1, deadLettered: 1, quarantined: 1, unaccounted: 0 });
      store.broken = false;
      const answer = await replay(letter.id);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ id: letter.id, state: 'replayed' });
      // Its own record waits as well, and counts as accepted.
      expect(await books()).toMatchObject({ accepted: 3, stored: 1, waiting: 2, deadLettered: 0, unaccounted: 0 });
      await own.drain();
      expect(await rows("description = 'indigestible'")).toEqual([
        {
          id: letter.eventId,
          type: 'DATA_READ',
          sum: whole.checksum,
          keyId: 7,
          signature: '00ff'.repeat(16),
          envelope: whole.envelope,
        },
      ]);
      const after = await books();
      expect(after).toMatchObject({ accepted: 3, stored: 3, waiting: 0, deadLettered: 0, waitingBytes: 0 });
      expect(after).toMatchObject({ duplicates: 0, quarantined: 1, unaccounted: 0 });
    });

    it('are sent once, however often and by how many that is asked at a time', async () => {
      const { id, eventId } = await deadLetter();
      store.broken = false;
      const answers = await Promise.all(Array.from({ length: 6 }, () => replay(id)));
      expect(answers.map((answer) => answer.status)).toEqual(Array(6).fill(200));
      expect((await replay(id)).status).toBe(200);
      await own.drain();
      expect((await replay(id)).status).toBe(200);
      await own.drain();
      expect(await rows(`id = '${eventId}'`)).toHaveLength(1);
      const { stored, accepted, duplicates, unaccounted } = await books();
      // The acts of the six requests are one: those that came second were dropped as repeats.
      expect({ stored, unaccounted, rest: accepted - duplicates }).toEqual({ stored: 2, unaccounted: 0, rest: 2 });
      const acts = await rows("event_type = 'AUDIT_DEAD_LETTER_REPLAYED'");
      expect(acts).toHaveLength(1);
      expect(JSON.parse(acts[0]?.envelope ?? '')).toMatchObject({
        context: { userId: expect.stringMatching(/^apikey:/) as string, resourceType: 'dead-letter', resourceId: id },
        details: { eventId, reasonCode: 'REFUSED_BY_STORE' },
      });
    });

    it('are finished by a repeat when the first request died after its decision', async () => {
      const { id, eventId } = await deadLetter();
      const letter = await api.app.get(DeadLetterArchive, { strict: false }).get(tenant, id);
      await api.app.get(Decisions, { strict: false }).replay(letter, replayRow(letter) as Buffer);
      expect((await list()).items[0]?.state).toBe('waiting');
      expect(await codeOf(await discard(id))).toEqual([409, 'DEAD_LETTER_DECIDED']);
      store.broken = false;
      await own.drain();
      expect((await replay(id)).status).toBe(200);
      await own.drain();
      expect((await list()).items[0]?.state).toBe('replayed');
      expect(await rows(`id = '${eventId}'`)).toHaveLength(1);
      expect(await books()).toMatchObject({ accepted: 2, stored: 2, duplicates: 0, unaccounted: 0 });
    });

    it('become other letters when the store still refuses them, and can be replayed again', async () => {
      const month = 31 * 86_400_000;
      const old = rowsOf(tenant, [poison()], { receivedAt: Date.now() - month });
      await putRows(api.stores.redis, own.keys, tenant, old);
      await own.drain();
      const letter = (await list()).items[0] as Summary;
      await replay(letter.id);
      await own.drain();
      const { items } = await list(`?eventId=${letter.eventId}`);
      expect(items.map((item) => item.state)).toEqual(['waiting', 'replayed']);
      expect(await books()).toMatchObject({ deadLettered: 1, quarantined: 2, unaccounted: 0 });
      store.broken = false;
      await replay(items[0]?.id ?? '');
      await own.drain();
      expect(await rows("description = 'indigestible'")).toHaveLength(1);
      expect(await books()).toMatchObject({ deadLettered: 0, unaccounted: 0 });
    });

    it('are refused while another event of their id stands in the log, and stored once it is gone', async () => {
      const id = uuidV7(Date.now());
      await send({ id, description: 'the first' });
      await own.drain();
      await send({ id, description: 'the second' });
      await own.drain();
      const letter = (await list()).items[0] as Summary;
      expect(letter).toMatchObject({ eventId: id, reasonCode: 'ID_CONFLICT' });
      expect(await codeOf(await replay(letter.id))).toEqual([409, 'ID_CONFLICT']);
      expect((await list()).items[0]?.state).toBe('waiting');
      await api.stores.clickhouse.command({
        query: 'ALTER TABLE events DELETE WHERE tenant = {tenant:String} SETTINGS mutations_sync = 1',
        query_params: { tenant },
      });
      expect((await replay(letter.id)).status).toBe(200);
      await own.drain();
      expect(await rows("description = 'the second'")).toHaveLength(1);
    });

    it('are refused when somebody changed them in the store', async () => {
      const { id } = await deadLetter();
      await api.stores.clickhouse.command({
        query: `ALTER TABLE dead_letters UPDATE envelope = replaceOne(envelope, 'indigestible', 'delicious')
                WHERE tenant = {tenant:String} SETTINGS mutations_sync = 1`,
        query_params: { tenant },
      });
      expect(await codeOf(await replay(id))).toEqual([409, 'DEAD_LETTER_ALTERED']);
      expect(await books()).toMatchObject({ waiting: 0, deadLettered: 1, unaccounted: 0 });
    });

    it('wait until their batch is committed, since the books do not know them before', async () => {
      const { id } = await deadLetter();
      const letter = await api.app.get(DeadLetterArchive, { strict: false }).get(tenant, id);
      const manifest = own.keys.manifest(String(letter.batch));
      await api.stores.redis.hset(manifest, 'plan', '{}');
      const answer = await replay(id);
      expect(answer.headers.get('retry-after')).not.toBeNull();
      expect(await codeOf(answer)).toEqual([503, 'DEAD_LETTER_BUSY']);
      await api.stores.redis.del(manifest);
      expect((await replay(id)).status).toBe(200);
    });
  });

  describe('that are discarded', () => {
    it('stay readable and counted, with who gave them up and why, and are never sent again', async () => {
      const { id } = await deadLetter();
      expect((await call('POST', `/${id}/discard`, { body: {} })).status).toBe(400);
      expect((await discard(id, 'TICKET-4711')).status).toBe(200);
      expect((await discard(id, 'TICKET-4711')).status).toBe(200);
      expect(await codeOf(await replay(id))).toEqual([409, 'DEAD_LETTER_DECIDED']);
      const kept = (await (await call('GET', `/${id}`)).json()) as Summary & { envelope: string };
      expect(kept).toMatchObject({ state: 'discarded', note: 'TICKET-4711' });
      expect(kept.decidedBy).toMatch(/^[0-9a-f]{12}$/);
      expect(kept.envelope).toContain('indigestible');
      await own.drain();
      const acts = await rows("event_type = 'AUDIT_DEAD_LETTER_DISCARDED'");
      expect(acts).toHaveLength(1);
      expect(acts[0]?.envelope).toContain('TICKET-4711');
      expect(await books()).toMatchObject({ accepted: 2, stored: 1, deadLettered: 1, unaccounted: 0 });
    });
  });
});
