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

  (present ? it : it.skip)(
    'once for each alert of an imported log, and once more when nobody acknowledges it',
    async () => {
      await cli('recipients', 'set', 'security_team', '--mail', 'soc@example.org');
      const options = ['--format', 'sshd', '--year', '2015', '--json'];
      const imported = JSON.parse((await cli('import', LOG, ...options, '--evaluate')).stdout) as {
        evaluated: { opened: number };
      };
      const { items: alerts } = await tenant.get<{ items: Alert[] }>('alerts?limit=1000');
      expect(alerts).toHaveLength(imported.evaluated.opened);
      expect(alerts.length).toBeGreaterThan(5);
      for (const { recipients } of alerts) expect(recipients).toContain('security_team');

      await waitFor(async () => ((await all('state=sent')).length >= alerts.length ? true : undefined), {
        timeoutMs: 60_000,
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
        timeoutMs: 60_000,
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
