import { SEVERITIES } from '../events/event-types';
import { ControlResult, ControlStatus, Evidence, Finding, FINDINGS_SHOWN, Language, Words } from './assessment';
import type { CheckResult, Scope } from './check';
import type { CheckId } from './checks';
import type { Control, EvidenceQuery } from './control';
import { countOf, filtersOf, TallyRow } from './tally';

/** All that is known of a period before anything is judged. */
export interface Facts {
  scope: Scope;
  tally: readonly TallyRow[];
  /** By the evidence query that they belong to. */
  samples: ReadonlyMap<EvidenceQuery, readonly string[]>;
  checks: ReadonlyMap<CheckId, CheckResult>;
}

/** How a check is called in a report. */
export type CheckNames = Readonly<Record<CheckId, { cases: Words; fault: Words }>>;

/**
 * One control as the facts show it. An exception outweighs all; what events cannot show is left to people; and only where every part of a
 * control has events, and no case is open, it is evidenced. Pure.
 */
export function judge(control: Control, facts: Facts, names: CheckNames): ControlResult {
  const queried = control.evidence.map((query) => ({
    needed: !query.mayLack,
    evidence: evidenceOf(query, facts),
  }));
  const checked = checksOf(control, facts).map(({ id, needed, result }) => ({
    id,
    needed,
    result,
    evidence: caseEvidence(id, names[id].cases, result, facts.scope),
  }));
  const parts = [...queried, ...checked];
  const results = checked.map(({ result }) => result);
  const status = statusOf({
    exceptions: sum(results.map((result) => result.exceptions)),
    undecided: sum(results.map((result) => result.undecided)),
    attested: control.attest !== undefined,
    lacking: parts.filter(({ needed, evidence }) => needed && evidence.count === 0).length,
    shown: parts.filter(({ evidence }) => evidence.count > 0).length,
  });
  const lacking = parts.filter(({ needed, evidence }) => needed && evidence.count === 0);
  const { id, article, title, demand } = control;
  return {
    id,
    article,
    title,
    demand,
    status,
    reason: both((language) => {
      const counted = queried.map(
        ({ evidence }) => `${evidence.title[language]}: ${number(evidence.count, language)}.`,
      );
      const tested = checked.map(({ id: check, result }) => testedText(names[check], result, language));
      return [...leadOf(status, control, lacking, language), ...tested, ...counted].join(' ');
    }),
    evidence: parts.map(({ evidence }) => evidence),
    findings: results
      .flatMap((result) => result.findings)
      .sort(byWeight)
      .slice(0, FINDINGS_SHOWN),
    findingCount: sum(results.map((result) => result.exceptions + result.undecided)),
  };
}

interface Shown {
  exceptions: number;
  undecided: number;
  attested: boolean;
  /** Parts that are needed and have no events. */
  lacking: number;
  /** Parts that have events. */
  shown: number;
}

/** Nothing is evidenced that has no events, and nothing at all is more than `no_events`. */
export function statusOf({ exceptions, undecided, attested, lacking, shown }: Shown): ControlStatus {
  if (exceptions > 0) return 'exception';
  if (attested) return 'attestation_needed';
  if (shown === 0) return 'no_events';
  return lacking > 0 || undecided > 0 ? 'partial' : 'evidenced';
}

function checksOf({ checks, watches = [] }: Control, facts: Facts) {
  const use = (needed: boolean) => (id: CheckId) => {
    const result = facts.checks.get(id);
    if (!result) throw new TypeError(`the check ${id} was not made`);
    return { id, needed, result };
  };
  return [...checks.map(use(true)), ...watches.map(use(false))];
}

function evidenceOf(query: EvidenceQuery, { scope, tally, samples }: Facts): Evidence {
  const { id, title, filter } = query;
  const found = [...(samples.get(query) ?? [])];
  return { id, title, count: countOf(filter, tally), filters: filtersOf(filter, scope), samples: found };
}

function caseEvidence(id: CheckId, title: Words, { examined, samples, filter }: CheckResult, scope: Scope): Evidence {
  return { id, title, count: examined, filters: filter && filtersOf(filter, scope), samples };
}

function leadOf(status: ControlStatus, control: Control, lacking: { evidence: Evidence }[], language: Language) {
  const names = lacking.map(({ evidence }) => evidence.title[language]).join(', ');
  switch (status) {
    case 'attestation_needed':
      return control.attest ? [control.attest[language]] : [];
    case 'no_events':
      return [TEXTS.nothing[language]];
    case 'partial':
      return names === '' ? [] : [`${TEXTS.lacking[language]} ${names}.`];
    case 'evidenced':
    case 'exception':
      return [];
  }
}

function testedText(check: { cases: Words; fault: Words }, result: CheckResult, language: Language): string {
  const { examined, exceptions, undecided } = result;
  if (examined === 0) return `${check.cases[language]}: ${number(0, language)}.`;
  const open = undecided > 0 ? `, ${number(undecided, language)} ${TEXTS.undecided[language]}` : '';
  return (
    `${check.cases[language]}: ${number(examined, language)} ${TEXTS.examined[language]}, ` +
    `${exceptions === 0 ? TEXTS.none[language] : number(exceptions, language)} ${check.fault[language]}${open}.`
  );
}

const TEXTS = {
  nothing: {
    en: 'No event of the period speaks for or against it.',
    pt: 'Nenhum evento do período fala a favor ou contra.',
  },
  lacking: { en: 'Not shown by any event:', pt: 'Não demonstrado por nenhum evento:' },
  examined: { en: 'examined', pt: 'examinados' },
  none: { en: 'none', pt: '0' },
  undecided: { en: 'that the events do not decide', pt: 'que os eventos não decidem' },
} satisfies Record<string, Words>;

const both = (text: (language: Language) => string): Words => ({ en: text('en'), pt: text('pt') });
const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);
const LOCALES: Record<Language, string> = { en: 'en-US', pt: 'pt-BR' };
const number = (n: number, language: Language): string => n.toLocaleString(LOCALES[language]);

/** The gravest first, then the newest; ids decide the rest, so that the order is always the same. */
function byWeight(a: Finding, b: Finding): number {
  const [idA = '', idB = ''] = [a.eventIds[0], b.eventIds[0]];
  return (
    SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) ||
    (a.occurredAt < b.occurredAt ? 1 : a.occurredAt > b.occurredAt ? -1 : 0) ||
    (idA < idB ? -1 : idA > idB ? 1 : 0)
  );
}
