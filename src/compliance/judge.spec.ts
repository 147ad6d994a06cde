import { REGULATIONS, Words } from './assessment';
import { CONTROLS } from './assessor';
import type { CheckResult, Scope } from './check';
import { CHECKS, CheckId } from './checks';
import { Control, perhaps, seen } from './control';
import { judge, statusOf } from './judge';
import type { TallyRow } from './tally';

const POLICY = { largeExport: 1000, dormantDays: 90, backdatedDays: 7, soxRetentionDays: 2555 };
const scope: Scope = {
  tenant: 'acme',
  ...{
    from: Date.UTC(2026, 9, 1),
    to: Date.UTC(2026, 10, 1),
    asOf: Date.UTC(2026, 10, 1),
    timeZone: 'UTC',
    policy: POLICY,
  },
};
const words = (text: string): Words => ({ en: text, pt: text });
const control = (more: Partial<Control>): Control => ({
  ...{ id: 'x', article: 'Art. 1', title: words('Title'), demand: words('Demand'), evidence: [], checks: [], ...more },
});
const row = (eventType: string, events: number): TallyRow => ({
  ...{ eventType, category: 'data', severity: 'info', outcome: 'success', events },
});
const result = (more: Partial<CheckResult> = {}): CheckResult => ({
  ...{ examined: 0, exceptions: 0, undecided: 0, findings: [], samples: [], filter: null, ...more },
});
const judged = (more: Partial<Control>, tally: TallyRow[] = [], checks: Partial<Record<CheckId, CheckResult>> = {}) =>
  judge(
    control(more),
    { scope, tally, samples: new Map(), checks: new Map(Object.entries(checks) as [CheckId, CheckResult][]) },
    CHECKS,
  );

describe('the status of a control', () => {
  const nothing = { exceptions: 0, undecided: 0, attested: false, lacking: 0, shown: 0 };
  it.each([
    ['no_events', { ...nothing }],
    ['no_events', { ...nothing, lacking: 2 }],
    ['evidenced', { ...nothing, shown: 2 }],
    ['partial', { ...nothing, shown: 1, lacking: 1 }],
    ['partial', { ...nothing, shown: 2, undecided: 1 }],
    ['attestation_needed', { ...nothing, attested: true }],
    ['attestation_needed', { ...nothing, attested: true, shown: 3 }],
    ['exception', { ...nothing, attested: true, shown: 3, exceptions: 1 }],
    ['exception', { ...nothing, lacking: 1, exceptions: 1, undecided: 4 }],
  ])('is %s of %j', (status, shown) => {
    expect(statusOf(shown)).toBe(status);
  });

  it('takes no event for good that may be lacking as little as for bad', () => {
    const evidence = [perhaps('Withdrawn', 'Retirados', 'CONSENT_REVOKED'), seen('Given', 'Dados', 'CONSENT_GRANTED')];
    expect(judged({ evidence }).status).toBe('no_events');
    expect(judged({ evidence }, [row('CONSENT_REVOKED', 3)]).status).toBe('partial');
    expect(judged({ evidence }, [row('CONSENT_GRANTED', 3)]).status).toBe('evidenced');
  });

  it('asks a check for cases, but not one that only watches', () => {
    const checks = { 'large-exports': result({ examined: 4 }), 'removed-users': result() };
    expect(judged({ checks: ['large-exports'], watches: ['removed-users'] }, [], checks).status).toBe('evidenced');
    expect(judged({ checks: ['large-exports', 'removed-users'] }, [], checks).status).toBe('partial');
    expect(judged({ checks: ['removed-users'] }, [], checks).status).toBe('no_events');
  });
});

describe('the reason', () => {
  it('names what is not shown, what was tested and what was counted, in both languages', () => {
    const { reason } = judged(
      { evidence: [seen('Reports', 'Relatórios', 'FINANCIAL_REPORT_GENERATED')], checks: ['large-exports'] },
      [],
      { 'large-exports': result({ examined: 12345, exceptions: 0 }) },
    );
    expect(reason.en).toBe(
      'Not shown by any event: Reports. Exports: 12,345 examined, none larger than allowed. Reports: 0.',
    );
    expect(reason.pt).toBe(
      'Não demonstrado por nenhum evento: Relatórios. Exportações: 12.345 examinados, 0 maiores do que o permitido. Relatórios: 0.',
    );
  });
});

describe('the evidence', () => {
  it('counts what its filter finds, of all types', () => {
    const query = seen('Changes', 'Mudanças', 'DATA_CREATED', 'DATA_UPDATED');
    const tally = [row('DATA_CREATED', 7), row('DATA_UPDATED', 5), row('DATA_READ', 9)];
    const facts = { scope, tally, samples: new Map([[query, ['b', 'a']]]), checks: new Map() };
    expect(judge(control({ evidence: [query] }), facts, CHECKS).evidence).toEqual([
      {
        ...{ id: 'data-created', title: { en: 'Changes', pt: 'Mudanças' }, count: 12, samples: ['b', 'a'] },
        filters:
          'from=2026-10-01T00%3A00%3A00.000Z&to=2026-11-01T00%3A00%3A00.000Z&eventType=DATA_CREATED&eventType=DATA_UPDATED',
      },
    ]);
  });
});

describe('findings', () => {
  it('come with the gravest first, then the newest, and no more than are shown', () => {
    const finding = (severity: 'high' | 'low', day: number) => ({
      ...{ severity, title: words(`${severity} ${day}`), occurredAt: `2026-10-${10 + day}`, eventIds: [`e${day}`] },
    });
    const many = Array.from({ length: 60 }, (_, n) => finding('low', n % 10));
    const found = judged({ checks: ['large-exports', 'legal-basis'] }, [], {
      'large-exports': result({ examined: 900, exceptions: 500, findings: many }),
      'legal-basis': result({ examined: 3, undecided: 2, findings: [finding('high', 1), finding('high', 2)] }),
    });
    expect(found.findings).toHaveLength(50);
    expect(found.findings.slice(0, 3).map(({ title }) => title.en)).toEqual(['high 2', 'high 1', 'low 9']);
    expect(found.findingCount).toBe(502);
  });
});

describe.each(REGULATIONS)('the controls of %s', (regulation) => {
  const controls = CONTROLS[regulation];

  it('are fifteen or more, with ids of their own', () => {
    expect(controls.length).toBeGreaterThanOrEqual(15);
    expect(new Set(controls.map(({ id }) => id)).size).toBe(controls.length);
    expect(controls.filter(({ id }) => !id.startsWith(`${regulation}-`))).toEqual([]);
  });

  it('can none of them be green without an event that has to be there', () => {
    const loose = controls.filter(
      ({ attest, checks, evidence }) => !attest && checks.length === 0 && evidence.every(({ mayLack }) => mayLack),
    );
    expect(loose).toEqual([]);
  });

  it('say everything in both languages, and name no part twice', () => {
    for (const { title, demand, attest, evidence, checks, watches = [] } of controls) {
      const texts = [title, demand, ...(attest ? [attest] : []), ...evidence.map((query) => query.title)];
      expect(
        texts.filter(({ en, pt }) => en.trim() === '' || pt.trim() === '' || (en === pt && en.length > 12)),
      ).toEqual([]);
      const parts = [...evidence.map(({ id }) => id), ...checks, ...watches];
      expect(new Set(parts).size).toBe(parts.length);
    }
  });
});
