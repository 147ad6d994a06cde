import { ActivityRegister } from '../../src/registers/activity-register';
import { BreachDesk } from '../../src/registers/breach-desk';
import { ConsentLedger } from '../../src/registers/consent-ledger';
import { conflictsOf, readDuties, readSelfApprovals } from '../../src/registers/duties';
import { PeopleRegister } from '../../src/registers/people-register';
import { RequestRegister } from '../../src/registers/request-register';
import { insertEvents, TestEvent } from '../support/insert-events';
import { OwnApi, ownApi } from '../support/search-api';
import { mcpAudit } from '../support/cli';
import { runningSystem, TestTenant } from '../support/system';

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
      request('2026-01-05T08:00:00.000Z', 'GDPR_REQUEST', 'eve', { requestId: 4711 }),
      request('2026-01-06T08:00:00.000Z', 'DATA_SUBJECT_REQUEST_COMPLETED', 'dan', {
        requestId: 4711,
        status: 'refused',
      }),
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
    expect(second).toMatchObject({
      requests: [
        { id: 'R-1', state: 'answered', overdue: false },
        { id: '4711', state: 'refused' },
      ],
      nextCursor: null,
    });
  });

  it('chooses by law, right, state, person and time, of one tenant only', async () => {
    expect(await ids({ law: ['lgpd'] })).toEqual(['R-2']);
    expect(await ids({ right: ['objection', 'access'] })).toEqual(['R-3', 'R-1']);
    expect(await ids({ state: ['answered'] })).toEqual(['R-1']);
    expect(await ids({ overdue: true })).toEqual(['R-2']);
    expect(await ids({ subjects: ['ann'] })).toEqual(['R-3', 'R-1']);
    expect(await ids({ from: at('2026-10-03T00:00:00Z'), to: at('2026-11-21T00:00:00Z') })).toEqual(['R-3', 'R-2']);
    expect(await ids({ asOf: at('2026-10-02T00:00:00Z') })).toEqual(['R-1', '4711']);
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

describe('what officers do', () => {
  let tenant: TestTenant;
  const events = async (given: object[]) => {
    const answer = await tenant.post('events', given);
    const { ids } = (await answer.json()) as { ids: string[] };
    await tenant.waitForCount(given.length, ids.map((id) => `id=${id}`).join('&'));
  };
  const post = async <T>(path: string, body: object, status = 200): Promise<T> => {
    const answer = await tenant.post(`compliance/${path}`, body, {}, 'officer');
    const text = await answer.text();
    expect({ path, status: answer.status, text: answer.status === status ? '' : text }).toEqual({
      path,
      status,
      text: '',
    });
    return JSON.parse(text) as T;
  };
  beforeAll(async () => {
    tenant = await TestTenant.create();
    await events([
      {
        ...{ eventType: 'DATA_UPDATED', description: 'Address changed', subjectId: 'ann' },
        context: {
          userId: 'clerk',
          ipAddress: '203.0.113.9',
          service: 'portal',
          resourceType: 'customer',
          resourceId: 'C-1',
        },
        compliance: { legalBasis: 'contract', purpose: 'delivery', dataCategories: ['contact'] },
        details: { email: 'ann@example.com' },
      },
      {
        ...{ eventType: 'DATA_READ', description: 'Looked at a colleague', subjectId: 'bob' },
        context: {
          userId: 'ann',
          ipAddress: '198.51.100.7',
          service: 'portal',
          resourceType: 'customer',
          resourceId: 'C-2',
        },
        details: { email: 'bob@example.com', seen: 'salary' },
      },
      { eventType: 'CONSENT_GRANTED', description: 'Yes', subjectId: 'ann', compliance: { purpose: 'newsletter' } },
    ]);
  });

  it('opens, extends and answers a request, and says what cannot be done', async () => {
    const opening = { requestId: 'REQ-1', law: 'gdpr', right: 'access', subjectId: 'ann' };
    const opened = await post<{ id: string; subjectId: string }>('requests', opening, 201);
    expect(opened).toMatchObject({ id: 'REQ-1', state: 'open', steps: [{ move: 'opened', counts: true }] });
    expect(opened.subjectId).toMatch(/^sub_/);
    expect(await post('requests', opening, 201)).toEqual(opened);
    await post('requests', { ...opening, right: 'erasure' }, 409);
    await post('requests', { law: 'gdpr', right: 'access', subjectId: 'ann', note: 'Ann called: her id is ann' }, 422);
    expect(await post('requests/REQ-1/extend', { reason: 'many systems' })).toMatchObject({ extended: true });
    await post('requests/REQ-1/extend', { reason: 'more' }, 409);
    expect(await post('requests/REQ-1/answer', { note: 'sent' })).toMatchObject({ state: 'answered', overdue: false });
    await post('requests/REQ-1/refuse', { reason: 'too late' }, 409);
    await post('requests/REQ-2/answer', {}, 404);
    const brazil = {
      requestId: 'REQ-BR',
      law: 'lgpd',
      right: 'erasure',
      subjectId: 'ann',
      receivedAt: '2026-01-05T12:00:00Z',
    };
    expect(await post('requests', brazil, 201)).toMatchObject({ lastDay: '2026-01-20', overdue: true });
    await post('requests/REQ-BR/extend', { reason: 'holidays' }, 409);
    const shown = await tenant.get<{ items: object[] }>('compliance/requests?subjectId=ann', 'viewer');
    expect(shown.items).toMatchObject([{ id: 'REQ-1' }, { id: 'REQ-BR' }]);
    const named = await tenant.get<{ items: object[] }>(
      'compliance/requests?law=lgpd&overdue=true&reveal=true&reason=T-1',
      'officer',
    );
    expect(named.items).toMatchObject([{ id: 'REQ-BR', subjectId: 'ann' }]);
    expect((await tenant.get<{ steps: object[] }>('compliance/requests/REQ-1')).steps).toHaveLength(3);
    const denied = await tenant.post('compliance/requests', opening, {}, 'analyst');
    expect(denied.status).toBe(403);
  });

  it('gives a person all that is held about that person, and nothing of others', async () => {
    const answer = await tenant.request('compliance/requests/REQ-1/package', { role: 'officer' });
    expect(answer.headers.get('content-disposition')).toContain('data-package-REQ-1.json');
    const text = await answer.text();
    const made = JSON.parse(text) as { events: { eventType: string }[] };
    expect(made).toMatchObject({
      person: 'ann',
      erased: null,
      summary: {
        asActor: 1,
        purposes: ['delivery', 'newsletter'],
        dataCategories: ['contact'],
        legalBases: ['contract'],
      },
      consents: [{ purpose: 'newsletter', state: 'granted' }],
      requests: [{ id: 'REQ-1', state: 'answered' }, { id: 'REQ-BR' }],
    });
    const of = (type: string) => made.events.find(({ eventType }) => eventType === type);
    expect(of('DATA_UPDATED')).toMatchObject({ role: 'subject', details: { email: 'ann@example.com' } });
    expect(of('DATA_READ')).toMatchObject({ role: 'actor', context: { ipAddress: '198.51.100.7' } });
    for (const foreign of ['bob', 'salary', '203.0.113.9', 'clerk']) expect(text).not.toContain(foreign);
    await tenant.waitForCount(1, 'eventType=AUDIT_DATA_PACKAGE');
    expect((await tenant.request('compliance/requests/REQ-BR/package', { role: 'officer' })).status).toBe(409);
    expect((await tenant.request('compliance/requests/REQ-1/package', { role: 'analyst' })).status).toBe(403);
    const pdf = await tenant.request('compliance/requests/REQ-1/package?format=pdf&language=pt', { role: 'officer' });
    expect(pdf.headers.get('content-type')).toBe('application/pdf');
    expect(
      Buffer.from(await pdf.arrayBuffer())
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-');
  });

  it('tells a person who was erased that nothing can be read any more', async () => {
    await post('requests', { requestId: 'REQ-3', law: 'gdpr', right: 'access', subjectId: 'eve' }, 201);
    await events([{ eventType: 'API_CALL', description: 'x', context: { userId: 'eve', userAgent: 'curl' } }]);
    const erasure = await tenant.post('privacy/erasures', { subjectId: 'eve', reason: 'asked' }, {}, 'officer');
    expect([201, 202]).toContain(erasure.status);
    const { id } = (await erasure.json()) as { id: string };
    const made = await tenant.get<object>('compliance/requests/REQ-3/package', 'officer');
    expect(made).toMatchObject({ person: null, erased: { erasureId: id }, events: [] });
  });

  it('runs a breach from its opening to its end', async () => {
    const affected = { resourceType: ['customer'], subjectId: ['ann', 'bob'] };
    const opened = await post<{ filter: { subjectId: string[] } }>(
      'breaches',
      { breachId: 'B-1', title: 'A laptop was stolen', risk: 'high', affected, nature: 'Theft', laws: ['gdpr'] },
      201,
    );
    expect(opened).toMatchObject({
      affected: { events: 2, subjects: 2, dataCategories: ['contact'] },
      clocks: [
        { law: 'gdpr', to: 'authority', state: 'running' },
        { law: 'gdpr', to: 'subjects', state: 'running', lastDay: null },
      ],
    });
    expect(JSON.stringify(opened.filter)).not.toContain('ann');
    await post('breaches/B-1/update', {}, 400);
    await post('breaches/B-1/update', { measures: 'Disk keys revoked', awareAt: '2099-01-01T00:00:00Z' }, 422);
    await post('breaches/B-1/update', { measures: 'Disk keys revoked' });
    await post('breaches/B-1/close', { reason: 'over' }, 409);
    const draft = await tenant.get<{ text: string }>('compliance/breaches/B-1/draft?to=authority&language=pt&law=lgpd');
    expect(draft.text).toMatch(
      /Art\. 48 da LGPD[^]*Titulares \(número aproximado\): 2[^]*Disk keys revoked[^]*\[a preencher\]/,
    );
    await post('breaches/B-1/notify', { to: 'authority' });
    const told = await post('breaches/B-1/notify', { to: 'subjects' });
    expect(told).toMatchObject({ clocks: [{ state: 'kept' }, { state: 'kept' }] });
    const letter = await tenant.get<{ text: string }>('compliance/breaches/B-1/draft?to=subjects');
    expect(letter.text).toMatch(/What happened\nTheft\n[^]*contact/);
    expect(await post('breaches/B-1/close', { reason: 'laptop found' })).toMatchObject({ state: 'closed' });
    await post('breaches/B-1/notify', { to: 'authority' }, 409);
    expect(await tenant.get('compliance/breaches?state=closed', 'viewer')).toMatchObject({ items: [{ id: 'B-1' }] });
  });

  it('keeps the record of processing in versions, against what was done', async () => {
    const put = async (body: object) => {
      const answer = await tenant.request('compliance/activities/shipping', {
        ...{ method: 'PUT', role: 'officer', headers: { 'content-type': 'application/json' } },
        body: JSON.stringify(body),
      });
      return { status: answer.status, body: (await answer.json()) as { version: number } };
    };
    const shipping = { name: 'Shipping', purposes: ['delivery'], legalBasis: 'contract', services: ['portal'] };
    expect((await put({ ...shipping, version: 1 })).status).toBe(409);
    expect(await put({ ...shipping, version: 0 })).toMatchObject({ status: 200, body: { version: 1 } });
    expect(await put({ ...shipping, dataCategories: ['address'] })).toMatchObject({ body: { version: 2 } });
    expect(await tenant.get('compliance/activities/shipping')).toMatchObject({
      version: 2,
      versions: [{ dataCategories: ['address'] }, { dataCategories: [] }],
    });
    expect(await tenant.get('compliance/activities/comparison')).toMatchObject({
      declared: [{ id: 'shipping', events: 2 }],
      declaredNotObserved: [],
      observedNotDeclared: [],
      deviations: [{ activity: 'shipping', members: ['dataCategories'] }],
    });
    const gone = await tenant.request('compliance/activities/shipping', { method: 'DELETE', role: 'officer' });
    expect(gone.status).toBe(200);
    expect(await tenant.get('compliance/activities')).toMatchObject({ items: [] });
    expect((await tenant.request('compliance/activities/shipping')).status).toBe(404);
    expect(await tenant.get('compliance/activities/comparison')).toMatchObject({ observedNotDeclared: [{}, {}] });
    await tenant.waitForCount(3, 'eventType=AUDIT_ACTIVITY_CHANGED');
  });

  it('tells what happened to a resource and to a person, in order, and exports it', async () => {
    const types = async (query: string) =>
      (await tenant.get<{ items: { eventType: string }[] }>(`compliance/lineage?${query}`)).items.map(
        (e) => e.eventType,
      );
    expect(await types('resourceType=customer&resourceId=C-1')).toEqual(['DATA_UPDATED']);
    expect(await types('userId=ann')).toEqual(expect.arrayContaining(['DATA_UPDATED', 'DATA_READ', 'CONSENT_GRANTED']));
    const page = await tenant.get<{ nextCursor: string }>('compliance/lineage?userId=ann&limit=1');
    expect((await types(`userId=ann&limit=1&cursor=${page.nextCursor}`)).length).toBe(1);
    expect((await tenant.request('compliance/lineage?userId=ann&resourceId=C-1')).status).toBe(400);
    expect((await tenant.request('compliance/lineage?resourceType=customer')).status).toBe(400);
    const file = await tenant.request('compliance/lineage/export?userId=ann&format=csv', { role: 'analyst' });
    expect(file.headers.get('content-disposition')).toContain('lineage-');
    expect((await file.text()).split('\n').length).toBeGreaterThan(3);
    expect((await tenant.request('compliance/lineage/export?userId=ann', { role: 'viewer' })).status).toBe(403);
  });

  it('shows consents and people over HTTP', async () => {
    const consents = await tenant.get<object>('compliance/consents?subjectId=ann&reveal=true&reason=T-2', 'officer');
    expect(consents).toMatchObject({ items: [{ subjectId: 'ann', purpose: 'newsletter', state: 'granted' }] });
    expect(await tenant.get('compliance/consents/history?subjectId=ann')).toMatchObject({
      items: [{ state: 'granted' }],
    });
    expect(await tenant.get('compliance/consents/exceptions')).toMatchObject({
      items: [{ kind: 'without_basis', eventType: 'DATA_READ' }],
      counts: [{ kind: 'without_basis', events: 1, subjects: 1 }],
    });
    expect(await tenant.get('compliance/duties')).toMatchObject({ conflicts: [], selfApprovals: [] });
    expect(await tenant.get('compliance/people')).toMatchObject({ items: [], activeAfterLeaving: [] });
  });

  it('works on the command line', async () => {
    const { dataDir } = await runningSystem();
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await mcpAudit(dataDir, ...args, '--tenant', tenant.name);
      expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
      return stdout;
    };
    const opening = ['requests', 'open', '--law', 'gdpr', '--right', 'access', '--subject', 'ann', '--id', 'REQ-CLI'];
    expect(await run(...opening)).toMatch(/request REQ-CLI is open; due by \d{4}-\d\d-\d\d/);
    expect(JSON.parse(await run('requests', 'package', 'REQ-CLI', '--output', '-'))).toMatchObject({ person: 'ann' });
    expect(await run('requests', 'list', '--overdue')).toMatch(/REQ-BR.*open, overdue/);
    expect(await run('consents', 'list', '--subject', 'ann')).toMatch(/newsletter +granted/);
    expect(await run('breaches', 'list')).toMatch(/B-1 +closed +high .* kept +A laptop/);
    expect(await run('lineage', '--resource-type', 'customer', '--resource', 'C-1')).toContain('Address changed');
  });
});
