import { sampleAssessment, sampleCircumstances, samplePopulation } from '../../test/support/sample-assessment';
import { AppError } from '../common/app-error';
import type { OwnAct } from '../ingest/self-audit';
import { Mail, MailError } from '../mail/mailer';
import { buildReport } from './content';
import { ReportDeliverer } from './report-deliverer';
import { ReportMaker } from './report-maker';
import { newRecord, ReportRecord, Recipients } from './report-record';

const NOW = Date.UTC(2026, 10, 2, 6);
const report = buildReport(sampleAssessment(), samplePopulation, sampleCircumstances);
const pdf = { format: 'pdf' as const, content: Buffer.from('%PDF') };

/** A maker on a store, a browser and a mail server that live in memory. `faults` are thrown one after the other, then all is well. */
function maker(options: {
  recipients?: Recipients;
  generation?: Error[];
  mailing?: Error[];
  mailBytes?: number;
  groups?: Record<string, string[]>;
}) {
  const {
    recipients = { groups: [], mail: [] },
    generation = [],
    mailing = [],
    mailBytes = 1000,
    groups = {},
  } = options;
  const request = {
    ...{ regulation: 'gdpr' as const, from: '2026-10-01T00:00:00.000Z', to: '2026-11-01T00:00:00.000Z' },
    ...{ timeZone: 'UTC', language: 'en' as const, formats: ['pdf' as const] },
  };
  const asked = { request, recipients, schedule: 'monthly', createdBy: 'schedule:monthly' };
  let kept = newRecord('01a20912-ef1e-7134-a3bc-60f70a03b83b', asked, NOW, 10);
  const acts: OwnAct[] = [];
  const mails: Mail[] = [];
  const store = {
    find: () => Promise.resolve(kept),
    save: (_: string, record: ReportRecord) => Promise.resolve(void (kept = record)),
    saveFiles: () => Promise.resolve([{ format: 'pdf', bytes: pdf.content.length, sha256: '' }]),
    file: () => Promise.resolve(pdf.content),
  };
  const thrown = (faults: Error[]) => {
    const fault = faults.shift();
    return fault === undefined ? undefined : Promise.reject(fault);
  };
  const generator = { generate: () => thrown(generation) ?? Promise.resolve({ report, files: [pdf] }) };
  const mailer = {
    send: (mail: Mail) => thrown(mailing) ?? Promise.resolve(mails.push(mail)).then(() => 'accepted'),
  };
  const audit = { record: (_: string, act: OwnAct) => Promise.resolve(acts.push(act)) };
  const clock = { now: () => NOW };
  const known = new Map(
    Object.entries(groups).map(([name, to]) => [
      name,
      { group: { enabled: true, channels: [{ type: 'mail', enabled: true, to }] } },
    ]),
  );
  const config = { publicUrl: 'https://audit.example.org/', reports: { mailBytes } };
  const deliverer = new ReportDeliverer(
    ...([
      store,
      { load: () => Promise.resolve(known) },
      mailer,
      audit,
      clock,
      config,
    ] as unknown as ConstructorParameters<typeof ReportDeliverer>),
  );
  const made = new ReportMaker(
    ...([store, generator, deliverer, audit, clock] as unknown as ConstructorParameters<typeof ReportMaker>),
  );
  return {
    work: () => made.work('acme', kept.id, () => Promise.resolve()),
    record: () => kept,
    acts: () => acts.map(({ eventType }) => eventType),
    mails,
  };
}

const killed = () => new AppError('PDF_FAILED', 503, 'Chromium did not make the PDF: it was killed');

describe('making a report', () => {
  it('ends when it is made and nobody is to be told', async () => {
    const { work, record, acts } = maker({});
    expect(await work()).toBeUndefined();
    expect(record()).toMatchObject({ state: 'finished', attempts: 1, result: { contentHash: report.contentHash } });
    expect(acts()).toEqual(['AUDIT_REPORT_GENERATED']);
    // Taken up again by whoever does not know, it stays as it is.
    expect(await work()).toBeUndefined();
    expect(acts()).toHaveLength(1);
  });

  it('is tried again, and says why, when Chromium is killed', async () => {
    const { work, record, acts } = maker({ generation: [killed()] });
    expect(await work()).toBe(2000);
    expect(record()).toMatchObject({
      state: 'queued',
      attempts: 1,
      reason: expect.stringContaining('killed') as string,
    });
    expect(await work()).toBeUndefined();
    expect(record()).toMatchObject({ state: 'finished', attempts: 2, reason: null });
    expect(acts()).toEqual(['AUDIT_REPORT_GENERATED']);
  });

  it('is given up, with a critical event, when it never succeeds', async () => {
    const { work, record, acts } = maker({ generation: Array.from({ length: 9 }, killed) });
    const waits = [];
    for (let wait = await work(); wait !== undefined; wait = await work()) waits.push(wait);
    expect(waits).toEqual([2000, 10_000, 30_000, 120_000]);
    expect(record()).toMatchObject({ state: 'failed', attempts: 5, result: null });
    expect(acts()).toEqual(['AUDIT_REPORT_FAILED']);
  });

  it.each([
    ['a template is faulty', new AppError('REPORT_TEMPLATE_FAULTY', 500, 'a template of the report is faulty')],
    ['the code is', new TypeError('x is not a function')],
    ['the period is none', new AppError('PERIOD_INVALID', 400, 'to is empty')],
  ])('is given up at once when %s', async (_, fault) => {
    const { work, record } = maker({ generation: [fault] });
    expect(await work()).toBeUndefined();
    expect(record()).toMatchObject({ state: 'failed', attempts: 1 });
  });
});

describe('mailing a report', () => {
  const groups = { dpo: ['dpo@example.org', 'CFO@example.org'] };

  it('goes once to each address, with its files', async () => {
    const { work, record, acts, mails } = maker({ groups, recipients: { groups: ['dpo'], mail: ['cfo@example.org'] } });
    expect(await work()).toBeUndefined();
    expect(mails.map(({ to }) => to)).toEqual(['cfo@example.org', 'dpo@example.org']);
    expect(new Set(mails.map(({ id }) => id)).size).toBe(2);
    expect(mails[0]).toMatchObject({
      subject: 'Compliance report GDPR of acme: 1 Oct 2026 – 31 Oct 2026',
      attachments: [{ filename: 'gdpr-acme-2026-10-01-to-2026-11-01.pdf', content: pdf.content }],
    });
    expect(record().deliveries).toMatchObject([{ state: 'sent', form: 'files' }, { state: 'sent' }]);
    expect(acts()).toEqual(['AUDIT_REPORT_GENERATED', 'AUDIT_REPORT_DELIVERED', 'AUDIT_REPORT_DELIVERED']);
  });

  it('carries a link when the files are too large', async () => {
    const { work, mails } = maker({ recipients: { groups: [], mail: ['a@example.org'] }, mailBytes: 2 });
    await work();
    expect(mails[0]?.attachments).toEqual([]);
    expect(mails[0]?.text).toMatch(
      /https:\/\/audit\.example\.org\/audit\/api\/compliance\/reports\/[0-9a-f-]+\/download/,
    );
  });

  it('is tried again for those only whom it has not reached', async () => {
    const busy = new MailError('the mail server did not take it', false, undefined);
    const { work, record, mails } = maker({
      recipients: { groups: [], mail: ['a@example.org', 'b@example.org'] },
      mailing: [busy],
    });
    expect(await work()).toBe(2000);
    expect(record().deliveries?.map(({ state }) => state)).toEqual(['queued', 'sent']);
    expect(await work()).toBeUndefined();
    expect(mails.map(({ to }) => to)).toEqual(['b@example.org', 'a@example.org']);
    expect(record().deliveries).toMatchObject([{ state: 'sent', attempts: 2 }, { attempts: 1 }]);
  });

  it('tells of what cannot be delivered: an address that is refused, a group without one', async () => {
    const refused = new MailError('the mail server did not take it', true, undefined);
    const { work, record, acts } = maker({
      recipients: { groups: ['nobody'], mail: ['a@example.org'] },
      mailing: [refused],
    });
    expect(await work()).toBeUndefined();
    expect(record().deliveries).toMatchObject([
      { state: 'failed', attempts: 1 },
      { state: 'failed', group: 'nobody', reason: expect.stringContaining('recipients set nobody') as string },
    ]);
    expect(acts()).toEqual(['AUDIT_REPORT_GENERATED', 'AUDIT_REPORT_FAILED', 'AUDIT_REPORT_FAILED']);
  });
});
