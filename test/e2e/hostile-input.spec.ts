import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { createClient, ClickHouseClient } from '@clickhouse/client';
import { Random } from '../../src/cli/demo/random';
import { MAX_ENVELOPE_BYTES } from '../../src/events/row';
import { uuidV7 } from '../../src/events/uuid';
import { readRuntime } from '../../src/supervisor/runtime-file';
import { runningSystem, TestTenant, waitFor } from '../support/system';

const NDJSON = 'application/x-ndjson';
const DAY = 86_400_000;
const event = (over: object = {}) => ({ eventType: 'DATA_READ', description: 'read it', ...over });

interface Answer {
  status: number;
  accepted: number;
  ids: string[];
  errors: { index: number; problems: { path: string; message: string }[] }[];
}

/** What docs/operations.md promises about bad input ("What bad input gets"), through the whole system. */
describe('hostile input', () => {
  let tenant: TestTenant;
  let clickhouse: ClickHouseClient;

  beforeAll(async () => {
    const runtime = await readRuntime((await runningSystem()).dataDir);
    clickhouse = createClient({ url: runtime?.clickhouseUrl ?? '', database: 'audit' });
  });
  afterAll(() => clickhouse.close());
  beforeEach(async () => {
    tenant = await TestTenant.create();
  });

  const send = async (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => {
    const answer = await tenant.request('events', {
      role: 'ingest',
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    return { status: answer.status, ...((await answer.json()) as Omit<Answer, 'status'>) };
  };
  const sendLines = (...lines: (string | Buffer)[]) =>
    send(Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')])), { 'content-type': NDJSON });
  const rows = async () => {
    const answer = await clickhouse.query({
      query: `SELECT envelope, description, session_id AS sessionId, resource_id AS resourceId, correlation_id AS correlationId,
                     service, ip_address AS ipAddress, data_categories AS dataCategories, toString(amount) AS amount,
                     record_count AS recordCount, toUnixTimestamp64Milli(occurred_at) AS occurredAt
              FROM events WHERE tenant = {tenant:String} AND category != 'audit'`,
      query_params: { tenant: tenant.name },
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    });
    return answer.json<Record<string, unknown> & { envelope: string }>();
  };
  /** Everything accepted is stored, column for column as its envelope says; nothing became a dead letter. */
  const expectStored = async (ids: string[]) => {
    let stored: Awaited<ReturnType<typeof rows>> = [];
    const found = await waitFor(
      async () => {
        stored = await rows();
        const { items } = await tenant.get<{ items: unknown[] }>('dead-letters');
        if (items.length > 0) return stored;
        return stored.length === ids.length ? stored : undefined;
      },
      { what: () => `${ids.length} events, seen ${stored.length}` },
    );
    expect(await tenant.get('dead-letters')).toEqual({ items: [], nextCursor: null });
    const idOf = (envelope: string) => (JSON.parse(envelope) as { id: string }).id;
    expect(found.map(({ envelope }) => idOf(envelope)).sort()).toEqual([...ids].sort());
    for (const { envelope, ...columns } of found) {
      const {
        context = {},
        compliance = {},
        ...rest
      } = JSON.parse(envelope) as Record<string, Record<string, unknown>>;
      const { sessionId = '', resourceId = '', correlationId = '', service = '', ipAddress = '' } = context;
      const { description, occurredAt, amount, recordCount = null } = rest as Record<string, unknown>;
      expect({ ...columns, amount: columns['amount'] === null ? undefined : Number(columns['amount']) }).toEqual({
        ...{ description, sessionId, resourceId, correlationId, service, ipAddress, amount, recordCount },
        dataCategories: compliance['dataCategories'] ?? [],
        occurredAt: Date.parse(String(occurredAt)),
      });
    }
  };

  it('takes text of any kind as it is', async () => {
    const texts = [
      "'; DROP TABLE events; --",
      'NUL \u0000, bell \u0007, escape \u001b[2J, line\nbreak\r\n, tab\t, quote " and \\',
      '{{7*7}} ${jndi:ldap://x} <script>alert(1)</script> =HYPERLINK("x") %00 \\N',
      'right\u202eto left, zero\u200bwidth, e\u0301, 👩‍👩‍👧, \ud834\udd1e, \uffff, \ufeff',
    ];
    const answer = await send(
      JSON.stringify(
        texts.map((text) =>
          event({
            description: text,
            context: { sessionId: text, resourceId: text, correlationId: text, service: text },
            compliance: { dataCategories: [text] },
            details: { [text]: text, __proto__: null, constructor: { prototype: text } },
          }),
        ),
      ),
    );
    expect([answer.status, answer.accepted]).toEqual([202, 4]);
    await expectStored(answer.ids);
  });

  it('takes an event of 65,535 bytes and not one byte more', async () => {
    const sized = (filler: number) => JSON.stringify(event({ id: uuidV7(1), details: { filler: 'x'.repeat(filler) } }));
    const one = await send(sized(0));
    await expectStored(one.ids);
    const base = Buffer.byteLength((await rows())[0]?.envelope ?? '');
    tenant = await TestTenant.create();
    const room = MAX_ENVELOPE_BYTES - base;
    const answer = await sendLines(sized(room), sized(room + 1));
    expect([answer.status, answer.accepted]).toEqual([207, 1]);
    expect(answer.errors).toMatchObject([
      { index: 1, problems: [{ message: expect.stringContaining('65536 bytes') as string }] },
    ]);
    await expectStored(answer.ids);
  });

  it('takes events since 1970 and up to a day ahead', async () => {
    const now = Date.now();
    const times = [0, 1, Date.UTC(1999, 11, 31), now - 20 * 365 * DAY, now + DAY - 60_000];
    const good = times.map((ms) => JSON.stringify(event({ occurredAt: new Date(ms).toISOString() })));
    const bad = ['1969-12-31T23:59:59.999Z', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2026-02-30T00:00:00Z'];
    bad.push(new Date(now + DAY + 60_000).toISOString(), '2026-11-23', '1764000000', '2026-11-23T23:59:60Z');
    const answer = await sendLines(...good, ...bad.map((occurredAt) => JSON.stringify(event({ occurredAt }))));
    expect([answer.status, answer.accepted]).toEqual([207, good.length]);
    expect(answer.errors.map(({ index }) => index)).toEqual(bad.map((_, i) => good.length + i));
    expect(new Set(answer.errors.map(({ problems }) => problems[0]?.path))).toEqual(new Set(['occurredAt']));
    await expectStored(answer.ids);
  });

  it('stores an event once, however often its id comes', async () => {
    const id = uuidV7(Date.now());
    const same = event({ id, occurredAt: '2026-01-02T03:04:05Z' });
    const answer = await sendLines(...Array<string>(5).fill(JSON.stringify(same)), JSON.stringify(same).toUpperCase());
    expect([answer.status, answer.accepted, answer.errors.map(({ index }) => index)]).toEqual([207, 5, [5]]);
    await Promise.all(Array.from({ length: 5 }, () => send(JSON.stringify(same))));
    const last = await send(JSON.stringify(event()));
    await expectStored([id, ...last.ids]);
  });

  it('rejects lines that are not UTF-8, not JSON, too deep or cut, and takes the others', async () => {
    const good = JSON.stringify(event({ description: 'Grüße' }));
    const bad = [
      Buffer.from(good, 'latin1'),
      Buffer.concat([
        Buffer.from('{"eventType":"DATA_READ","description":"'),
        Buffer.from([0xed, 0xa0, 0x80, 0x22, 0x7d]),
      ]),
      `{"eventType":"DATA_READ","description":"x","details":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`,
      `{"eventType":"DATA_READ","description":"x","details":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`,
      '{"eventType":"DATA_READ","description":"x","details":{"a":1e400}}',
      '{"eventType":"DATA_READ","description":"x","recordCount":1e30}',
      "{'eventType':'DATA_READ'}",
      'null',
      good.slice(0, -5),
    ];
    const answer = await sendLines(good, ...bad, good);
    expect([answer.status, answer.accepted]).toEqual([207, 2]);
    expect(answer.errors.map(({ index }) => index)).toEqual(bad.map((_, i) => i + 1));
    await expectStored(answer.ids);
  });

  it('stores nothing of a request that breaks off, and lives on', async () => {
    const key = await tenant.key('ingest');
    const { hostname, port } = new URL(tenant.url);
    const whole = `${JSON.stringify(event())}\n`.repeat(100);
    for (const framing of [`Content-Length: ${whole.length}`, 'Transfer-Encoding: chunked']) {
      const socket = connect(Number(port), hostname);
      const sent = whole.slice(0, whole.length / 2);
      const body = framing.startsWith('T') ? `${sent.length.toString(16)}\r\n${sent}\r\n` : sent;
      const head = [
        'POST /audit/api/events HTTP/1.1',
        'Host: x',
        `X-API-Key: ${key}`,
        `Content-Type: ${NDJSON}`,
        framing,
      ];
      await new Promise<void>((done) => socket.write(`${head.join('\r\n')}\r\n\r\n${body}`, () => done()));
      socket.resetAndDestroy();
    }
    const after = await send(JSON.stringify(event({ description: 'afterwards' })));
    await expectStored(after.ids);
  });

  it('stops gzip that would grow past the cap, also in several members, at small cost', async () => {
    const member = gzipSync(Buffer.alloc(12 * 1024 * 1024, ' '));
    const gzip = { 'content-encoding': 'gzip' };
    const began = process.hrtime.bigint();
    for (const bomb of [gzipSync(Buffer.alloc(200 * 1024 * 1024)), Buffer.concat([member, member])]) {
      expect((await send(bomb, gzip)).status).toBe(413);
    }
    expect((await send(gzipSync(gzipSync(JSON.stringify(event()))), gzip)).status).toBe(400);
    expect((await send(gzipSync(JSON.stringify(event())), { 'content-encoding': 'gzip, gzip' })).status).toBe(415);
    expect(Number(process.hrtime.bigint() - began) / 1e9).toBeLessThan(60);
    await expectStored((await send(JSON.stringify(event()))).ids);
  });

  it('answers anything that is thrown at it without a fault of its own, and stores what it accepts', async () => {
    const random = new Random('hostile');
    const accepted: string[] = [];
    for (let i = 0; i < 30; i++) {
      const lines = Array.from({ length: 20 }, () => JSON.stringify(strangeEvent(random)));
      const body = Buffer.from(lines.join('\n'));
      // Now and then a byte flips on the way.
      for (let flips = random.int(0, 2); flips > 0; flips--) body[random.int(0, body.length - 1)] = random.int(0, 255);
      const answer = await send(body, { 'content-type': NDJSON });
      expect([202, 207, 422]).toContain(answer.status);
      accepted.push(...answer.ids);
    }
    expect(accepted.length).toBeGreaterThan(100);
    await expectStored(accepted);
  });
});

const STRINGS = [
  '',
  ' ',
  'a',
  '0',
  'null',
  '\u0000',
  '\ud800',
  '🙂',
  'x'.repeat(600),
  '-',
  '1e5',
  '[]',
  '\\',
  '"',
  'Ω\u0301',
];
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.1,
  1.2345,
  12.34567,
  1e12,
  9999999999999.9999,
  123456789012.3456,
  -5e-5,
  2 ** 53,
  1e308,
];

/** An event in which each field is likely good, but not surely. */
function strangeEvent(random: Random): object {
  const text = () => (random.chance(0.7) ? `text ${random.int(0, 99)}` : random.pick(STRINGS));
  const value = (depth: number): unknown => {
    const kind = random.int(0, depth > 4 ? 3 : 5);
    if (kind === 0) return text();
    if (kind === 1) return random.pick(NUMBERS);
    if (kind === 2) return random.pick([true, false, null]);
    if (kind === 3) return random.next() * 10 ** random.int(-9, 20);
    const items = Array.from({ length: random.int(0, 4) }, () => value(depth + 1));
    return kind === 4 ? items : Object.fromEntries(items.map((item) => [text(), item]));
  };
  const maybe = (name: string, make: () => unknown) => (random.chance(0.3) ? { [name]: make() } : {});
  return {
    eventType: random.pick(['DATA_READ', 'LOGIN_FAILED', 'FINANCIAL_TRANSACTION', 'CONSENT_GRANTED']),
    description: random.chance(0.9) ? 'strange' : text(),
    ...maybe('context', () => ({
      ...maybe('userId', text),
      ...maybe('sessionId', text),
      ...maybe('resourceId', text),
      ...maybe('service', text),
      ...maybe('ipAddress', () =>
        random.pick(['::', '::ffff:1.2.3.4', '255.255.255.255', 'FE80::1', '1.2.3', '::1%lo']),
      ),
    })),
    ...maybe('details', () => ({ [text()]: value(0) })),
    ...maybe('changes', () => ({ before: { [text()]: value(2) }, after: {} })),
    ...maybe('compliance', () => maybe('dataCategories', () => [text(), text()])),
    ...maybe('amount', () =>
      random.chance(0.5) ? random.int(-1e9, 1e9) / 10 ** random.int(0, 4) : random.pick(NUMBERS),
    ),
    ...maybe('recordCount', () => random.pick(NUMBERS)),
    ...maybe('occurredAt', () => new Date(random.int(-1000, Date.UTC(2026, 0, 1) / 1000) * 1000).toISOString()),
    ...(random.chance(0.05) && { [text()]: value(3) }),
  };
}
