import { randomUUID } from 'node:crypto';
import { stream } from 'exceljs';
import { Readable } from 'node:stream';
import { once } from 'node:events';
import { get as httpGet } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ApiKeysService } from '../../src/access/api-keys.service';
import { leafHash } from '../../src/ledger/merkle';
import { OwnAct, SelfAudit } from '../../src/ingest/self-audit';
import { readCsv } from '../support/csv';
import { Inserted, insertEvents } from '../support/insert-events';
import { OwnApi, ownApi } from '../support/search-api';
import { waitFor } from '../support/system';

interface Line {
  leafIndex: number;
  checksum: string;
  keyId: number | null;
  signature: string | null;
  event: { id: string };
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function memoryInUse(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const NASTY = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx'];

describe('exporting', () => {
  let api: OwnApi;
  let acts: { tenant: string; act: OwnAct }[];
  const tenant = 'exports';
  let stored: Inserted[];

  beforeAll(async () => {
    api = await ownApi();
    acts = [];
    const audit = api.app.get(SelfAudit, { strict: false });
    jest.spyOn(audit, 'record').mockImplementation((of, act) => {
      acts.push({ tenant: of, act });
      return Promise.resolve(randomUUID());
    });
    stored = await insertEvents(api.stores.clickhouse, tenant, [
      ...NASTY.map((description, i) => ({
        description,
        occurredAt: new Date(Date.UTC(2026, 10, 1, i)).toISOString(),
        keyId: i % 2,
      })),
      {
        eventType: 'FINANCIAL_TRANSACTION',
        occurredAt: '2026-11-02T03:04:05.678Z',
        description: 'A "quoted", line\nbreak; ünïcode',
        context: { userId: 'u-1', ipAddress: '10.0.0.1', userAgent: '=cmd' },
        compliance: { dataCategories: ['contact', 'location'] },
        details: { nested: { a: [1, null] } },
        amount: -12.5,
        currency: 'EUR',
        recordCount: 7,
      },
    ]);
    await insertEvents(api.stores.clickhouse, 'stranger', [{ description: 'planted' }]);
  });
  afterAll(() => api.close());
  beforeEach(() => acts.splice(0));

  const fetchExport = async (query: string): Promise<Buffer> => {
    const answer = await api.request(tenant, `events/export?${query}`);
    expect(answer.status).toBe(200);
    return Buffer.from(await answer.arrayBuffer());
  };
  const lastId = () => stored.at(-1)?.id;

  it('gives NDJSON with the envelopes byte for byte', async () => {
    const text = (await fetchExport('format=ndjson')).toString();
    const lines = text.trimEnd().split('\n');
    expect(JSON.parse(lines.pop() ?? '')).toEqual({
      ledger: {
        format: 'mcp-audit-export/1',
        tenant,
        rows: stored.length,
        unsealed: stored.length,
        proofs: false,
        revealed: false,
        size: 0,
        checkpoint: null,
        publicKeys: [],
      },
    });
    expect(lines).toHaveLength(stored.length);
    lines.forEach((line, i) => expect(line.endsWith(`,"event":${stored[i]?.envelope}}`)).toBe(true));
    const [first, second] = lines.map((line) => JSON.parse(line) as Line);
    expect(first).toMatchObject({
      leafIndex: 0,
      leafHash: leafHash(Buffer.from(stored[0]?.envelope ?? '')).toString('hex'),
      underCheckpoint: false,
      keyId: null,
      signature: null,
    });
    expect(second).toMatchObject({
      leafIndex: 1,
      keyId: 1,
      signature: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(text).not.toContain('planted');
  });

  it('gives JSON that is one array', async () => {
    const lines = JSON.parse((await fetchExport('format=json')).toString()) as Line[];
    expect(lines.map((line) => line.event.id)).toEqual(stored.map((event) => event.id));
    expect(JSON.parse((await fetchExport('format=json&userId=nobody')).toString())).toEqual([]);
  });

  it('gives CSV (RFC 4180) without live formulas', async () => {
    const text = (await fetchExport('format=csv')).toString();
    expect(text.split('\r\n')[0]).toContain('"leafIndex","id","occurredAt"');
    const records = readCsv(text);
    expect(records.slice(0, 6).map((r) => r.description)).toEqual(NASTY.map((cell) => `'${cell}`));
    expect(records[6]).toMatchObject({
      id: lastId(),
      occurredAt: '2026-11-02T03:04:05.678Z',
      description: 'A "quoted", line\nbreak; ünïcode',
      userAgent: "'=cmd",
      dataCategories: 'contact; location',
      details: '{"nested":{"a":[1,null]}}',
      amount: '-12.5',
      recordCount: '7',
      changes: '',
      keyId: '',
      leafHash: leafHash(Buffer.from(stored.at(-1)?.envelope ?? '')).toString('hex'),
      underCheckpoint: 'false',
    });
    expect(records).toHaveLength(7);
  });

  it('gives Parquet with types, which ClickHouse reads back', async () => {
    const file = await fetchExport('format=parquet');
    const name = `parquet_${Date.now()}`;
    const { config, clickhouse } = api.stores;
    await clickhouse.command({
      query: `CREATE TABLE ${name} ENGINE = Memory AS
        SELECT id, leaf_index AS leafIndex, occurred_at AS occurredAt, description, amount, record_count AS recordCount,
               CAST(data_categories AS Array(String)) AS dataCategories, envelope FROM events LIMIT 0`,
    });
    const url = new URL(config.clickhouse.url ?? '');
    const credentials = Buffer.from(`${url.username}:${url.password}`).toString('base64');
    const inserted = await fetch(
      `${url.origin}/?database=${config.clickhouse.database}&query=${encodeURIComponent(`INSERT INTO ${name} FORMAT Parquet`)}`,
      { method: 'POST', body: file, headers: { authorization: `Basic ${credentials}` } },
    );
    expect([inserted.status, await inserted.text()]).toEqual([200, '']);
    const rows = await clickhouse.query({ query: `SELECT * FROM ${name} ORDER BY leafIndex`, format: 'JSONEachRow' });
    const read = await rows.json<Record<string, unknown>>();
    expect(read.map((row) => row.envelope)).toEqual(stored.map((event) => event.envelope));
    expect(read[6]).toMatchObject({
      occurredAt: '2026-11-02 03:04:05.678',
      amount: -12.5,
      dataCategories: ['contact', 'location'],
    });
  });

  it('gives Excel with real dates and numbers, and texts that are texts', async () => {
    const file = await fetchExport('format=xlsx');
    const sheets: unknown[][][] = [];
    for await (const sheet of new stream.xlsx.WorkbookReader(Readable.from([file]), { styles: 'cache' })) {
      const rows: unknown[][] = [];
      for await (const row of sheet) rows.push(row.values as unknown[]);
      sheets.push(rows);
    }
    expect(sheets).toHaveLength(2);
    expect(sheets[1]?.map((row) => row.slice(1))).toEqual([
      ['tenant', tenant],
      ['events under the checkpoint', 0],
      ['checkpoint', 'nothing is sealed yet'],
    ]);
    const [header = [], ...rows] = sheets[0] ?? [];
    const column = (name: string) => header.indexOf(name);
    expect(rows).toHaveLength(7);
    expect(rows.slice(0, 3).map((row) => row[column('description')])).toEqual(NASTY.slice(0, 3));
    expect(rows[6]?.[column('occurredAt')]).toEqual(new Date('2026-11-02T03:04:05.678Z'));
    expect(rows[6]?.[column('amount')]).toBe(-12.5);
    expect(rows[6]?.[column('recordCount')]).toBe(7);
    expect(rows[6]?.[column('underCheckpoint')]).toBe(false);
  });

  it.each(['json', 'ndjson', 'csv', 'parquet', 'xlsx'])(
    'records the start and the end of a %s export with its rows and filters',
    async (format) => {
      const answer = await api.request(tenant, `events/export?format=${format}&from=2026-11-02&outcome=success`);
      await answer.arrayBuffer();
      expect(answer.headers.get('content-disposition')).toMatch(
        new RegExp(`^attachment; filename="audit-exports-.*Z\\.${format}"$`),
      );
      const filter = { from: '2026-11-02T00:00:00.000Z', outcome: ['success'] };
      expect(acts).toMatchObject([
        {
          tenant,
          act: { eventType: 'AUDIT_EXPORT', outcome: 'unknown', details: { phase: 'started', format, filter } },
        },
        { tenant, act: { outcome: 'success', recordCount: 1, details: { phase: 'completed', format, filter } } },
      ]);
      expect(acts[0]?.act.context?.resourceId).toBe(answer.headers.get('x-export-id'));
    },
  );

  it('gives out nothing when it cannot be recorded', async () => {
    const audit = api.app.get(SelfAudit, { strict: false });
    const spy = jest.spyOn(audit, 'record').mockRejectedValueOnce(new Error('the buffer is away'));
    const answer = await api.request(tenant, 'events/export?format=csv');
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('description');
    expect(spy).toHaveBeenCalled();
  });

  it('does not look whole when its end cannot be recorded', async () => {
    const audit = api.app.get(SelfAudit, { strict: false });
    jest.spyOn(audit, 'record').mockResolvedValueOnce('').mockRejectedValueOnce(new Error('the buffer is away'));
    const answer = await api.request(tenant, 'events/export?format=ndjson');
    await expect(answer.text()).rejects.toThrow();
  });

  it.each(['format=csv', 'format=json', 'format=xlsx', 'format=parquet'])('has no proofs with %s', async (query) => {
    const answer = await api.request(tenant, `events/export?proofs=true&${query}`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('is for ndjson');
  });

  it('needs the permission to export', async () => {
    expect((await api.request(tenant, 'events/export', { role: 'viewer' })).status).toBe(403);
  });

  it('refuses what only a list has', async () => {
    expect((await api.request(tenant, 'events/export?limit=5')).status).toBe(400);
  });

  describe('of very many events', () => {
    const big = 'big';
    const rows = 150_000;
    beforeAll(async () => {
      await api.stores.clickhouse.command({
        query: `INSERT INTO events (tenant, id, event_type, category, severity, outcome, occurred_at, received_at,
            description, retention, retain_until, envelope, leaf_index, batch)
          SELECT {big:String}, generateUUIDv4(number), 'DATA_READ', 'data', 'info', 'success',
            fromUnixTimestamp64Milli(1764000000000 + number), now64(3), hex(randomString(100, number)), 'security',
            '2040-01-01', concat('{"details":{"x":"', hex(randomString(300, number)), '"}}'), number, 1
          FROM numbers({rows:UInt64})`,
        query_params: { big, rows },
      });
    });

    const keyOf = async () => {
      const keys = api.app.get(ApiKeysService, { strict: false });
      const made = {
        tenant: big,
        name: 'b',
        roles: ['analyst' as const],
        system: false,
        createdBy: 't',
        expiresAt: null,
      };
      return (await keys.create(made)).key;
    };
    const running = async (): Promise<number> => (await exportsRunning()).n;
    const readRows = async (): Promise<number> => (await exportsRunning()).read;
    const exportsRunning = async (): Promise<{ n: number; read: number }> => {
      const found = await api.stores.clickhouse.query({
        query: `SELECT toUInt32(count()) AS n, toUInt32(sum(read_rows)) AS read FROM system.processes WHERE current_database = {db:String} AND query LIKE '%prefer_column_name%'
                  AND query NOT LIKE '%system.processes%'`,
        query_params: { db: api.stores.config.clickhouse.database },
        format: 'JSONEachRow',
      });
      return (await found.json<{ n: number; read: number }>())[0] ?? { n: 0, read: 0 };
    };

    it.each([
      ['ndjson', rows],
      ['csv', rows],
      ['parquet', rows],
    ])('streams %s in constant memory', async (format, count) => {
      const answer = await api.request(big, `events/export?format=${format}`);
      const before = memoryInUse();
      let most = 0;
      let bytes = 0;
      let measuredAt = 0;
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
        bytes += chunk.length;
        if (bytes - measuredAt < 10_000_000) continue;
        measuredAt = bytes;
        most = Math.max(most, memoryInUse() - before);
      }
      expect(bytes).toBeGreaterThan(90_000_000);
      expect(most).toBeLessThan(45_000_000);
      expect(acts.at(-1)?.act.recordCount).toBe(count);
    });

    it('cancels the query and records the rest as aborted when the reader leaves', async () => {
      const request = httpGet(`${api.url}/audit/api/events/export?format=ndjson`, {
        headers: { authorization: `Bearer ${await keyOf()}` },
      });
      const [answer] = (await once(request, 'response')) as [Readable];
      await once(answer, 'data');
      answer.pause();
      expect(await running()).toBe(1);
      request.destroy();
      await waitFor(async () => ((await running()) === 0 ? true : undefined), {
        what: () => 'the query to be gone',
      });
      await waitFor(() => Promise.resolve(acts.length === 2 ? true : undefined), {
        what: () => 'the second record',
      });
      expect(acts[1]?.act).toMatchObject({ outcome: 'failure', details: { phase: 'aborted' } });
      expect(acts[1]?.act.recordCount).toBeLessThan(rows);
    });

    it('a slow reader of an Excel export does not fill the memory', async () => {
      const request = httpGet(`${api.url}/audit/api/events/export?format=xlsx`, {
        headers: { authorization: `Bearer ${await keyOf()}` },
      });
      const [answer] = (await once(request, 'response')) as [Readable];
      await once(answer, 'data');
      answer.pause();
      // While nobody reads, the buffers fill up and then the query rests.
      let last = -1;
      await waitFor(
        async () => {
          const read = await readRows();
          const rests = read === last;
          last = read;
          return rests ? true : undefined;
        },
        { everyMs: 500, what: () => 'the query to rest' },
      );
      expect(await running()).toBe(1);
      request.destroy();
      await waitFor(async () => ((await running()) === 0 ? true : undefined), {
        what: () => 'the query to be gone',
      });
      await waitFor(() => Promise.resolve(acts.length === 2 ? true : undefined), {
        what: () => 'the second record',
      });
      expect(acts[1]?.act.recordCount).toBeLessThan(rows);
    });

    it('breaks the connection when the store fails on the way', async () => {
      const request = httpGet(`${api.url}/audit/api/events/export?format=ndjson`, {
        headers: { authorization: `Bearer ${await keyOf()}` },
      });
      const [answer] = (await once(request, 'response')) as [Readable];
      await once(answer, 'data');
      answer.pause();
      // ClickHouse ends a query whose reader rests only when that goes on.
      const killed = api.stores.clickhouse.command({
        query: `KILL QUERY WHERE current_database = {db:String} AND query LIKE '%prefer_column_name%' ASYNC`,
        query_params: { db: api.stores.config.clickhouse.database },
      });
      let end = '';
      answer.on('data', (chunk: Buffer) => (end = chunk.toString().slice(-2000))).resume();
      await expect(once(answer, 'end')).rejects.toThrow();
      await killed;
      expect(end).not.toContain('Exception');
      await waitFor(() => Promise.resolve(acts.length === 2 ? true : undefined), {
        what: () => 'the second record',
      });
      expect(acts[1]?.act.details).toMatchObject({ phase: 'aborted' });
    });
  });
});
