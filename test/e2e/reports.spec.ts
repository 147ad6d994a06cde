import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DateTime } from 'luxon';
import { findChromium } from '../../src/reports/chromium';
import { mcpAudit } from '../support/cli';
import { MailServer, startMailServer } from '../support/mail-server';
import { judgePdf, pdfToolsPresent } from '../support/pdf-tools';
import { descendants } from '../support/processes';
import { ROOT, startSystem, System, TestTenant, waitFor } from '../support/system';

interface Report {
  id: string;
  state: string;
  attempts: number;
  reason: string | null;
  contentHash: string;
  events: number;
  schedule: string | null;
  files: { format: string; bytes: number }[];
  deliveries: { to: string; state: string; form: string; attempts: number }[];
}

const to = DateTime.utc().startOf('month');
const from = to.minus({ months: 1 });
const period = { from: from.toISODate(), to: to.toISODate() };
const inPeriod = (day: number) => from.plus({ days: day, hours: 10 }).toISO();

describe('compliance reports', () => {
  let mailServer: MailServer;
  let system: System;
  let tenant: TestTenant;
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'mcp-audit-reports-'));
    // A browser whose process the test knows.
    const chromium = join(dir, 'chromium');
    const real = findChromium(process.env.PUPPETEER_EXECUTABLE_PATH);
    writeFileSync(chromium, `#!/bin/sh\necho $$ > '${dir}/pid'\nexec '${real}' "$@"\n`, { mode: 0o755 });
    mailServer = await startMailServer();
    system = await startSystem({
      ...mailServer.env,
      PUPPETEER_EXECUTABLE_PATH: chromium,
      AUDIT_CHECKPOINT_INTERVAL: '0.2',
      NODE_OPTIONS: `--require ${join(ROOT, 'test/chaos/clock-step.cjs')}`,
      CHAOS_CLOCK_FILE: join(dir, 'clock'),
    });
    tenant = await TestTenant.create(system);
    const event = (day: number, eventType: string, more: object = {}) => ({
      ...{ eventType, occurredAt: inPeriod(day), description: `=HYPERLINK("x") ${eventType}`, ...more },
      context: { userId: 'maria', ipAddress: '203.0.113.7', service: 'crm' },
    });
    const sent = await tenant.post('events', [
      event(2, 'LOGIN_SUCCESS'),
      event(3, 'CONSENT_GRANTED', { compliance: { purpose: 'newsletter', legalBasis: 'consent' } }),
      event(5, 'CONSENT_REVOKED', { compliance: { purpose: 'newsletter' } }),
      event(9, 'DATA_READ', { compliance: { purpose: 'newsletter', legalBasis: 'consent' } }),
    ]);
    const { ids } = (await sent.json()) as { ids: string[] };
    // Until all of it is under a checkpoint.
    await waitFor(async () => {
      const proofs = await Promise.all(ids.map((id) => tenant.request(`events/${id}/proof`)));
      return proofs.every(({ status }) => status === 200) || undefined;
    });
  });
  afterAll(async () => {
    await system.stop();
    await mailServer.close();
    await rm(dir, { recursive: true, force: true });
  });

  const order = async (body: object, headers = {}, of = tenant): Promise<Report> => {
    const asked = { regulation: 'gdpr', ...period, ...body };
    const answer = await of.post('compliance/reports/generate', asked, headers, 'officer');
    expect([answer.status, answer.headers.get('location')]).toEqual([
      202,
      expect.stringMatching(/reports\/[0-9a-f-]+$/),
    ]);
    return (await answer.json()) as Report;
  };
  const made = (id: string, of = tenant): Promise<Report> =>
    waitFor(
      async () => {
        const report = await of.get<Report>(`compliance/reports/${id}`, 'viewer');
        if (report.state === 'failed') throw new Error(report.reason ?? '');
        return report.state === 'finished' ? report : undefined;
      },
      { what: () => `report ${id}` },
    );
  const download = async (id: string, format: string) => {
    const answer = await tenant.request(`compliance/reports/${id}/download?format=${format}`, { role: 'viewer' });
    expect(answer.status).toBe(200);
    return Buffer.from(await answer.arrayBuffer());
  };
  let contentHash = '';

  it('are made in every format, with one content', async () => {
    const asked = await order({ formats: ['pdf', 'xlsx', 'csv', 'json'] });
    const report = await made(asked.id);
    ({ contentHash } = report);
    expect(report).toMatchObject({ events: 4, attempts: 1, deliveries: [] });
    expect(report.files.map(({ format }) => format)).toEqual(['pdf', 'xlsx', 'csv', 'json']);
    const json = JSON.parse((await download(report.id, 'json')).toString()) as {
      contentHash: string;
      content: { population: { missing: number; checkpoint: object }; assessment: { controls: object[] } };
    };
    expect(json).toMatchObject({
      contentHash,
      content: { population: { missing: 0, checkpoint: expect.any(Object) as object } },
    });
    expect(json.content.assessment.controls.length).toBeGreaterThanOrEqual(15);
    expect((await download(report.id, 'csv')).toString()).toContain(`${contentHash}\r\n`);
    expect((await download(report.id, 'xlsx')).subarray(0, 2).toString()).toBe('PK');
    await tenant.waitForCount(1, 'eventType=AUDIT_REPORT_GENERATED');
    await tenant.waitForCount(3, 'eventType=AUDIT_REPORT_DOWNLOADED');
    if (!pdfToolsPresent) return;
    const { text, signature, fonts, info, links, places } = await judgePdf(await download(report.id, 'pdf'));
    expect(signature).toContain('Signature is Valid.');
    expect(signature).toContain('Total document signed');
    expect(text).toContain(contentHash);
    expect(text).toMatch(/Contents\n[^]*Executive summary +_* *3\n/);
    expect(info).toMatch(/Tagged: +yes[^]*Page size: .*\(A4\)/);
    const embedded = fonts.split('\n').slice(2, -1);
    expect(embedded.length).toBeGreaterThan(0);
    for (const font of embedded) expect(font).toMatch(/ yes yes yes +\d+ +0$/);
    expect(fonts).toContain('+IBMPlexSans');
    // The contents name each of the 27 controls.
    expect(links.length).toBeGreaterThan(27);
    expect(links).toContain('/s-summary');
    expect(links.filter((link) => !places.includes(link))).toEqual([]);
  });

  it('are the same again for the same data, and one for one idempotency key', async () => {
    const key = { 'idempotency-key': 'october' };
    const [first, second] = [await order({ formats: ['json'] }, key), await order({ formats: ['json'] }, key)];
    expect(second.id).toBe(first.id);
    expect((await made(first.id)).contentHash).toBe(contentHash);
    const other = await tenant.post('compliance/reports/generate', { regulation: 'sox', ...period }, key);
    expect(other.status).toBe(409);
    const { items } = await tenant.get<{ items: Report[] }>('compliance/reports?regulation=gdpr&limit=1');
    expect(items.map(({ id }) => id)).toEqual([first.id]);
  });

  it.each([
    ['an empty period', { to: period.from }, /empty/],
    ['a period in the future', { from: '2199-01-01', to: '2199-02-01' }, /future/],
    ['an unknown zone', { timeZone: 'Mars/Base' }, /time zone/],
    ['an unknown format', { formats: ['doc'] }, /formats/],
  ])('refuse %s', async (_, wrong, message) => {
    const answer = await tenant.post('compliance/reports/generate', { regulation: 'gdpr', ...period, ...wrong });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(message)]);
  });

  it('are made again when Chromium is killed', async () => {
    await rm(join(dir, 'pid'), { force: true });
    const asked = await order({ regulation: 'sox' });
    const pid = await waitFor(() =>
      Promise.resolve(existsSync(join(dir, 'pid')) ? readFileSync(join(dir, 'pid'), 'utf8') : undefined),
    );
    process.kill(Number(pid), 'SIGKILL');
    const report = await made(asked.id);
    expect(report).toMatchObject({ attempts: 2, reason: null, files: [{ format: 'pdf' }] });
    await tenant.waitForCount(0, 'eventType=AUDIT_REPORT_FAILED');
  });

  it('are valid where there is nothing to report, also from the command line', async () => {
    const empty = await TestTenant.create(system);
    const file = join(dir, 'empty.pdf');
    const options = [
      '--regulation',
      'lgpd',
      '--from',
      period.from,
      '--to',
      period.to,
      '--timezone',
      'America/Sao_Paulo',
    ];
    const run = await mcpAudit(
      system.dataDir,
      ...['report', 'generate', ...options, '--language', 'pt', '--output', file, '--tenant', empty.name],
    );
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining(`wrote ${file}`) as string });
    if (pdfToolsPresent) {
      const { text, signature } = await judgePdf(await readFile(file));
      expect(text).toContain('O período não tem eventos desta organização');
      expect(signature).toContain('Signature is Valid.');
    }
    const listed = await mcpAudit(system.dataDir, 'report', 'list', '--tenant', empty.name);
    expect(listed.stdout).toMatch(/lgpd .* finished +pdf/);
  });

  it('come by mail once when their schedule is due', async () => {
    const cli = (...args: string[]) => mcpAudit(system.dataDir, ...args, '--tenant', tenant.name);
    await cli('recipients', 'set', 'dpo', '--mail', 'dpo@example.org');
    const soon = DateTime.utc().plus({ minutes: 3 });
    const added = await cli(
      ...['schedule', 'add', 'monthly-gdpr', '--regulation', 'gdpr', '--cron', `${soon.minute} ${soon.hour} * * *`],
      ...['--group', 'dpo', '--mail', 'cfo@example.org'],
    );
    expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining('added monthly-gdpr') as string });
    expect(
      (await cli('schedule', 'add', 'monthly-gdpr', '--regulation', 'gdpr', '--cron', '0 6 1 * *', '--group', 'dpo'))
        .code,
    ).toBe(1);
    mailServer.refuseNext({ code: 451 });
    writeFileSync(join(dir, 'clock'), String(4 * 60_000));
    for (const pid of workers()) process.kill(pid, 'SIGUSR2');

    const report = await waitFor(
      async () => {
        const { items } = await tenant.get<{ items: Report[] }>('compliance/reports?schedule=monthly-gdpr');
        return items.find((each) => each.deliveries.length === 2 && each.deliveries.every((d) => d.state === 'sent'));
      },
      { what: () => `two mails, seen ${mailServer.mails.length}` },
    );
    expect(report).toMatchObject({ contentHash, schedule: 'monthly-gdpr' });
    expect(report.deliveries.map(({ attempts }) => attempts).sort()).toEqual([1, 2]);
    expect(mailServer.mails.map((mail) => mail.to[0]).sort()).toEqual(['cfo@example.org', 'dpo@example.org']);
    const [mail] = mailServer.mails;
    expect(mail?.subject).toContain('Compliance report GDPR');
    const [, encoded = ''] =
      /Content-Type: application\/pdf[^]*?\r\n\r\n([A-Za-z0-9+/=\r\n]+)\r\n/.exec(mail?.raw ?? '') ?? [];
    const pdf = Buffer.from(encoded, 'base64');
    expect(pdf.equals(await download(report.id, 'pdf'))).toBe(true);
    if (pdfToolsPresent) expect((await judgePdf(pdf)).signature).toContain('Signature is Valid.');
    await tenant.waitForCount(2, 'eventType=AUDIT_REPORT_DELIVERED');

    const again = await cli('schedule', 'run', 'monthly-gdpr');
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^made /) as string });
    await waitFor(() => Promise.resolve(mailServer.mails.length === 4 || undefined));
    expect((await cli('schedule', 'list')).stdout).toContain('dpo, cfo@example.org');
    expect((await cli('schedule', 'remove', 'monthly-gdpr')).code).toBe(0);
    expect((await tenant.request('compliance/schedules/monthly-gdpr')).status).toBe(404);
    await tenant.waitForCount(2, 'eventType=AUDIT_SCHEDULE_CHANGED');
    expect(system.output()).not.toContain('example.org');
  });

  it('are for those only who may read or order them, and for their tenant only', async () => {
    const { items } = await tenant.get<{ items: Report[] }>('compliance/reports?limit=1');
    const other = await TestTenant.create(system);
    expect((await other.request(`compliance/reports/${items[0]?.id}/download`)).status).toBe(404);
    const asked = await tenant.post('compliance/reports/generate', { regulation: 'gdpr', ...period }, {}, 'viewer');
    expect(asked.status).toBe(403);
    expect((await tenant.request('compliance/schedules', { role: 'viewer' })).status).toBe(403);
  });

  const workers = () =>
    descendants(system.process.pid ?? 0).filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes('AUDIT_ROLE=worker');
      } catch {
        return false;
      }
    });
});
