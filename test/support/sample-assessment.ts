import type { Assessment, ControlResult, ControlStatus, Finding } from '../../src/compliance/assessment';
import { derivedUuidV7 } from '../../src/events/uuid';
import type { Circumstances, Population } from '../../src/reports/content';

const FROM = '2026-10-01T00:00:00.000Z';
const eventId = (name: string) => derivedUuidV7(name, Date.parse(FROM) + name.length * 3_600_000);

function finding(name: string, severity: Finding['severity']): Finding {
  return {
    severity,
    title: {
      en: `Marketing mail was sent to sub_${name}91f3c0a2 four days after consent was withdrawn`,
      pt: `E-mail de marketing enviado a sub_${name}91f3c0a2 quatro dias após a revogação do consentimento`,
    },
    occurredAt: '2026-10-14T09:12:44.120Z',
    eventIds: [eventId(`${name} 1`), eventId(`${name} 2`)],
  };
}

function control(n: number, status: ControlStatus, findings: Finding[] = []): ControlResult {
  const evidence = {
    id: `e${n}`,
    title: { en: 'Consents given and withdrawn', pt: 'Consentimentos dados e revogados' },
    count: 1240 + n,
    filters:
      'eventType=CONSENT_GRANTED&eventType=CONSENT_REVOKED&from=2026-10-01T00%3A00%3A00.000Z&to=2026-11-01T00%3A00%3A00.000Z',
    samples: [1, 2, 3].map((i) => eventId(`sample ${n} ${i}`)),
  };
  return {
    id: `gdpr-art-${n}`,
    article: `Art. ${n}(3)`,
    title: { en: `Consent can be withdrawn ${n}`, pt: `O consentimento pode ser revogado ${n}` },
    demand: {
      en: 'A person may withdraw consent at any time, and processing that rested on it has to stop.',
      pt: 'A pessoa pode revogar o consentimento a qualquer momento, e o tratamento baseado nele deve cessar.',
    },
    status,
    reason: {
      en: `${1240 + n} consents were recorded; ${findings.length} acts of processing followed a withdrawal.`,
      pt: `${1240 + n} consentimentos registrados; ${findings.length} tratamentos após a revogação.`,
    },
    evidence: status === 'no_events' || status === 'attestation_needed' ? [] : [evidence],
    findings,
    findingCount: findings.length,
  };
}

/** An assessment as the controls make it, with every status. */
export function sampleAssessment(overrides: Partial<Assessment> = {}): Assessment {
  return {
    regulation: 'gdpr',
    tenant: 'acme',
    from: FROM,
    to: '2026-11-01T00:00:00.000Z',
    timeZone: 'UTC',
    asOf: '2026-11-01T00:00:00.000Z',
    events: 61_204,
    erasedEvents: 12,
    controls: [
      control(5, 'evidenced'),
      control(6, 'partial'),
      control(7, 'exception', [finding('a', 'high'), finding('b', 'critical'), finding('=cmd', 'medium')]),
      control(12, 'no_events'),
      ...Array.from({ length: 11 }, (_, i) => control(13 + i, 'evidenced')),
      control(30, 'attestation_needed'),
    ],
    ...overrides,
  };
}

export const samplePopulation: Population = {
  first: 1000,
  last: 62_403,
  missing: 200,
  gaps: [{ first: 3000, last: 3199 }],
  checkpoint: {
    size: 62_450,
    note: `mcp-audit.local/acme\n62450\n${'A'.repeat(43)}=\ntime 2026-11-01T00:00:02.000Z\n\n— mcp-audit.local/acme ${'B'.repeat(91)}=\n`,
    signedAt: '2026-11-01T00:00:02.000Z',
  },
};

export const sampleCircumstances: Circumstances = {
  reportId: eventId('report'),
  generatedAt: '2026-11-02T06:00:04.000Z',
  generatedBy: 'schedule:monthly-gdpr',
  verifications: [
    {
      id: eventId('verification'),
      kind: 'full',
      first: 0,
      end: 70_000,
      faults: 0,
      finishedAt: '2026-11-02T03:00:00.000Z',
    },
  ],
  publicUrl: 'https://audit.example.org',
};
