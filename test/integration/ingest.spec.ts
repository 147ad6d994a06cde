import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { findRows, FLAG_ID_GIVEN, rowChecksum, rowEnvelope, rowFlags } from '../../src/events/row';
import type { IngestResult } from '../../src/ingest/ingest.schema';
import { SelfAudit } from '../../src/ingest/self-audit';
import { EVENTS_QUEUE, SegmentPointer, segmentPointer } from '../../src/queues/segment';
import { RedisKeys } from '../../src/redis/redis-keys';
import { startIngest } from '../support/ingest-app';
import { OwnRedis } from '../support/own-redis';
import { waitFor } from '../support/system';

const event = (over: Record<string, unknown> = {}) => ({
  eventType: 'LOGIN_FAILED',
  description: 'wrong password',
  context: { userId: 'u-1', ipAddress: '203.0.113.9' },
  ...over,
});
const lines = (...values: unknown[]) => values.map((v) => JSON.stringify(v)).join('\n');
const ID = '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12';
const NDJSON = 'application/x-ndjson';

describe('POST /audit/api/events', () => {
  const keys = new RedisKeys('audit');
  let server: OwnRedis;
  let redis: Redis;
  let queue: Queue;
  const apps: NestFastifyApplication[] = [];
  let url: string;

  beforeAll(async () => {
    server = await OwnRedis.start();
    redis = new Redis(server.url, { retryStrategy: () => 50 });
    redis.on('error', () => {
      // Some tests take the server away.
    });
    queue = new Queue(EVENTS_QUEUE, { connection: redis, prefix: keys.prefix });
    queue.on('error', () => {
      // As above.
    });
    url = await start();
  });
  afterAll(async () => {
    for (const app of apps) await app.close();
    await queue.close();
    redis.disconnect();
    await server.remove();
  });

  async function start(env: Record<string, string> = {}): Promise<string> {
    const started = await startIngest(server.url, env);
    apps.push(started.app);
    return started.url;
  }
  const freshTenant = () => `t${randomBytes(6).toString('hex')}`;

  async function send(
    body: string | Uint8Array<ArrayBuffer>,
    options: { tenant?: string; type?: string; headers?: Record<string, string>; to?: string; query?: string } = {},
  ) {
    const { tenant = 'acme', type = 'application/json', headers = {}, to = url, query = '' } = options;
    const answer = await fetch(`${to}/audit/api/events${query}`, {
      method: 'POST',
      headers: { 'content-type': type, 'x-tenant': tenant, ...headers },
      body,
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      body: JSON.parse(text) as IngestResult & { code?: string },
    };
  }

  /** What a writer would find: the envelopes of a tenant, in order of acceptance, with whether their id was given. */
  async function stored(
    tenant: string,
  ): Promise<{ envelope: Record<string, unknown>; checksum: string; given: boolean }[]> {
    const found = [];
    for (const id of await redis.zrange(keys.segments(), 0, '-1')) {
      const pointer: SegmentPointer = segmentPointer.parse(JSON.parse((await redis.hget(keys.pointers(), id)) ?? '{}'));
      const payload = await redis.getBuffer(keys.segment(id));
      const job = await queue.getJob(id);
      if (!payload) throw new Error(`segment ${id} has no payload`);
      expect(job?.data).toEqual(pointer);
      expect(payload).toHaveLength(pointer.bytes);
      const rows = findRows(payload);
      const tenants = pointer.runs.flatMap((run) => Array<string>(run.rows).fill(run.tenant));
      expect(rows).toHaveLength(tenants.length);
      for (const [i, row] of rows.entries()) {
        const text = rowEnvelope(payload, row);
        const checksum = rowChecksum(payload, row).toString('hex');
        expect(checksum).toBe(createHash('sha256').update(text).digest('hex'));
        const envelope = JSON.parse(text) as Record<string, unknown>;
        expect(envelope['tenant']).toBe(tenants[i]);
        if (tenants[i] === tenant) found.push({ envelope, checksum, given: rowFlags(payload, row) === FLAG_ID_GIVEN });
      }
    }
    return found;
  }

  it('takes one event and has it, its job and the books in Redis when it answers 202', async () => {
    const tenant = freshTenant();
    const answer = await send(JSON.stringify(event()), { tenant, query: '?receipts=true' });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ accepted: 1, rejected: 0, errors: [] });
    const [row] = await stored(tenant);
    const reference = expect.stringMatching(/^sub_/) as string;
    const people = { context: { userId: reference, ipAddress: '203.0.113.9' }, subjectId: reference };
    expect(row?.envelope).toMatchObject({ ...event(people), id: answer.body.ids[0], severity: 'medium' });
    expect(answer.body.receipts).toMatchObject([{ id: answer.body.ids[0], checksum: row?.checksum }]);
    const totals = await redis.hgetall(keys.tenantTotals(tenant));
    expect(totals).toEqual({ accepted: '1', waitingRows: '1', waitingBytes: expect.stringMatching(/^\d+$/) as string });
  });

  it('takes an array, NDJSON and gzip of both', async () => {
    const tenant = freshTenant();
    const list = [event({ description: 'ä 1' }), event({ description: '2' })];
    const gzip = { 'content-encoding': 'gzip' };
    const answers = [
      await send(JSON.stringify(list), { tenant }),
      await send(lines(...list), { tenant, type: `${NDJSON}; charset=utf-8` }),
      await send(gzipSync(JSON.stringify(list)), { tenant, headers: gzip }),
      await send(gzipSync(lines(...list)), { tenant, type: NDJSON, headers: gzip }),
    ];
    expect(answers.map((a) => [a.status, a.body.accepted])).toEqual(Array(4).fill([202, 2]));
    expect((await stored(tenant)).map((s) => s.envelope['description'])).toEqual(Array(4).fill(['ä 1', '2']).flat());
  });

  it('answers 207 when some are good, naming the others by index and line', async () => {
    const tenant = freshTenant();
    const body = `${lines(event(), event({ eventType: 'LOGIN_FAILD' }))}\nnonsense\n${JSON.stringify(event()).slice(0, 20)}`;
    const answer = await send(body, { tenant, type: NDJSON });
    expect(answer.status).toBe(207);
    expect(answer.body).toMatchObject({ accepted: 1, rejected: 3 });
    expect(answer.body.errors.map((e) => [e.index, e.line, e.problems[0]?.path])).toEqual([
      [1, 2, 'eventType'],
      [2, 3, ''],
      [3, 4, ''],
    ]);
    expect(answer.body.errors[0]?.problems[0]?.message).toContain('LOGIN_FAILED');
    expect(await stored(tenant)).toHaveLength(1);
  });

  it('answers 422 when none is good, and stores nothing', async () => {
    const tenant = freshTenant();
    const answer = await send(JSON.stringify([{}, 7]), { tenant });
    expect([answer.status, answer.body.accepted, answer.body.rejected]).toEqual([422, 0, 2]);
    expect(await redis.exists(keys.tenantTotals(tenant))).toBe(0);
  });

  it('lists a bounded number of errors and says how many more there are', async () => {
    const answer = await send(JSON.stringify(Array(1500).fill(0)));
    expect(answer.body.errors).toHaveLength(1000);
    expect(answer.body).toMatchObject({ rejected: 1500, errorsOmitted: 500 });
  });

  it.each<[string, number, string | Uint8Array<ArrayBuffer>, string, Record<string, string>]>([
    ['an empty body', 422, '', 'application/json', {}],
    ['an empty array', 422, '[]', 'application/json', {}],
    ['broken JSON', 400, '{"a":', 'application/json', {}],
    ['what is not UTF-8', 400, Buffer.from([0x22, 0xff, 0x22]), 'application/json', {}],
    ['another media type', 415, 'x', 'text/plain', {}],
    ['another charset', 415, '{}', 'application/json; charset=latin1', {}],
    ['another encoding', 415, '{}', 'application/json', { 'content-encoding': 'br' }],
    ['cut gzip', 400, gzipSync('{"a":1}').subarray(0, 15), 'application/json', { 'content-encoding': 'gzip' }],
    ['a body past the cap', 413, ' '.repeat(17 * 1024 * 1024), 'application/json', {}],
    ['a gzip bomb', 413, gzipSync(Buffer.alloc(17 * 1024 * 1024)), NDJSON, { 'content-encoding': 'gzip' }],
    ['too many events', 413, '0\n'.repeat(10_001), NDJSON, {}],
    ['a key that is none', 400, '{}', 'application/json', { 'idempotency-key': 'a b' }],
  ])('refuses %s with %i, as a problem document', async (_, status, body, type, headers) => {
    const answer = await send(body, { type, headers });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body.code).toMatch(/^[A-Z_0-9]+$/);
  });

  it('rejects an event that is too deep, too large, or has half a character, and takes the others', async () => {
    const tenant = freshTenant();
    const deep = `{"eventType":"LOGOUT","description":"x","details":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`;
    const half = '{"eventType":"LOGOUT","description":"\\ud800"}';
    const large = JSON.stringify(event({ details: { filler: 'x'.repeat(65_535) } }));
    const answer = await send([deep, half, large, JSON.stringify(event())].join('\n'), { tenant, type: NDJSON });
    expect(answer.status).toBe(207);
    expect(answer.body.errors.map((e) => e.index)).toEqual([0, 1, 2]);
    expect(answer.body.errors[2]?.problems[0]?.message).toContain('65535');
    expect(await stored(tenant)).toHaveLength(1);
  });

  it('keeps ids of the sender in lower case, and marks them as given', async () => {
    const tenant = freshTenant();
    const answer = await send(JSON.stringify([event({ id: ID.toUpperCase() }), event()]), { tenant });
    expect(answer.body.ids[0]).toBe(ID);
    expect((await stored(tenant)).map((s) => s.given)).toEqual([true, false]);
  });

  it('puts concurrent requests of several tenants into common segments, each in its own run', async () => {
    const tenants = [freshTenant(), freshTenant()];
    const before = await redis.zcard(keys.segments());
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => send(JSON.stringify(event()), { tenant: tenants[i % 2] ?? '' })),
    );
    expect(answers.every((a) => a.status === 202)).toBe(true);
    for (const tenant of tenants) {
      const sent = answers.filter((_, i) => tenants[i % 2] === tenant).flatMap((a) => a.body.ids);
      expect((await stored(tenant)).map((s) => s.envelope['id']).sort()).toEqual(sent.sort());
    }
    expect((await redis.zcard(keys.segments())) - before).toBeLessThan(60);
  });

  describe('with an Idempotency-Key', () => {
    const headers = () => ({ 'idempotency-key': `key-${freshTenant()}` });

    it('gives the same answer to the same body and stores it once', async () => {
      const tenant = freshTenant();
      const options = { tenant, headers: headers() };
      const body = JSON.stringify([event(), {}]);
      const first = await send(body, options);
      const second = await send(body, options);
      expect([first.status, second.status]).toEqual([207, 207]);
      expect(second.body).toEqual(first.body);
      expect([first, second].map((a) => a.headers.get('idempotent-replayed'))).toEqual([null, 'true']);
      expect(await stored(tenant)).toHaveLength(1);
    });

    it('does so for answers too large to keep', async () => {
      const tenant = freshTenant();
      const options = { tenant, headers: headers() };
      const body = lines(...Array<unknown>(1000).fill(event()));
      const first = await send(body, { ...options, type: NDJSON });
      const second = await send(body, { ...options, type: NDJSON });
      expect(second.text).toBe(first.text);
      expect(second.headers.get('idempotent-replayed')).toBe('true');
      expect(new Set(first.body.ids).size).toBe(1000);
      expect(await stored(tenant)).toHaveLength(1000);
      const marker = await redis.strlen(keys.idempotency(tenant, options.headers['idempotency-key']));
      expect(marker).toBeLessThan(300);
    });

    it('refuses another body with 409, and does not mix tenants', async () => {
      const options = { tenant: freshTenant(), headers: headers() };
      await send(JSON.stringify(event()), options);
      const other = await send(JSON.stringify(event({ description: 'other' })), options);
      expect([other.status, other.body.code]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
      expect((await send(JSON.stringify(event()), { ...options, tenant: freshTenant() })).status).toBe(202);
    });

    it('makes the same ids again when the first attempt died before it was finished', async () => {
      const tenant = freshTenant();
      const options = { tenant, headers: headers() };
      const first = await send(JSON.stringify(event()), options);
      const name = keys.idempotency(tenant, options.headers['idempotency-key']);
      const marker = JSON.parse((await redis.get(name)) ?? '{}') as Record<string, unknown>;
      expect(await redis.ttl(name)).toBeGreaterThan(86_000);
      await redis.set(name, JSON.stringify({ ...marker, done: false, answer: undefined }), 'KEEPTTL');
      const again = await send(JSON.stringify(event()), options);
      expect(again.body).toEqual(first.body);
      const rows = await stored(tenant);
      expect(rows.map((r) => r.given)).toEqual([true, true]);
      expect(rows[1]?.envelope).toEqual(rows[0]?.envelope);
    });
  });

  it('answers 503 with Retry-After past the bound of bytes, and 202 again when room is made', async () => {
    const small = await start({ AUDIT_BUFFER_MAX_BYTES: '1200', AUDIT_REDIS_PREFIX: 'small' });
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await send(JSON.stringify(event()), { to: small })).status);
    expect(statuses).toEqual([202, 202, 202, 503, 503]);
    const refused = await send(JSON.stringify(event()), { to: small });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await redis.hset('small:totals', 'waitingBytes', 0);
    await redis.del('small:segments');
    await waitFor(async () => ((await send(JSON.stringify(event()), { to: small })).status === 202 ? true : undefined));
  });

  it('limits the rate by key, with RateLimit headers', async () => {
    const limited = await start({ AUDIT_RATE_LIMIT: '2' });
    const answers = [];
    for (let i = 0; i < 3; i++) answers.push(await send(JSON.stringify(event()), { to: limited }));
    expect(answers.map((a) => a.status)).toEqual([202, 202, 429]);
    expect(answers.map((a) => a.headers.get('ratelimit'))).toEqual([
      expect.stringContaining('r=1'),
      expect.stringContaining('r=0'),
      expect.stringContaining('r=0'),
    ]);
    expect(answers[2]?.headers.get('retry-after')).toBe('30');
    expect((await send(JSON.stringify(event()), { to: limited, tenant: 'other' })).status).toBe(202);
  });

  it("records the system's own acts, which senders may not forge", async () => {
    const tenant = freshTenant();
    expect((await send(JSON.stringify(event({ eventType: 'AUDIT_ERASURE' })), { tenant })).status).toBe(422);
    const selfAudit = apps[0]?.get(SelfAudit, { strict: false });
    const principal = { keyId: 'k1', name: 'n', tenant, roles: ['admin' as const], system: false };
    const id = await selfAudit?.record(tenant, { eventType: 'AUDIT_EXPORT', description: 'exported' }, principal);
    const [row] = await stored(tenant);
    expect(row?.envelope).toMatchObject({
      id,
      context: { userId: 'apikey:k1', service: 'mcp-audit' },
      category: 'audit',
    });
  });

  it('answers 503 when the memory of Redis is full, storing nothing, and recovers', async () => {
    const tenant = freshTenant();
    await redis.config('SET', 'maxmemory', '1');
    const full = await send(JSON.stringify(event()), { tenant });
    expect([full.status, full.body.code]).toEqual([503, 'BUFFER_REFUSED']);
    await redis.config('SET', 'maxmemory', '0');
    expect((await send(JSON.stringify(event()), { tenant })).status).toBe(202);
    expect(await stored(tenant)).toHaveLength(1);
  });

  it('answers 503 at once while Redis is down, loses nothing acknowledged, and recovers by itself', async () => {
    const tenant = freshTenant();
    const acknowledged = await send(JSON.stringify(event()), { tenant });
    await server.kill();
    const began = Date.now();
    const down = await send(JSON.stringify(event()), { tenant });
    expect(down.status).toBe(503);
    expect(Number(down.headers.get('retry-after'))).toBeGreaterThan(0);
    // Refused, not hung until a time-out: those are minutes.
    expect(Date.now() - began).toBeLessThan(20_000);
    await server.up();
    const after = await waitFor(async () => {
      const answer = await send(JSON.stringify(event()), { tenant });
      return answer.status === 202 ? answer : undefined;
    });
    await waitFor(async () => ((await redis.ping()) === 'PONG' ? true : undefined));
    const ids = (await stored(tenant)).map((s) => s.envelope['id']);
    expect(ids).toEqual([acknowledged.body.ids[0], after.body.ids[0]]);
  });

  it('answers 503 while Redis is there but does not answer, instead of hanging', async () => {
    server.signal('SIGSTOP');
    const answer = await send(JSON.stringify(event()));
    server.signal('SIGCONT');
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).not.toBeNull();
    await waitFor(async () => ((await send(JSON.stringify(event()))).status === 202 ? true : undefined));
  });

  it('starts while Redis is down and serves once it is there', async () => {
    await server.kill();
    const early = await start();
    expect((await send(JSON.stringify(event()), { to: early })).status).toBe(503);
    await server.up();
    await waitFor(async () => ((await send(JSON.stringify(event()), { to: early })).status === 202 ? true : undefined));
  });
});
