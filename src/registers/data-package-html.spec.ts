import type { PackageEvent, PackageHead } from './data-package';
import { packageHtml } from './data-package-html';

const head: PackageHead = {
  ...{ format: 'mcp-audit-data-package/1', tenant: 'acme', producedAt: '2026-11-23T12:00:00.000Z' },
  request: { id: 'R-1', law: 'lgpd', right: 'access', openedAt: '2026-11-20T12:00:00.000Z' },
  ...{ person: 'ann', references: ['sub_a'], erased: null },
  summary: {
    ...{
      events: 3,
      asActor: 1,
      asSubject: 2,
      firstAt: '2026-01-01T00:00:00.000Z',
      lastAt: null,
      purposes: ['delivery'],
    },
    ...{
      legalBases: [],
      dataCategories: ['contact'],
      recipients: [],
      services: ['portal'],
      retainedUntil: '2033-01-01',
    },
  },
  consents: [{ purpose: 'newsletter', state: 'withdrawn', changedAt: '2026-02-01T00:00:00.000Z', dataCategories: [] }],
  requests: [],
};
const event: PackageEvent = {
  ...{
    id: 'e-1',
    occurredAt: '2026-01-01T00:00:00.000Z',
    eventType: 'DATA_UPDATED',
    role: 'subject',
    outcome: 'success',
  },
  ...{ description: 'Set to <script>alert(1)</script>', retainUntil: '2033-01-01', details: { a: '<b>' } },
  context: { service: 'portal' },
};

describe('the package of a person as a document', () => {
  it('is in the language of the person, and shows nothing as markup that events hold', () => {
    const html = packageHtml(head, [event], 'pt');
    expect(html).toContain('<html lang="pt">');
    expect(html).toContain('acesso');
    expect(html).toContain('revogado');
    expect(html).toContain('Set to &lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).not.toMatch(/<script>|<b>/);
  });

  it('says how many events it leaves out', () => {
    expect(packageHtml(head, [event], 'en')).toContain('The newest 1 of 3 events are shown');
  });

  it('says that there is nothing, or nothing any more', () => {
    expect(packageHtml(head, [], 'en')).toContain('holds nothing about you');
    const erased = { ...head, person: null, erased: { at: '2026-05-01T08:00:00.000Z', erasureId: 'E-9' } };
    const html = packageHtml(erased, [], 'en');
    expect(html).toContain('was erased on 2026-05-01 (erasure E-9)');
    expect(html).not.toContain('The newest');
  });
});
