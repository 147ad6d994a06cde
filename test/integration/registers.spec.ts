import { ActivityRegister } from '../../src/registers/activity-register';
import { BreachDesk } from '../../src/registers/breach-desk';
import { ConsentLedger } from '../../src/registers/consent-ledger';
import { conflictsOf, readDuties, readSelfApprovals } from '../../src/registers/duties';
import { PeopleRegister } from '../../src/registers/people-register';
import { RequestRegister } from '../../src/registers/request-register';
import { insertEvents, TestEvent } from '../support/insert-events';
import { OwnApi, ownApi } from '../support/search-api';

const at = (text: string): number => Date.parse(text);
const NOW = at('2026-11-23T12:00:00Z');
const NOVEMBER = { from: at('2026-11-01T00:00:00Z'), to: at('2026-12-01T00:00:00Z') };

const newsletter = { legalBasis: 'consent', purpose: 'newsletter', consentId: 'c-1', dataCategories: ['contact'] };
const event = (occurredAt: string, eventType: string, subjectId: string, more: TestEvent = {}): TestEvent => ({
  ...{ occurredAt, eventType, subjectId, description: eventType },
  ...more,
  context: { userId: 'clerk', service: 'portal', ...more.context },
});

let api: OwnApi;
beforeAll(async () => {
  api = await ownApi();
});
afterAll(() => api.close());

describe('the consent ledger', () => {
  const events: TestEvent[] = [
    event('2026-10-01T08:00:00.000Z', 'CONSENT_GRANTED', 'ann', { compliance: newsletter }),
    event('2026-11-02T08:00:00.000Z', 'DATA_READ', 'ann', { compliance: newsletter }),
    event('2026-11-03T08:00:00.000Z', 'CONSENT_REVOKED', 'ann', { compliance: newsletter }),
    event('2026-11-04T08:00:00.000Z', 'DATA_READ', 'ann', { compliance: newsletter }),
    // Another purpose, and a removal, which is what she wants.
    event('2026-11-05T08:00:00.000Z', 'DATA_READ', 'ann', {
      compliance: { legalBasis: 'contract', purpose: 'delivery' },
    }),
    event('2026-11-05T08:00:01.000Z', 'DATA_DELETED', 'ann', { compliance: newsletter }),
    event('2026-11-05T08:00:02.000Z', 'DATA_READ', 'ann', { compliance: newsletter, outcome: 'denied' }),
    event('2026-11-06T08:00:00.000Z', 'CONSENT_GRANTED', 'bob', { compliance: newsletter }),
    event('2026-11-07T08:00:00.000Z', 'CONSENT_GRANTED', 'bob', { compliance: { ...newsletter, purpose: 'survey' } }),
    event('2026-11-08T08:00:00.000Z', 'DATA_EXPORTED', 'cid', { compliance: newsletter }),
    event('2026-11-09T08:00:00.000Z', 'DATA_UPDATED', 'dan'),
    // Nobody else's data.
    event('2026-11-09T09:00:00.000Z', 'DATA_UPDATED', 'clerk'),
    event('2026-12-02T08:00:00.000Z', 'DATA_READ', 'ann', { compliance: newsletter }),
  ];
  let ledger: ConsentLedger;
  beforeAll(async () => {
    ledger = new ConsentLedger(api.stores.clickhouse);
    await insertEvents(api.stores.clickhouse, 'consents', events);
    await insertEvents(api.stores.clickhouse, 'others', events.slice(0, 1));
  });

  it('says who agrees to what now and did then, in pages', async () => {
    const first = await ledger.list('consents', { asOf: NOW }, 2);
    expect(first.consents).toMatchObject([
      { subject: 'bob', purpose: 'survey', state: 'granted', changes: 1 },
      { subject: 'bob', purpose: 'newsletter', state: 'granted' },
    ]);
    const second = await ledger.list('consents', { asOf: NOW }, 2, first.nextCursor ?? '');
    expect(second).toMatchObject({
      consents: [{ subject: 'ann', state: 'withdrawn', changes: 2, firstAt: at('2026-10-01T08:00:00Z') }],
      nextCursor: null,
    });
    const before = await ledger.list('consents', { asOf: at('2026-11-03T08:00:00Z') }, 10);
    expect(before.consents).toMatchObject([{ subject: 'ann', state: 'granted', consentId: 'c-1' }]);
    const withdrawn = await ledger.list('consents', { asOf: NOW, state: 'withdrawn' }, 10);
    expect(withdrawn.consents).toHaveLength(1);
    const filter = { asOf: NOW, subjects: ['bob'], purpose: ['survey'] };
    expect((await ledger.list('consents', filter, 10)).consents).toHaveLength(1);
    expect(await ledger.history('consents', ['ann'], 'newsletter', 10)).toMatchObject([
      { state: 'granted', actor: 'clerk' },
      { state: 'withdrawn', dataCategories: ['contact'] },
    ]);
  });

  it('finds what was done after a withdrawal, without consent and without any basis, and nothing else', async () => {
    const { exceptions, nextCursor } = await ledger.exceptions('consents', NOVEMBER, { limit: 2 });
    expect(exceptions).toMatchObject([
      { kind: 'without_basis', subject: 'dan', eventType: 'DATA_UPDATED', withdrawnAt: null },
      { kind: 'without_consent', subject: 'cid', eventType: 'DATA_EXPORTED', withdrawnAt: null },
    ]);
    const rest = await ledger.exceptions('consents', NOVEMBER, { limit: 2, cursor: nextCursor ?? '' });
    expect(rest).toMatchObject({
      exceptions: [
        {
          ...{ kind: 'after_withdrawal', subject: 'ann', purpose: 'newsletter', at: at('2026-11-04T08:00:00Z') },
          withdrawnAt: at('2026-11-03T08:00:00Z'),
        },
      ],
      nextCursor: null,
    });
    expect(await ledger.countExceptions('consents', NOVEMBER)).toEqual([
      { kind: 'after_withdrawal', events: 1, subjects: 1 },
      { kind: 'without_basis', events: 1, subjects: 1 },
      { kind: 'without_consent', events: 1, subjects: 1 },
    ]);
    expect(await ledger.countExceptions('others', NOVEMBER)).toEqual([]);
  });
});

describe('the register of requests', () => {
  const request = (occurredAt: string, type: string, subject: string, details: object): TestEvent =>
    event(occurredAt, type, subject, { details: { ...details } });
  let register: RequestRegister;
  beforeAll(async () => {
    register = new RequestRegister(api.stores.clickhouse);
    await insertEvents(api.stores.clickhouse, 'requests', [
      request('2026-10-01T08:00:00.000Z', 'GDPR_REQUEST', 'ann', { requestId: 'R-1', right: 'access' }),
      request('2026-10-02T08:00:00.000Z', 'DATA_SUBJECT_REQUEST_COMPLETED', 'clerk', { requestId: 'R-1' }),
      request('2026-10-03T08:00:00.000Z', 'LGPD_REQUEST', 'bob', { requestId: 'R-2', right: 'erasure' }),
      request('2026-11-20T08:00:00.000Z', 'GDPR_REQUEST', 'ann', { requestId: 'R-3', right: 'objection' }),
      {
        ...request('2026-11-21T08:00:00.000Z', 'GDPR_REQUEST', 'cid', {}),
        context: { resourceType: 'request', resourceId: 'R-4' },
      },
      request('2026-11-22T08:00:00.000Z', 'DATA_SUBJECT_REQUEST_COMPLETED', 'dan', { requestId: 'never opened' }),
    ]);
  });
  const ids = async (filter: object) =>
    (await register.list('requests', { asOf: NOW, ...filter }, 10)).requests.map(({ id }) => id);

  it('lists requests with their state, newest first, in pages', async () => {
    const first = await register.list('requests', { asOf: NOW }, 3);
    expect(first.requests).toMatchObject([
      { id: 'R-4', subject: 'cid', state: 'open', right: 'other', overdue: false },
      { id: 'R-3', subject: 'ann', state: 'open', due: { lastDay: '2026-12-21' } },
      { id: 'R-2', law: 'lgpd', state: 'open', overdue: true },
    ]);
    const second = await register.list('requests', { asOf: NOW }, 3, first.nextCursor ?? '');
    expect(second).toMatchObject({ requests: [{ id: 'R-1', state: 'answered', overdue: false }], nextCursor: null });
  });

  it('chooses by law, right, state, person and time, of one tenant only', async () => {
    expect(await ids({ law: ['lgpd'] })).toEqual(['R-2']);
    expect(await ids({ right: ['objection', 'access'] })).toEqual(['R-3', 'R-1']);
    expect(await ids({ state: ['answered'] })).toEqual(['R-1']);
    expect(await ids({ overdue: true })).toEqual(['R-2']);
    expect(await ids({ subjects: ['ann'] })).toEqual(['R-3', 'R-1']);
    expect(await ids({ from: at('2026-10-03T00:00:00Z'), to: at('2026-11-21T00:00:00Z') })).toEqual(['R-3', 'R-2']);
    expect(await ids({ asOf: at('2026-10-02T00:00:00Z') })).toEqual(['R-1']);
    expect(await register.find('requests', 'R-1', { asOf: NOW })).toMatchObject({ steps: [{}, { move: 'answered' }] });
    expect(await register.find('others', 'R-1', { asOf: NOW })).toBeUndefined();
  });
});

describe('the breach desk', () => {
  it('counts what a breach touched by the filter that it names', async () => {
    const desk = new BreachDesk(api.stores.clickhouse);
    const affected = { from: '2026-11-01T00:00:00Z', to: '2026-12-01T00:00:00Z', resourceType: ['customer'] };
    const read = (subject: string, recordCount?: number): TestEvent =>
      event('2026-11-02T08:00:00.000Z', 'DATA_READ', subject, {
        context: { resourceType: 'customer', resourceId: subject },
        compliance: { legalBasis: 'contract', dataCategories: ['contact'] },
        ...(recordCount !== undefined && { recordCount }),
      });
    await insertEvents(api.stores.clickhouse, 'breaches', [
      ...[read('ann', 10), read('ann'), read('bob', 5)],
      event('2026-11-02T08:00:00.000Z', 'DATA_READ', 'cid'),
      event('2026-11-19T14:00:00.000Z', 'DATA_BREACH_DETECTED', 'clerk', { details: { breachId: 'B-1', affected } }),
      event('2026-11-20T14:00:00.000Z', 'DATA_BREACH_NOTIFIED', 'clerk', { details: { breachId: 'B-1', law: 'gdpr' } }),
    ]);
    const { breaches } = await desk.list('breaches', { asOf: NOW, state: ['open'] }, 10);
    expect(breaches).toMatchObject([{ id: 'B-1', clocks: [{ state: 'kept' }, { state: 'not_required' }, {}, {}] }]);
    expect(await desk.affected('breaches', breaches[0] ?? { affected: null })).toEqual({
      ...{ events: 3, subjects: 2, records: 16, dataCategories: ['contact'] },
      ...{ firstAt: at('2026-11-02T08:00:00Z'), lastAt: at('2026-11-02T08:00:00Z') },
    });
    expect(await desk.affected('breaches', { affected: null })).toBeNull();
    expect(await desk.find('others', 'B-1', { asOf: NOW })).toBeUndefined();
  });
});

describe('who did what', () => {
  const act = (
    occurredAt: string,
    eventType: string,
    userId: string,
    resource: [string, string],
    details = {},
  ): TestEvent => ({
    ...{ occurredAt, eventType, description: eventType, details },
    context: { userId, resourceType: resource[0], resourceId: resource[1] },
  });
  beforeAll(async () => {
    await insertEvents(api.stores.clickhouse, 'people', [
      act('2026-10-20T08:00:00.000Z', 'FINANCIAL_TRANSACTION', 'apikey:ann', ['payment', '1']),
      act('2026-11-02T08:00:00.000Z', 'FINANCIAL_APPROVAL_GRANTED', 'apikey:ann', ['payment', '1']),
      act('2026-11-02T09:00:00.000Z', 'FINANCIAL_TRANSACTION', 'apikey:ann', ['payment', '2']),
      act('2026-11-02T10:00:00.000Z', 'FINANCIAL_APPROVAL_GRANTED', 'apikey:bob', ['payment', '2']),
      act('2026-11-03T08:00:00.000Z', 'CONFIGURATION_CHANGED', 'apikey:cid', ['setting', 's'], {
        requestedBy: 'c',
        approvedBy: 'c',
      }),
      act('2026-11-03T09:00:00.000Z', 'CONFIGURATION_CHANGED', 'apikey:cid', ['setting', 't'], {
        requestedBy: 'c',
        approvedBy: 'd',
      }),
      act('2026-10-01T08:00:00.000Z', 'USER_CREATED', 'apikey:cid', ['user', 'apikey:eve']),
      act('2026-11-05T08:00:00.000Z', 'ROLE_ASSIGNED', 'apikey:cid', ['user', 'apikey:eve'], { role: 'clerk' }),
      act('2026-11-06T08:00:00.000Z', 'USER_DEACTIVATED', 'apikey:cid', ['user', 'apikey:eve']),
      act('2026-11-07T08:00:00.000Z', 'LOGIN_SUCCESS', 'apikey:eve', ['page', 'home']),
      { ...act('2026-11-08T08:00:00.000Z', 'LOGIN_FAILED', 'apikey:eve', ['page', 'home']), outcome: 'failure' },
      act('2026-10-01T08:00:00.000Z', 'USER_DEACTIVATED', 'apikey:cid', ['user', 'apikey:bob']),
      act('2026-10-02T08:00:00.000Z', 'USER_ACTIVATED', 'apikey:cid', ['user', 'apikey:bob']),
    ]);
  });

  it('tells who exercised which duties, and who approved alone', async () => {
    const people = await readDuties(api.stores.clickhouse, 'people', NOVEMBER);
    expect(people.map(({ person, duties }) => [person, ...duties.map((d) => `${d.duty} ${d.events}`)])).toEqual([
      ['apikey:ann', 'approve_payments 1', 'prepare_payments 1'],
      ['apikey:bob', 'approve_payments 1'],
      ['apikey:cid', 'change_systems 2', 'grant_rights 1', 'manage_accounts 1'],
    ]);
    expect(conflictsOf(people)).toMatchObject([{ person: 'apikey:ann' }]);
    expect(await readSelfApprovals(api.stores.clickhouse, 'people', NOVEMBER)).toMatchObject([
      { kind: 'same_name', person: 'apikey:cid', resourceId: 's', at: at('2026-11-03T08:00:00Z') },
      { kind: 'same_actor', person: 'apikey:ann', resourceId: '1', at: at('2026-11-02T08:00:00Z') },
    ]);
    expect(await readSelfApprovals(api.stores.clickhouse, 'others', NOVEMBER)).toEqual([]);
  });

  it('tells who joined, changed, left, and was active after leaving', async () => {
    const register = api.app.get(PeopleRegister, { strict: false });
    const all = { from: 0, to: NOVEMBER.to };
    expect(await register.accounts('people', all, 10)).toMatchObject([
      { account: 'apikey:bob', left: false, steps: [{ move: 'left' }, { move: 'returned' }] },
      {
        account: 'apikey:eve',
        left: true,
        steps: [{ move: 'joined' }, { move: 'changed', right: 'clerk' }, { move: 'left' }],
      },
    ]);
    expect(await register.accounts('people', NOVEMBER, 10, 'apikey:eve')).toEqual([]);
    const [late, ...rest] = await register.activeAfterLeaving('people', NOVEMBER);
    expect(rest).toEqual([]);
    expect(late).toMatchObject({ account: 'apikey:eve', leftAt: at('2026-11-06T08:00:00Z'), events: 1 });
    expect(late?.eventIds).toHaveLength(1);
  });

  it('compares the record of processing with what was done', async () => {
    const register = new ActivityRegister(api.stores.clickhouse);
    const [observed] = await register.observed('breaches', NOVEMBER);
    expect(observed).toMatchObject({ service: 'portal', resourceType: 'customer', events: 3, subjects: 2 });
    expect(await register.compare('others', NOVEMBER)).toMatchObject({ declared: [], observedNotDeclared: [] });
  });
});
