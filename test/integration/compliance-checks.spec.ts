import { Assessment, ControlResult, Regulation } from '../../src/compliance/assessment';
import { Assessor } from '../../src/compliance/assessor';
import { insertEvents, TestEvent } from '../support/insert-events';
import { OwnApi, ownApi } from '../support/search-api';

const FROM = Date.UTC(2026, 9, 1);
const TO = Date.UTC(2026, 10, 1);
const DAY = 86_400_000;
const day = (number: number, hour = 12) => new Date(FROM + (number - 1) * DAY + hour * 3_600_000).toISOString();

/** Events without ids of people sealed: the rules compare what stands in the events, whatever it is. */
describe('the checks of an assessment', () => {
  let api: OwnApi;
  let batch = 0;
  beforeAll(async () => {
    api = await ownApi({ AUDIT_ENCRYPTION_ENABLED: 'false', AUDIT_SOX_RETENTION_DAYS: '2555' });
  });
  afterAll(() => api.close());

  /** Assesses October 2026 of a tenant that has these events and no others. */
  async function assess(regulation: Regulation, events: TestEvent[], firstLeaf = 0): Promise<Assessment> {
    batch += 1;
    const tenant = `tenant${batch}`;
    await insertEvents(api.stores.clickhouse, tenant, events, firstLeaf, batch);
    return again(tenant, regulation);
  }
  const again = (tenant: string, regulation: Regulation, now = TO + 60 * DAY): Promise<Assessment> =>
    api.app
      .get(Assessor, { strict: false })
      .assess(tenant, { regulation, from: FROM, to: TO, timeZone: 'Europe/Lisbon' }, now);
  async function control(regulation: Regulation, id: string, events: TestEvent[]): Promise<ControlResult> {
    const found = (await assess(regulation, events)).controls.find((each) => each.id === id);
    if (!found) throw new Error(`no control ${id}`);
    return found;
  }
  const titles = ({ findings }: ControlResult) => findings.map(({ title }) => title.en);

  const change = (details: TestEvent['details'], on = 5): TestEvent => ({
    ...{ eventType: 'CONFIGURATION_CHANGED', occurredAt: day(on), context: { userId: 'maker' }, details },
  });

  it('takes a change for approved only if somebody else approved it', async () => {
    const approved = change({ changeId: 'C-1', requestedBy: 'a', approvedBy: 'b' });
    expect((await control('sox', 'sox-404-change', [approved])).status).toBe('evidenced');
    const faulty = await control('sox', 'sox-404-change', [
      approved,
      change({ changeId: 'C-2', requestedBy: 'a', approvedBy: 'a' }, 6),
      change({ changeId: 'C-3', approvedBy: 'maker' }, 7),
      change({ changeId: 'C-4' }, 8),
    ]);
    expect(faulty).toMatchObject({ status: 'exception', findingCount: 3 });
    expect(titles(faulty)).toEqual([
      'A change (C-4) names nobody who approved it',
      'A change (C-3) was approved by the one who asked for it',
      'A change (C-2) was approved by the one who asked for it',
    ]);
  });

  it('counts what is in the period: its start, but not its end', async () => {
    const at = (occurredAt: string): TestEvent => ({ ...change({}), occurredAt });
    const found = await control('sox', 'sox-404-change', [
      ...[at('2026-09-30T23:59:59.999Z'), at('2026-10-01T00:00:00.000Z')],
      ...[at('2026-10-31T23:59:59.999Z'), at('2026-11-01T00:00:00.000Z')],
    ]);
    expect(found.evidence).toMatchObject([{ id: 'changes-approved', count: 2 }]);
  });

  it('finds duties that exclude each other, and payments approved by who prepared them', async () => {
    const paid = (userId: string, on: number): TestEvent => ({
      ...{ eventType: 'FINANCIAL_TRANSACTION', occurredAt: day(on), context: { userId }, amount: 10, currency: 'EUR' },
    });
    const approved = (userId: string, on: number, details: TestEvent['details']): TestEvent => ({
      ...{ eventType: 'FINANCIAL_APPROVAL_GRANTED', occurredAt: day(on), context: { userId }, details },
    });
    const { controls } = await assess('sox', [
      paid('ann', 3),
      approved('bob', 4, { transactionId: 'T-1', preparedBy: 'ann', approvedBy: 'bob' }),
      paid('eve', 5),
      approved('eve', 6, { transactionId: 'T-2', preparedBy: 'eve', approvedBy: 'eve' }),
      approved('bob', 7, { transactionId: 'T-3' }),
    ]);
    const of = (id: string) => controls.find((each) => each.id === id);
    expect(of('sox-404-segregation')).toMatchObject({ status: 'exception', findingCount: 1 });
    expect(of('sox-404-payments')).toMatchObject({
      status: 'exception',
      findings: [
        { title: { en: 'Payment T-3: the approval does not name who prepared and who approved it' } },
        { title: { en: 'Payment T-2 was approved by the one who prepared it' } },
      ],
    });
    const undecided = await control('sox', 'sox-404-payments', [paid('ann', 3), approved('bob', 7, {})]);
    expect(undecided).toMatchObject({ status: 'partial', findingCount: 1 });
  });

  it('lets a transaction be booked back for a week, and not longer', async () => {
    const booked = (bookingDate: string, amount: number): TestEvent => ({
      ...{ eventType: 'FINANCIAL_TRANSACTION', occurredAt: day(20), amount, currency: 'EUR', details: { bookingDate } },
    });
    const found = await control('sox', 'sox-404-cutoff', [
      ...[booked('2026-10-20', 1), booked('2026-10-13', 2), booked('2026-10-12', 3), booked('soon', 4)],
      booked('2026-10-25', 5),
    ]);
    expect(titles(found)).toEqual(['Transaction (3 EUR) was booked 8 days back']);
    expect(found.evidence[0]?.count).toBe(5);
  });

  it('calls a backup lost if none follows within a day', async () => {
    const backup = (eventType: string, on: number, hour: number, service = 'erp'): TestEvent => ({
      ...{ eventType, occurredAt: day(on, hour), context: { service } },
    });
    const jobs: TestEvent = { eventType: 'JOB_COMPLETED', occurredAt: day(2) };
    const done = 'BACKUP_COMPLETED';
    const kept = [jobs, backup('BACKUP_FAILED', 3, 2), backup(done, 3, 20), backup(done, 5, 2)];
    expect((await control('sox', 'sox-404-operations', kept)).status).toBe('evidenced');
    const lost = [...kept, backup('BACKUP_FAILED', 9, 2), backup(done, 9, 5, 'crm'), backup(done, 11, 2)];
    expect(await control('sox', 'sox-404-operations', lost)).toMatchObject({ status: 'exception', findingCount: 1 });
  });

  it('finds a login after five failures in a quarter of an hour, and none that took longer', async () => {
    const login = (eventType: string, minute: number, userId: string): TestEvent => ({
      eventType,
      occurredAt: new Date(Date.parse(day(4)) + minute * 60_000).toISOString(),
      context: { userId, ipAddress: '203.0.113.9' },
    });
    const guessing = (userId: string, step: number): TestEvent[] => [
      ...[0, 1, 2, 3, 4].map((n) => login('LOGIN_FAILED', n * step, userId)),
      login('LOGIN_SUCCESS', 5 * step, userId),
    ];
    const found = await control('gdpr', 'gdpr-art-32-access', [...guessing('fast', 2), ...guessing('slow', 4)]);
    expect(found).toMatchObject({ status: 'exception', findingCount: 1 });
    expect(titles(found)).toEqual(['a person logged in after 5 failures within 15 minutes from the same address']);
  });

  it('finds what somebody does whose account was closed, unless it was opened again', async () => {
    const closed = (eventType: string, resourceId: string, on: number): TestEvent => ({
      ...{ eventType, occurredAt: day(on), context: { userId: 'admin', resourceType: 'user', resourceId } },
    });
    const act = (userId: string, on: number): TestEvent => ({
      ...{ eventType: 'DATA_READ', occurredAt: day(on), context: { userId } },
    });
    const found = await control('sox', 'sox-404-access-removed', [
      ...[act('ghost', 2), closed('USER_DEACTIVATED', 'ghost', 3), act('ghost', 9), act('ghost', 10)],
      ...[closed('USER_DELETED', 'back', 3), closed('USER_ACTIVATED', 'back', 4), act('back', 9)],
      ...[act('gone', 2), closed('USER_DELETED', 'gone', 3)],
    ]);
    expect(found).toMatchObject({ status: 'exception', findingCount: 1 });
    expect(titles(found)).toEqual(['An account was used after it was closed: 2 events']);
  });

  it('judges consent, legal basis, purpose and categories of what is done with data of others', async () => {
    const use = (subjectId: string, compliance: TestEvent['compliance'], on = 8): TestEvent => ({
      ...{ eventType: 'DATA_READ', occurredAt: day(on), context: { userId: 'clerk' }, subjectId, compliance },
    });
    const letter = { legalBasis: 'consent', purpose: 'newsletter' };
    const consent = (eventType: string, subjectId: string, on: number): TestEvent => ({
      ...{ eventType, occurredAt: day(on), context: { userId: 'clerk' }, subjectId, compliance: letter },
    });
    const { controls } = await assess('gdpr', [
      ...[
        consent('CONSENT_GRANTED', 'p1', 2),
        use('p1', letter),
        consent('CONSENT_REVOKED', 'p1', 9),
        use('p1', letter, 10),
      ],
      use('p2', letter),
      use('p6', { legalBasis: 'contract' }),
      use('p3', { purpose: 'delivery' }),
      use('p4', { legalBasis: 'contract', purpose: 'delivery', dataCategories: ['health data'] }),
      use('p5', { legalBasis: 'explicit_consent', purpose: 'care', dataCategories: ['health data'] }),
      {
        eventType: 'DATA_DELETED',
        occurredAt: day(11),
        context: { userId: 'clerk' },
        subjectId: 'p1',
        compliance: letter,
      },
    ]);
    const counts = controls
      .filter(({ findingCount }) => findingCount > 0)
      .map(({ id, findingCount }) => [id, findingCount]);
    expect(Object.fromEntries(counts)).toMatchObject({
      ...{ 'gdpr-art-7-3': 1, 'gdpr-art-6': 1, 'gdpr-art-9': 1 },
    });
    expect(controls.find(({ id }) => id === 'gdpr-art-7-1')?.status).toBe('exception');
    expect(controls.find(({ id }) => id === 'gdpr-art-5-1-b')?.status).toBe('exception');
  });

  it('asks for a safeguard where data goes abroad, as each law draws the border', async () => {
    const sent = (country: string, safeguard?: string): TestEvent => ({
      eventType: 'DATA_SHARED',
      occurredAt: day(8),
      details: { country, ...(safeguard && { safeguard }) },
    });
    const events = [sent('DE'), sent('br'), sent('US', 'standard contractual clauses'), sent('IN')];
    expect(titles(await control('lgpd', 'lgpd-art-33', events)).sort()).toEqual([
      'Data went to DE without a safeguard named',
      'Data went to IN without a safeguard named',
    ]);
    expect(titles(await control('gdpr', 'gdpr-art-44', events))).toEqual([
      ...['Data went to IN without a safeguard named', 'Data went to BR without a safeguard named'].sort(),
    ]);
  });

  it('judges deadlines as of the end of the period, or as of now while it runs', async () => {
    const request: TestEvent = {
      ...{
        eventType: 'LGPD_REQUEST',
        occurredAt: day(14),
        subjectId: 'p1',
        details: { requestId: 'R-1', right: 'access' },
      },
    };
    const of = ({ controls }: Assessment) => controls.find(({ id }) => id === 'lgpd-art-19');
    expect(of(await assess('lgpd', [request]))?.status).toBe('exception');
    expect(of(await again(`tenant${batch}`, 'lgpd', Date.parse(day(20))))?.status).toBe('no_events');
    const answer = (on: number): TestEvent => ({
      ...{
        eventType: 'DATA_SUBJECT_REQUEST_COMPLETED',
        occurredAt: day(on),
        subjectId: 'p1',
        details: { requestId: 'R-1' },
      },
    });
    expect(of(await assess('lgpd', [request, answer(29)]))?.status).toBe('evidenced');
    expect(of(await assess('lgpd', [request, answer(30)]))).toMatchObject({ status: 'exception', findingCount: 1 });
  });

  it('runs the clocks of a breach', async () => {
    const breach: TestEvent = {
      ...{ eventType: 'DATA_BREACH_DETECTED', occurredAt: day(5), details: { breachId: 'B-1', awareAt: day(5, 9) } },
    };
    const told = (on: number, hour: number): TestEvent => ({
      ...{
        eventType: 'DATA_BREACH_NOTIFIED',
        occurredAt: day(on, hour),
        details: { breachId: 'B-1', to: 'authority' },
      },
    });
    expect((await control('gdpr', 'gdpr-art-33', [breach, told(8, 8)])).status).toBe('evidenced');
    expect((await control('gdpr', 'gdpr-art-33', [breach, told(8, 9)])).status).toBe('exception');
    // Monday 5 October is not counted; a weekend does not lie between.
    expect((await control('lgpd', 'lgpd-art-48-authority', [breach, told(8, 9)])).status).toBe('evidenced');
    expect((await control('lgpd', 'lgpd-art-48-authority', [breach])).status).toBe('exception');
  });

  it('finds a place of the ledger without an event, and takes what retention removed for accounted for', async () => {
    const events = (n: number): TestEvent[] =>
      Array.from({ length: n }, (_, i) => ({ eventType: 'JOB_COMPLETED', occurredAt: day(i + 2) }));
    await assess('sox', events(3), 0);
    const tenant = `tenant${batch}`;
    await insertEvents(api.stores.clickhouse, tenant, [{ eventType: 'JOB_COMPLETED', occurredAt: day(9) }], 5, batch);
    const insert = (table: string, row: object) =>
      api.stores.clickhouse.insert({
        table,
        values: [row],
        format: 'JSONEachRow',
        clickhouse_settings: { async_insert: 0 },
      });
    const complete = async () =>
      (await again(tenant, 'sox')).controls.find(({ id }) => id === 'sox-404-completeness') ?? fail();
    expect((await complete()).status).toBe('no_events');
    await insert('checkpoints', { tenant, size: 6 });
    expect(await complete()).toMatchObject({ status: 'exception', findingCount: 2 });
    await insert('retention_manifests', { tenant, ranges: [{ first: 3, last: 4 }], leaf_count: 2 });
    expect(await complete()).toMatchObject({ status: 'evidenced', findingCount: 0, evidence: [{}, { count: 6 }] });
  });

  it('finds financial records that are kept too short', async () => {
    const paid: TestEvent = { eventType: 'FINANCIAL_TRANSACTION', occurredAt: day(3), amount: 1, currency: 'EUR' };
    expect((await control('sox', 'sox-802-retention', [paid])).status).toBe('evidenced');
    const tenant = `tenant${batch}`;
    await api.stores.clickhouse.command({
      query: `ALTER TABLE events UPDATE retain_until = retain_until - 2 WHERE tenant = '${tenant}' SETTINGS mutations_sync = 1`,
    });
    const { controls } = await again(tenant, 'sox');
    expect(controls.find(({ id }) => id === 'sox-802-retention')?.status).toBe('exception');
  });

  it('keeps tenants apart', async () => {
    await assess('gdpr', [{ eventType: 'DATA_EXPORTED', occurredAt: day(3), recordCount: 1_000_000 }]);
    const { events, controls } = await again('nobody', 'gdpr');
    expect(events).toBe(0);
    expect(controls.filter(({ status }) => status === 'exception' || status === 'evidenced')).toEqual([]);
  });
});

function fail(): never {
  throw new Error('the control is missing');
}
