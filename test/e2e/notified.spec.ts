import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { mcpAudit } from '../support/cli';
import { MailServer, ReceivedMail, startMailServer, textOf } from '../support/mail-server';
import { descendants } from '../support/processes';
import { ROOT, startSystem, System, TestTenant, waitFor } from '../support/system';

const LOG = resolve(ROOT, '../shared/data/OpenSSH_2k.log');
const present = existsSync(LOG);
if (!present) process.stderr.write(`skipped: the test of notifications of an imported log needs ${LOG}\n`);

const PUBLIC_URL = 'https://audit.example.org';
const MINUTE = 60_000;

interface Alert {
  id: string;
  ruleId: string;
  recipients: string[];
}
interface Notification {
  id: string;
  kind: string;
  alertId: string | null;
  state: string;
  reason: string | null;
  attempts: number;
}

describe('people are told of alerts', () => {
  let mailServer: MailServer;
  let system: System;
  let clockFile: string;
  let tenant: TestTenant;
  let ahead = 0;

  beforeAll(async () => {
    mailServer = await startMailServer();
    clockFile = join(resolve(mailServer.env.AUDIT_SMTP_CA_FILE ?? '', '..'), 'clock');
    system = await startSystem({
      ...mailServer.env,
      AUDIT_PUBLIC_URL: PUBLIC_URL,
      NODE_OPTIONS: `--require ${join(ROOT, 'test/chaos/clock-step.cjs')}`,
      CHAOS_CLOCK_FILE: clockFile,
    });
  });
  afterAll(async () => {
    await system.stop();
    await mailServer.close();
  });
  beforeEach(async () => {
    mailServer.mails.length = 0;
    tenant = await TestTenant.create(system);
  });

  const cli = (...args: string[]) => mcpAudit(system.dataDir, ...args, '--tenant', tenant.name);
  const all = async (query = '') =>
    (await tenant.get<{ items: Notification[] }>(`notifications?limit=1000&${query}`)).items;
  const mailsFor = (id: string): ReceivedMail[] =>
    mailServer.mails.filter((mail) => textOf(mail).includes(`${PUBLIC_URL}/console/alerts/${id}`));
  const workers = () =>
    descendants(system.process.pid ?? 0).filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes('AUDIT_ROLE=worker');
      } catch {
        return false;
      }
    });
  /** Moves the wall clock of the worker, which escalates. */
  const stepClock = (ms: number) => {
    ahead += ms;
    writeFileSync(clockFile, String(ahead));
    for (const pid of workers()) process.kill(pid, 'SIGUSR2');
  };

  it('by a test, which says what became of it', async () => {
    expect((await cli('recipients', 'set', 'security_team', '--mail', 'soc@example.org')).stdout).toContain(
      'version 1',
    );
    const tried = await cli('notify', 'test', '--group', 'security_team', '--channel', 'mail');
    expect(tried).toMatchObject({ code: 0, stdout: expect.stringMatching(/s\*\*\*@example\.org +sent/) as string });
    expect(mailServer.mails).toMatchObject([{ to: ['soc@example.org'], user: 'audit', secure: true }]);
    mailServer.refuseNext({ code: 550 });
    const refused = await cli('notify', 'test', '--group', 'security_team');
    expect(refused).toMatchObject({ code: 1, stdout: expect.stringMatching(/failed .*550/) as string });
    expect((await cli('notify', 'log')).stdout).toMatch(/failed +test[^]*sent +test/);
    expect((await cli('notify', 'test', '--group', 'nobody')).code).toBe(1);
  });

  it('by channels whose secrets go in and never come out', async () => {
    const put = (name: string, body: object, query = '') =>
      tenant.request(`recipients/${name}${query}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const pager = { name: 'pager', type: 'pagerduty', routingKey: 'routing-SECRET' };
    const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    const hook = { name: 'hook', type: 'webhook', url: 'https://hooks.example.org/a', secrets: [secret] };
    expect((await put('ciso', { channels: [pager, hook] })).status).toBe(200);
    const again = await put('ciso', { channels: [{ name: 'pager', type: 'pagerduty' }, hook] }, '?version=1');
    expect(await again.json()).toMatchObject({
      version: 2,
      channels: [
        { name: 'pager', secretsSet: ['routingKey'] },
        { name: 'hook', secretsSet: ['secrets'] },
      ],
    });
    expect((await put('ciso', { channels: [] }, '?version=1')).status).toBe(409);
    expect((await put('dpo', { channels: [{ name: 'pager', type: 'pagerduty' }] })).status).toBe(422);
    expect((await put('dpo', { channels: [{ name: 'mail', type: 'mail', to: ['nobody'] }] })).status).toBe(400);
    const rotated = await cli('recipients', 'rotate-secret', 'ciso', 'hook');
    expect(rotated.stdout).toMatch(/^whsec_[A-Za-z0-9+/]{43}=\n$/);
    const shown = (await cli('recipients', 'show', 'ciso')).stdout + (await cli('recipients', 'list', '--json')).stdout;
    for (const one of ['routing-SECRET', secret, rotated.stdout.trim()]) expect(shown).not.toContain(one);
    expect(system.output()).not.toContain('SECRET');
    expect((await tenant.request('recipients', { role: 'analyst' })).status).toBe(403);
    expect((await cli('recipients', 'delete', 'ciso')).code).toBe(0);
    expect((await tenant.request('recipients/ciso')).status).toBe(404);
    await tenant.waitForCount(4, 'eventType=AUDIT_RECIPIENTS_CHANGED');
    const other = await TestTenant.create(system);
    expect((await other.get<{ items: object[] }>('recipients')).items).toEqual([]);
  });

  it('by a live stream, which goes on where a reader left it', async () => {
    const read = async (headers: Record<string, string>, until: RegExp): Promise<string> => {
      const stop = new AbortController();
      const answer = await tenant.request('alerts/stream', { headers, signal: stop.signal, role: 'viewer' });
      expect(answer.headers.get('content-type')).toContain('text/event-stream');
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of answer.body ?? []) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        if (until.test(text)) break;
      }
      stop.abort();
      return text;
    };
    const following = read({}, /event: opened\ndata: .*\n/);
    const failed = { eventType: 'LOGIN_FAILED', description: 'Wrong password', context: { ipAddress: '203.0.113.7' } };
    // The stream begins at the end of what has happened, so it has to be open first.
    await waitFor(async () => {
      await tenant.post(
        'events',
        Array.from({ length: 6 }, () => failed),
      );
      return (await tenant.get<{ items: Alert[] }>('alerts')).items[0];
    });
    const [, place = ''] = /id: (\S+)\nevent: opened/.exec(await following) ?? [];
    const [alert] = (await tenant.get<{ items: Alert[] }>('alerts')).items;
    expect((await tenant.post(`alerts/${alert?.id}/acknowledge`, {})).status).toBe(200);
    const later = await read({ 'last-event-id': place }, /event: acknowledged\ndata: .*\n/);
    expect(later).not.toContain('event: opened');
    expect(later).toContain(alert?.id);
    expect((await tenant.request('alerts/stream', { headers: { 'last-event-id': 'x' } })).status).toBe(400);
  });

  (present ? it : it.skip)(
    'once for each alert of an imported log, and once more when nobody acknowledges it',
    async () => {
      await cli('recipients', 'set', 'security_team', '--mail', 'soc@example.org');
      const options = ['--format', 'sshd', '--year', '2015', '--json'];
      const imported = JSON.parse((await cli('import', LOG, ...options, '--evaluate')).stdout) as {
        evaluated: { opened: number };
      };
      // The list is a moment behind.
      const alerts = await waitFor(async () => {
        const { items } = await tenant.get<{ items: Alert[] }>('alerts?limit=1000');
        return items.length === imported.evaluated.opened ? items : undefined;
      });
      expect(alerts.length).toBeGreaterThan(5);
      for (const { recipients } of alerts) expect(recipients).toContain('security_team');

      await waitFor(async () => ((await all('state=sent')).length >= alerts.length ? true : undefined), {
        what: () => `${alerts.length} mails, seen ${mailServer.mails.length}`,
      });
      expect(mailServer.mails).toHaveLength(alerts.length);
      for (const { id } of alerts) expect(mailsFor(id)).toHaveLength(1);
      for (const mail of mailServer.mails) expect(mail).toMatchObject({ to: ['soc@example.org'], user: 'audit' });
      const log = await all('state=sent');
      expect(log.map(({ alertId }) => alertId).sort()).toEqual(alerts.map(({ id }) => id).sort());
      // Evaluating again tells nobody again.
      await cli('import', LOG, ...options, '--evaluate');

      const [acknowledged = [], open = []] = [
        alerts.filter((_, i) => i % 2 === 0),
        alerts.filter((_, i) => i % 2 === 1),
      ];
      for (const { id } of acknowledged) expect((await tenant.post(`alerts/${id}/acknowledge`, {})).status).toBe(200);
      stepClock(31 * MINUTE);
      await waitFor(async () => ((await all('kind=escalated&state=sent')).length >= open.length ? true : undefined), {
        what: () => `${open.length} escalations, seen ${mailServer.mails.length - alerts.length}`,
      });
      for (const { id } of open) {
        expect(mailsFor(id).map(({ subject }) => /escalated/.test(subject))).toEqual([false, true]);
      }
      for (const { id } of acknowledged) expect(mailsFor(id)).toHaveLength(1);
      expect(mailServer.mails).toHaveLength(alerts.length + open.length);
      expect(new Set(mailServer.mails.map(({ messageId }) => messageId)).size).toBe(mailServer.mails.length);
      // Groups that nobody has set up are not forgotten silently.
      expect((await all('state=skipped')).every(({ reason }) => reason?.includes('recipients set'))).toBe(true);
    },
    180_000,
  );
});
