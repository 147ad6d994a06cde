import type { LegalHold } from './legal-hold';
import { dueEvents } from './retention-scope';

const HOLD: LegalHold = {
  ...{ tenant: 'acme', id: 'h', name: 'n', reason: 'r', references: [], eventTypes: ['LOGOUT'], resourceType: '' },
  ...{ resourceId: '', occurredFrom: null, occurredTo: null, placedBy: 'k', placedAt: 0, releasedBy: '' },
  ...{ releasedAt: null, version: 1 },
};

describe('what retention removes of a tenant', () => {
  const scope = { tenant: 'acme', policies: [], holds: [], ledgerSize: 10 };

  it('is sealed, at its end, and held by nobody', () => {
    const { sql, params } = dueEvents(
      { ...scope, holds: [HOLD, { ...HOLD, eventTypes: ['LOGIN_FAILED'] }] },
      '2027-01-01',
      't0',
    );
    expect(sql).toBe(
      '(tenant = {t0_tenant:String} AND leaf_index < {t0_size:UInt64}) AND (retain_until <= toDate({t0_horizon:String}))' +
        ' AND (NOT (((event_type IN {t0_hold0_types:Array(String)})) OR ((event_type IN {t0_hold1_types:Array(String)}))))',
    );
    expect(params).toEqual({
      ...{ t0_tenant: 'acme', t0_size: 10, t0_horizon: '2027-01-01' },
      ...{ t0_hold0_types: ['LOGOUT'], t0_hold1_types: ['LOGIN_FAILED'] },
    });
  });

  it('is nothing while a hold covers the whole tenant', () => {
    const { sql } = dueEvents({ ...scope, holds: [{ ...HOLD, eventTypes: [] }] }, '2027-01-01', 't0');
    expect(sql).toMatch(/NOT \(\(1\)\)\)$/);
  });

  it('has parameters of its own, so that conditions of several tenants can be joined', () => {
    const names = ['t0', 't1'].flatMap((name) => Object.keys(dueEvents(scope, '2027-01-01', name).params));
    expect(new Set(names).size).toBe(names.length);
  });
});
