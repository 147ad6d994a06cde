import { coveredBy, holdsAllOf, LegalHold } from './legal-hold';

const hold = (scope: Partial<LegalHold> = {}): LegalHold => ({
  ...{
    tenant: 'acme',
    id: 'h',
    name: 'n',
    reason: 'r',
    references: [],
    eventTypes: [],
    resourceType: '',
    resourceId: '',
  },
  ...{ occurredFrom: null, occurredTo: null, placedBy: 'k', placedAt: 0, releasedBy: '', releasedAt: null, version: 1 },
  ...scope,
});

describe('a legal hold', () => {
  it('without a scope covers everything', () => {
    expect(coveredBy(hold(), 'h0')).toEqual({ sql: '1', params: {} });
  });

  it('covers what matches all of its scope, whoever of the people acts or is concerned', () => {
    const { sql, params } = coveredBy(
      hold({ references: ['sub_a'], eventTypes: ['LOGIN_FAILED'], resourceType: 'shipment', resourceId: 'S1' }),
      'h0',
    );
    expect(sql).toBe(
      '(actor IN {h0_people:Array(String)} OR subject IN {h0_people:Array(String)}) AND (event_type IN {h0_types:Array(String)})' +
        ' AND (resource_type = {h0_kind:String}) AND (resource_id = {h0_resource:String})',
    );
    expect(params).toEqual({
      h0_people: ['sub_a'],
      h0_types: ['LOGIN_FAILED'],
      h0_kind: 'shipment',
      h0_resource: 'S1',
    });
  });

  it('takes a time of 0 for a bound, and no time for none', () => {
    expect(coveredBy(hold({ occurredFrom: 0 }), 'x').params).toEqual({ x_from: 0 });
    expect(coveredBy(hold({ occurredTo: 0 }), 'x').sql).toMatch(/^\(occurred_at < /);
  });

  it('forbids to erase a person that it names, also before there are events, and anyone if it holds everything', () => {
    expect(holdsAllOf(hold({ references: ['sub_a'] }), ['sub_a'])).toBe(true);
    expect(holdsAllOf(hold({ references: ['sub_a'] }), ['sub_b'])).toBe(false);
    expect(holdsAllOf(hold(), ['sub_b'])).toBe(true);
  });

  it('leaves a narrowed hold to the events it covers', () => {
    expect(holdsAllOf(hold({ references: ['sub_a'], occurredTo: 1 }), ['sub_a'])).toBe(false);
    expect(holdsAllOf(hold({ eventTypes: ['LOGOUT'] }), ['sub_a'])).toBe(false);
  });
});
