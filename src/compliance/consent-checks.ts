import type { Severity } from '../events/event-types';
import type { ConsentException, ConsentExceptionKind } from '../registers/consent-ledger';
import { FINDINGS_SHOWN, Words } from './assessment';
import { Check, personIn } from './check';

interface ConsentCheck {
  cases: Words;
  fault: Words;
  severity: Severity;
  kind: ConsentExceptionKind;
  /** Which of the uses of data are looked at. */
  of: 'onConsent' | 'aboutOthers';
  say: (found: ConsentException) => Words;
}

/** Asks the ledger of consents for one kind of exception. */
function consentCheck({ cases, fault, severity, kind, of, say }: ConsentCheck): Check {
  return {
    cases,
    fault,
    run: async ({ tenant, from, to }, { consents, consentCounts }) => {
      const counts = await consentCounts();
      const exceptions = counts.exceptions.get(kind) ?? 0;
      const shown = { kinds: [kind], limit: FINDINGS_SHOWN };
      const found = exceptions === 0 ? [] : (await consents.exceptions(tenant, { from, to }, shown)).exceptions;
      const findings = found.map((each) => ({
        severity,
        title: say(each),
        occurredAt: new Date(each.at).toISOString(),
        eventIds: [each.eventId],
      }));
      const uses = counts[of];
      return { examined: uses.count, exceptions, undecided: 0, findings, samples: uses.samples, filter: null };
    },
  };
}

const ON_CONSENT = { en: 'Uses of data on consent', pt: 'Usos de dados com base em consentimento' };

export const CONSENT_CHECKS = {
  'consent-respected': consentCheck({
    cases: ON_CONSENT,
    fault: { en: 'after consent was withdrawn', pt: 'após a revogação do consentimento' },
    severity: 'critical',
    kind: 'after_withdrawal',
    of: 'onConsent',
    say: ({ subject, purpose, withdrawnAt }) => {
      const since = withdrawnAt === null ? '' : ` ${new Date(withdrawnAt).toISOString()}`;
      return {
        en: `Data of ${personIn(subject).en} was used for "${purpose}" after consent was withdrawn${since && ` at${since}`}`,
        pt: `Dados de ${personIn(subject).pt} usados para "${purpose}" após a revogação do consentimento${since && ` em${since}`}`,
      };
    },
  }),
  'consent-given': consentCheck({
    cases: ON_CONSENT,
    fault: { en: 'of which no consent is known', pt: 'sem consentimento conhecido' },
    severity: 'high',
    kind: 'without_consent',
    of: 'onConsent',
    say: ({ subject, purpose }) => ({
      en: `Data of ${personIn(subject).en} was used for "${purpose}" on consent, but none is known`,
      pt: `Dados de ${personIn(subject).pt} usados para "${purpose}" com base em consentimento desconhecido`,
    }),
  }),
  'legal-basis': consentCheck({
    cases: { en: "Uses of another person's data", pt: 'Usos de dados de outra pessoa' },
    fault: { en: 'without a legal basis', pt: 'sem base legal' },
    severity: 'high',
    kind: 'without_basis',
    of: 'aboutOthers',
    say: ({ subject }) => ({
      en: `Data of ${personIn(subject).en} was processed without a legal basis`,
      pt: `Dados de ${personIn(subject).pt} tratados sem base legal`,
    }),
  }),
};
