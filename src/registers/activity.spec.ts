import { activity, Activity, compareActivities, DeclaredActivity, ObservedProcessing } from './activity';

const declared = (id: string, said: Partial<Activity>): DeclaredActivity => ({
  ...{ id, version: 1, deleted: false, changedBy: 'apikey:1', changedAt: 0 },
  declared: activity.parse({ name: id, purposes: ['delivery'], legalBasis: 'contract', ...said }),
});
const seen = (more: Partial<ObservedProcessing>): ObservedProcessing => ({
  ...{ service: 'portal', resourceType: 'customer', purpose: 'delivery', legalBasis: 'contract', dataCategories: [] },
  ...{ events: 3, subjects: 2, firstAt: 1, lastAt: 5, eventIds: [] },
  ...more,
});

describe('the record of processing activities', () => {
  it('names what was declared and never seen, and what was seen and never declared', () => {
    const shipping = declared('shipping', { services: ['portal'], resourceTypes: ['customer', 'shipment'] });
    const hiring = declared('hiring', { services: ['hr'] });
    const other = seen({ service: 'crm' });
    const found = compareActivities([shipping, hiring], [seen({}), seen({ resourceType: 'shipment' }), other]);
    expect(found.declared.map(({ events, lastAt }) => [events, lastAt])).toEqual([
      [6, 5],
      [0, null],
    ]);
    expect(found).toMatchObject({ declaredNotObserved: ['hiring'], observedNotDeclared: [other], deviations: [] });
  });

  it('finds by its purpose what names neither application nor resource', () => {
    const letters = declared('letters', { purposes: ['newsletter'], legalBasis: 'consent' });
    const sent = seen({ purpose: 'newsletter', legalBasis: 'consent' });
    expect(compareActivities([letters], [sent, seen({})])).toMatchObject({
      declaredNotObserved: [],
      observedNotDeclared: [{ purpose: 'delivery' }],
    });
  });

  it('tells where they differ, by the activity that fits best', () => {
    const a = declared('a', { services: ['portal'], dataCategories: ['contact'] });
    const b = declared('b', { services: ['portal'], purposes: ['marketing'], legalBasis: 'consent' });
    const odd = seen({ purpose: 'resale', legalBasis: 'consent', dataCategories: ['contact', 'health'] });
    expect(compareActivities([a, b], [odd]).deviations).toEqual([
      { activity: 'b', observed: odd, members: ['purposes', 'dataCategories'] },
    ]);
    expect(compareActivities([a, b], [seen({ dataCategories: ['contact'] })]).deviations).toEqual([]);
  });
});
