import { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { ALERTS_QUEUE, AlertTransition, transitionJobOptions } from '../../src/alerts/transition';
import { WorkerModule } from '../../src/app.module';
import type { Delivery } from '../../src/channels/delivery';
import { DeliveryStore } from '../../src/channels/delivery-store';
import { Deliverer } from '../../src/channels/deliverer';
import { Dispatcher } from '../../src/channels/dispatcher';
import { NotificationArchive } from '../../src/channels/notification-archive';
import { notificationQuery } from '../../src/channels/notification-query';
import { recipientGroup } from '../../src/channels/recipient-group';
import { RecipientStore } from '../../src/channels/recipient-store';
import { SafeHttp } from '../../src/channels/safe-http';
import { signedHeaders } from '../../src/channels/standard-webhook';
import { Clock } from '../../src/common/clock';
import { RedisKeys } from '../../src/redis/redis-keys';
import { OwnStores, ownStores } from '../support/engines';
import { MailServer, startMailServer, textOf } from '../support/mail-server';
import { startOwnWorker } from '../support/own-worker';
import { Receiver, startReceiver } from '../support/receiver';
import { freshTenant } from '../support/segments';
import { waitFor } from '../support/system';
import { transitionOf } from '../support/transitions';

/** The real time, and what a test adds to it. */
class SteppedClock extends Clock {
  ahead = 0;
  now(): number {
    return Date.now() + this.ahead;
  }
}

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
let stores: OwnStores;
let receiver: Receiver;
let mailServer: MailServer;
let tenant: string;

beforeAll(async () => {
  mailServer = await startMailServer();
  receiver = await startReceiver();
  stores = await ownStores({
    ...mailServer.env,
    AUDIT_NOTIFY_ALLOWED_NETWORKS: '127.0.0.0/8,::1',
    AUDIT_NOTIFY_ATTEMPTS: '4',
    AUDIT_NOTIFY_FLOOD: '3',
    AUDIT_PUBLIC_URL: 'https://audit.example.org',
  });
});
afterAll(async () => {
  await receiver.close();
  await stores.close();
  await mailServer.close();
});
beforeEach(() => {
  tenant = freshTenant();
  receiver.received.length = 0;
  mailServer.mails.length = 0;
});

const step = (over: Parameters<typeof transitionOf>[0] = {}): AlertTransition =>
  transitionOf({ tenant, at: Date.now(), ...over });

describe('notifications', () => {
  let worker: INestApplicationContext;
  let clock: SteppedClock;
  let archive: NotificationArchive;

  beforeAll(async () => {
    clock = new SteppedClock();
    const module = await Test.createTestingModule({ imports: [WorkerModule.forRoot(stores.config)] })
      .overrideProvider(Clock)
      .useValue(clock)
      .compile();
    worker = await module.init();
    archive = worker.get(NotificationArchive, { strict: false });
  });
  afterAll(() => worker.close());
  beforeEach(() => {
    clock.ahead = 0;
  });

  const setUp = (name: string, ...channels: object[]) => setUpWith(name, {}, ...channels);
  const setUpWith = (name: string, over: object, ...channels: object[]) =>
    worker.get(RecipientStore, { strict: false }).add(tenant, {
      name,
      group: recipientGroup.parse({ channels, ...over }),
      version: Math.round(performance.now()),
      deleted: false,
      changedBy: 'test',
      changedAt: Date.now(),
    });
  const dispatch = (...steps: AlertTransition[]) => {
    const dispatcher = worker.get(Dispatcher, { strict: false });
    return Promise.all(steps.map((one) => dispatcher.dispatch(one)));
  };
  const log = async (query: Record<string, unknown> = {}) =>
    (await archive.list(tenant, notificationQuery.parse(query))).items;
  const settled = (count: number, query: Record<string, unknown> = {}) =>
    waitFor(
      async () => {
        const items = await log(query);
        const done = items.filter(({ state }) => state === 'sent' || state === 'failed');
        return done.length === count ? items : undefined;
      },
      { what: () => `${count} notifications` },
    );
  const hook = (over: object = {}) => ({
    name: 'hook',
    type: 'webhook',
    url: `${receiver.url}/hook`,
    secrets: [SECRET],
    ...over,
  });
  const soc = { name: 'mail', type: 'mail', to: ['soc@example.org'] };

  it('reach Slack, telephones, webhooks, PagerDuty and any HTTP service, each once though the step comes twice', async () => {
    await setUp(
      'security_team',
      { name: 'slack', type: 'slack', url: `${receiver.url}/slack` },
      {
        name: 'sms',
        type: 'sms',
        to: ['+351210000000'],
        from: 'audit',
        accountSid: 'AC1',
        authToken: 'token-SECRET',
        url: receiver.url,
      },
      { name: 'pager', type: 'pagerduty', routingKey: 'routing-SECRET', url: `${receiver.url}/pager` },
      {
        name: 'http',
        type: 'http',
        url: `${receiver.url}/http?key=k`,
        body: '{"m":"{{text}}"}',
        headers: { 'X-Key': 'header-SECRET' },
      },
      hook(),
    );
    const opened = step();
    await dispatch(opened, opened);
    await settled(5);
    await dispatch(opened);
    expect(receiver.received.map(({ path }) => path).sort()).toEqual([
      '/2010-04-01/Accounts/AC1/Messages.json',
      '/hook',
      '/http?key=k',
      '/pager',
      '/slack',
    ]);
    const got = (path: string) => receiver.received.find((r) => r.path.startsWith(path)) ?? fail(path);
    const sms = got('/2010');
    expect(sms.headers.authorization).toBe(`Basic ${Buffer.from('AC1:token-SECRET').toString('base64')}`);
    expect(Object.fromEntries(new URLSearchParams(sms.body))).toMatchObject({ To: '+351210000000', From: 'audit' });
    expect(JSON.parse(got('/slack').body)).toMatchObject({ blocks: [{ type: 'header' }, {}, { type: 'actions' }, {}] });
    expect(JSON.parse(got('/pager').body)).toMatchObject({ event_action: 'trigger', routing_key: 'routing-SECRET' });
    expect(got('/http')).toMatchObject({
      headers: { 'x-key': 'header-SECRET' },
      body: expect.stringContaining('203.0.113.9') as string,
    });
    const { headers, body } = got('/hook');
    const id = String(headers['webhook-id']);
    const signed = signedHeaders(id, body, [SECRET], Number(headers['webhook-timestamp']) * 1000);
    expect(headers).toMatchObject(signed);
    expect(JSON.parse(body)).toMatchObject({ type: 'alert.opened', data: { tenant, alert: { id: opened.alert.id } } });
    const secrets = await stores.redis.keys(`${stores.config.redis.prefix}:notify:one:*`);
    const kept = (await stores.redis.mget(secrets)).join('');
    for (const secret of ['-SECRET', SECRET, '+351210000000', '/slack']) expect(kept).not.toContain(secret);
  });

  it('are tried again when a receiver fails, not before it asks for, and given up where that is no use', async () => {
    await setUp('security_team', hook());
    receiver.answerNext({ status: 500 }, { status: 429, headers: { 'retry-after': '3' } });
    await dispatch(step());
    const [tried] = await settled(1);
    expect(tried).toMatchObject({ state: 'sent', attempts: 3, reason: null, type: 'webhook' });
    const [first, second, third] = receiver.received;
    expect((third?.at ?? 0) - (second?.at ?? 0)).toBeGreaterThanOrEqual(2900);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(first?.body).toBe(third?.body);

    receiver.answerNext({ status: 302, headers: { location: `${receiver.url}/elsewhere` } });
    await dispatch(step());
    const [redirected] = await settled(1, { state: ['failed'] });
    expect(redirected).toMatchObject({ attempts: 1, reason: expect.stringContaining('redirects') as string });
    expect(receiver.received.filter(({ path }) => path === '/elsewhere')).toEqual([]);

    receiver.answerNext({ status: 500 }, { status: 500 }, { status: 500 }, { status: 500 });
    const lost = step();
    await dispatch(lost);
    const failed = await settled(1, { state: ['failed'], alertId: [lost.alert.id] });
    expect(failed).toMatchObject([{ attempts: 4, reason: 'answered 500' }]);
    const failures = async () => {
      const query = `SELECT envelope FROM events WHERE tenant = {tenant:String} AND event_type = 'AUDIT_NOTIFICATION_FAILED' ORDER BY id`;
      const answer = await stores.clickhouse.query({ query, query_params: { tenant }, format: 'JSONEachRow' });
      return answer.json<{ envelope: string }>();
    };
    const events = await waitFor(
      async () => {
        const rows = await failures();
        return rows.length === 2 ? rows : undefined;
      },
      { what: () => 'failures in the log' },
    );
    expect(events.map(({ envelope }) => envelope).join()).toContain(lost.alert.id);

    // As if a worker had died between the record and the log: another takes it up, and it is the same event.
    await worker.get(Deliverer, { strict: false }).deliver(failed[0]?.id ?? '');
    const totals = new RedisKeys(stores.config.redis.prefix).tenantTotals(tenant);
    await waitFor(async () => ((await stores.redis.hget(totals, 'duplicates')) === '1' ? true : undefined), {
      what: () => 'the repeat to be dropped',
    });
    expect(await failures()).toEqual(events);
  });

  it('never go to addresses that are not public, by number or by name', async () => {
    const secured = { ...stores.config, notify: { ...stores.config.notify, allowedNetworks: [] } };
    const http = new SafeHttp(secured, clock);
    const send = (host: string) => http.send({ url: `http://${host}:${receiver.port}/`, headers: {}, body: '' });
    for (const host of [
      '127.0.0.1',
      'localhost',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '2130706433',
      '0x7f.1',
      '169.254.169.254',
    ]) {
      await expect(send(host)).rejects.toMatchObject({
        permanent: true,
        message: expect.stringContaining('not a public') as string,
      });
    }
    await expect(http.send({ url: 'http://8.8.8.8/', headers: {}, body: '' })).rejects.toThrow('https://');
    expect(receiver.received).toEqual([]);
  });

  it('wait in quiet hours, and then come as one mail', async () => {
    const now = new Date(clock.now());
    const minutes = now.getUTCHours() * 60 + now.getUTCMinutes();
    const time = (m: number) =>
      `${String(Math.floor(m / 60) % 24).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`;
    const quietHours = { start: time(minutes + 1380), end: time(minutes + 120) };
    await setUpWith('security_team', { quietHours }, soc);
    await dispatch(step(), step(), step({ alert: { severity: 'critical', ruleName: 'Malware' } }));
    await settled(1);
    expect(mailServer.mails.map(({ subject }) => subject)).toEqual([expect.stringContaining('[CRITICAL] Malware')]);
    await waitFor(async () => ((await log({ state: ['held'] })).length === 3 ? true : undefined), {
      what: () => 'two that wait, and their digest',
    });
    clock.ahead = 2 * 3_600_000;
    const items = await settled(4);
    expect(mailServer.mails.map(({ subject }) => subject).at(-1)).toBe('[HIGH] 2 alerts');
    expect(mailServer.mails).toHaveLength(2);
    const digest = items.find(({ kind }) => kind === 'digest');
    expect(items.filter((item) => item.digest === digest?.id && item.state === 'sent')).toHaveLength(2);
  });

  it('become a digest when there are too many, for people but not for machines', async () => {
    await setUp('security_team', soc, hook());
    await dispatch(...Array.from({ length: 6 }, () => step()));
    await settled(3, { type: ['mail'] });
    await settled(6, { type: ['webhook'] });
    expect(mailServer.mails).toHaveLength(3);
    clock.ahead = 10 * 60_000;
    await settled(7, { type: ['mail'] });
    const digest = mailServer.mails.at(-1);
    expect(digest?.subject).toBe('[HIGH] 3 alerts');
    expect(digest && textOf(digest).match(/was opened/g)).toHaveLength(3);
    expect(mailServer.mails).toHaveLength(4);
  });

  it('go by mail with the same Message-ID when the answer of the server was lost', async () => {
    await setUp('security_team', soc);
    mailServer.refuseNext({ code: 451, afterTaking: true });
    await dispatch(step());
    expect(await settled(1)).toMatchObject([{ state: 'sent', attempts: 2 }]);
    expect(mailServer.mails).toHaveLength(2);
    expect(new Set(mailServer.mails.map(({ messageId }) => messageId)).size).toBe(1);
    mailServer.refuseNext({ code: 552 });
    await dispatch(step());
    expect(await settled(1, { state: ['failed'] })).toMatchObject([{ attempts: 1 }]);
  });

  it('flow evenly where a channel bears only so many a minute', async () => {
    await setUp('security_team', hook({ ratePerMinute: 60 }));
    await dispatch(...Array.from({ length: 7 }, () => step()));
    await settled(7);
    const [first, last] = [receiver.received[0], receiver.received.at(-1)];
    expect((last?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1900);
    for (const { attempts } of await log()) expect(attempts).toBe(1);
  });

  it('fail visibly when the channel is gone before its turn', async () => {
    await setUp('security_team', hook());
    receiver.answerNext({ status: 500 });
    await dispatch(step());
    await waitFor(async () => ((await log())[0]?.attempts === 1 ? true : undefined));
    await setUp('security_team');
    expect(await settled(1)).toMatchObject([
      { state: 'failed', reason: expect.stringContaining('not set up') as string },
    ]);
  });

  it('stay sent when a worker that slept fails to send them again', async () => {
    await setUp('security_team', hook());
    let answer: () => void = () => undefined;
    receiver.answerNext({ status: 500, when: new Promise<void>((done) => (answer = done)) });
    await dispatch(step());
    await waitFor(() => Promise.resolve(receiver.received.length > 0 ? true : undefined));
    const deliveries = new DeliveryStore(stores.redis, new RedisKeys(stores.config.redis.prefix));
    const [id = ''] = (await deliveries.unlogged(10)).concat((await log()).map((item) => item.id));
    const theirs = await deliveries.get(id);
    if (!theirs) return fail('the store of deliveries');
    const sentAt = Date.now();
    expect(await deliveries.save({ ...theirs, state: 'sent', sentAt, revision: theirs.revision + 1 })).toBe(true);
    expect(await deliveries.save({ ...theirs, state: 'queued' })).toBe(false);
    answer();
    expect(await settled(1)).toMatchObject([{ state: 'sent' }]);
    await waitFor(async () => ((await deliveries.unlogged(10)).length === 0 ? true : undefined));
    expect(await deliveries.get(id)).toMatchObject({ state: 'sent', sentAt });
  });
});

describe('a worker that is killed with -9', () => {
  it('between messages neither loses nor doubles one; within one, the second has the same id', async () => {
    const connection = new Redis(stores.config.redis.url ?? '', { maxRetriesPerRequest: null });
    const queue = new Queue(ALERTS_QUEUE, { connection, prefix: stores.config.redis.prefix });
    const env = {
      AUDIT_NOTIFY_ALLOWED_NETWORKS: '127.0.0.0/8,::1',
      AUDIT_SLACK_WEBHOOK: `${receiver.url}/slack`,
    };
    const tell = async (told: AlertTransition) => {
      const options = transitionJobOptions(told);
      await queue.remove(options.jobId ?? '');
      await queue.add(told.kind, told, options);
    };
    const stepsSeen = () => receiver.received.map(({ body }) => /alerts\/(.*?)"/.exec(body)?.[1] ?? body);
    const storeOfDeliveries = new DeliveryStore(stores.redis, new RedisKeys(stores.config.redis.prefix));
    const sent = async (count: number) => {
      const pattern = `${stores.config.redis.prefix}:notify:one:*`;
      const ids = (await stores.redis.keys(pattern)).map((key) => key.slice(pattern.length - 1));
      const own = (await storeOfDeliveries.find(ids)).filter(
        (d: Delivery) => d.tenant === tenant && d.state === 'sent',
      );
      return own.length === count ? true : undefined;
    };
    const steps = Array.from({ length: 3 }, () => step());
    let worker = startOwnWorker(stores, { ...env, AUDIT_PUBLIC_URL: 'https://audit.example.org' });
    try {
      for (const [i, one] of steps.entries()) {
        await tell(one);
        await waitFor(() => sent(i + 1), { what: () => `message ${i + 1}` });
        await worker.kill();
        worker = startOwnWorker(stores, { ...env, AUDIT_PUBLIC_URL: 'https://audit.example.org' });
        // As if the queue had not known that it was told.
        await tell(one);
      }
      const last = step();
      let answer: () => void = () => undefined;
      receiver.answerNext({ status: 200, when: new Promise<void>((done) => (answer = done)) });
      await tell(last);
      await waitFor(() => Promise.resolve(receiver.received.length >= 4 ? true : undefined));
      await worker.kill();
      answer();
      worker = startOwnWorker(stores, { ...env, AUDIT_PUBLIC_URL: 'https://audit.example.org' });
      await waitFor(() => sent(4), { what: () => 'the last message' });
      const ids = [...steps, last].map(({ alert }) => alert.id);
      expect(stepsSeen().sort()).toEqual([...ids, last.alert.id].sort());
    } finally {
      await worker.stop();
      await queue.close();
      connection.disconnect();
    }
  });
});

function fail(what: string): never {
  throw new Error(`nothing came to ${what}`);
}
