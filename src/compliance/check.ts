import type { Category, EventTypeName, Outcome, Severity } from '../events/event-types';
import { bounded, timeOf } from '../search/event-where';
import { Finding, FINDINGS_SHOWN, Words } from './assessment';
import type { CompliancePolicy } from './policy';
import type { ActivityComparison, ObservedProcessing } from '../registers/activity';
import type { Breach } from '../registers/breach';
import type { ConsentExceptionKind, ConsentLedger, ProcessingCount } from '../registers/consent-ledger';
import type { PersonDuties } from '../registers/duties';
import type { LateActivity } from '../registers/people-register';
import type { SubjectRequest } from '../registers/request';

/** What chooses events, with the names of the parameters of `GET /audit/api/events`. All that is given has to match. */
export interface EvidenceFilter {
  readonly eventType?: readonly EventTypeName[];
  readonly category?: readonly Category[];
  readonly severity?: readonly Severity[];
  readonly outcome?: readonly Outcome[];
}

/** What is assessed. */
export interface Scope {
  tenant: string;
  /** ms, inclusive. */
  from: number;
  /** ms, exclusive. */
  to: number;
  /** ms; deadlines are judged as of this instant. */
  asOf: number;
  timeZone: string;
  policy: CompliancePolicy;
}

/** What a check found. */
export interface CheckResult {
  /** Cases that it looked at. */
  examined: number;
  /** Of them, those that break the rule. */
  exceptions: number;
  /** Of them, those of which the events do not say whether they do. */
  undecided: number;
  /** The newest of both, at most `FINDINGS_SHOWN`. */
  findings: Finding[];
  /** Ids of up to five events of the cases, the newest first. */
  samples: string[];
  /** Finds the events of the cases, if a filter of the search can say so much. */
  filter: EvidenceFilter | null;
}

/** Uses of data, and the exceptions among them by kind. */
export interface ConsentCounts {
  onConsent: ProcessingCount;
  aboutOthers: ProcessingCount;
  exceptions: ReadonlyMap<ConsentExceptionKind, number>;
}

/** The rows of one question to ClickHouse. */
export type Read = <Row>(query: string, params: Record<string, unknown>) => Promise<Row[]>;

/** Where cases come from; what several checks need is read once. */
export interface Sources {
  read: Read;
  consents: ConsentLedger;
  consentCounts: () => Promise<ConsentCounts>;
  /** Requests that were open at some time of the period. */
  requests: () => Promise<readonly SubjectRequest[]>;
  /** Breaches that were known by the end of the period. */
  breaches: () => Promise<readonly Breach[]>;
  duties: () => Promise<readonly PersonDuties[]>;
  activeAfterLeaving: () => Promise<readonly LateActivity[]>;
  activities: () => Promise<ActivityFacts>;
}

/** The record of processing, beside what the events tell. */
export interface ActivityFacts {
  /** How many activities are declared. */
  declared: number;
  observed: readonly ObservedProcessing[];
  comparison: ActivityComparison;
}

/** A test of a rule on every case of a period. */
export interface Check {
  /** The cases: `Approved payments`. */
  cases: Words;
  /** What makes a case an exception, to be read after a number: `approved by the one who prepared them`. */
  fault: Words;
  run: (scope: Scope, sources: Sources) => Promise<CheckResult>;
}

/**
 * What the SQL of a check has to give: one row of (examined, exceptions, undecided, found, samples), where `found` holds
 * (-time in ms, ids of the events, values to show), as `foundOf` makes it.
 */
interface CheckRow {
  examined: number;
  exceptions: number;
  undecided: number;
  found: [minusAt: number, ids: string[], values: string[]][];
  samples: string[];
}

export interface SqlCheck {
  cases: Words;
  fault: Words;
  severity: Severity;
  sql: string;
  params?: (scope: Scope) => Record<string, unknown>;
  /** One finding from its values. */
  say: (values: string[], policy: CompliancePolicy) => Words;
  filter?: EvidenceFilter;
}

/** A check that ClickHouse makes by itself; only what it found leaves it. */
export function sqlCheck({ cases, fault, severity, sql, params, say, filter }: SqlCheck): Check {
  return {
    cases,
    fault,
    run: async (scope, { read }) => {
      const [row] = await read<CheckRow>(sql, { ...scopeParams(scope), ...params?.(scope) });
      if (!row) throw new TypeError(`the check "${cases.en}" gave no row`);
      const findings = row.found.map(([minusAt, eventIds, values]) => ({
        severity,
        title: say(values, scope.policy),
        occurredAt: new Date(-minusAt).toISOString(),
        eventIds,
      }));
      const { examined, exceptions, undecided, samples } = row;
      return { examined, exceptions, undecided, findings, samples, filter: filter ?? null };
    },
  };
}

export interface RowCheck extends Omit<SqlCheck, 'sql' | 'filter'> {
  /** The events that are looked at. */
  filter: EvidenceFilter;
  /** Narrows them down further, in SQL. */
  and?: string;
  /** SQL of what is shown of a finding. */
  values?: readonly string[];
  /** SQL of what makes an event an exception. */
  faulty: string;
  /** SQL of what makes an event one that nobody can judge. */
  open?: string;
}

/** A check that looks at one event at a time. */
export function rowCheck({ filter, and, values = [], faulty, open = '0', ...check }: RowCheck): Check {
  const where = `${IN_PERIOD}${conditionOf(filter)}${and === undefined ? '' : ` AND (${and})`}`;
  return sqlCheck({
    ...check,
    ...(and === undefined && { filter }),
    params: (scope) => ({ ...filter, ...check.params?.(scope) }),
    sql: `
SELECT count() AS examined, countIf(is_faulty) AS exceptions, countIf(is_open AND NOT is_faulty) AS undecided,
       ${foundOf('is_faulty OR is_open', 'occurred_at', '[toString(id)]', 'shown')},
       (SELECT groupArray(toString(id)) FROM (SELECT id FROM events WHERE ${where} ORDER BY occurred_at DESC, id DESC LIMIT 5)) AS samples
FROM (
    SELECT id, occurred_at, toBool(${faulty}) AS is_faulty, toBool(${open}) AS is_open,
           if(is_faulty OR is_open, [${values.map((value) => `toString(${value})`).join(', ')}]::Array(String), []) AS shown
    FROM events
    WHERE ${where}
)`,
  });
}

/** A check of a condition over several events, found by `sqlCheck`; pairs with `CheckRow`. */
export const foundOf = (condition: string, time: string, ids: string, values: string): string =>
  `groupArraySortedIf(${FINDINGS_SHOWN})((-toUnixTimestamp64Milli(${time}), if(${condition}, ${ids}, []), ${values}), ${condition}) AS found`;

export const samplesOf = (condition: string, time = 'occurred_at', id = 'id'): string =>
  `arrayMap(x -> x.2, groupArraySortedIf(5)((-toUnixTimestamp64Milli(${time}), toString(${id})), ${condition})) AS samples`;

/** The events of the period. */
export const IN_PERIOD = `tenant = {tenant:String} AND occurred_at >= ${timeOf('from')} AND occurred_at < ${timeOf('to')}`;

export const scopeParams = ({ tenant, from, to }: Scope): Record<string, unknown> => ({
  tenant,
  from: bounded(from),
  to: bounded(to),
});

/** A text member of `details`, or nothing. */
export const detail = (name: string): string => `JSONExtractString(envelope, 'details', '${name}')`;

/** Whether a member of `details` was sealed, so that nobody can compare it here. */
export const isSealed = (name: string): string =>
  `arrayExists(paths -> has(splitByChar(',', paths), 'details.${name}'), JSONExtractKeys(envelope, 'sealed'))`;

/** The SQL of a filter, whose values are bound by the names of its fields. */
export const conditionOf = (filter: EvidenceFilter): string =>
  Object.entries(COLUMNS)
    .filter(([name]) => filter[name as keyof EvidenceFilter])
    .map(([name, column]) => ` AND ${column} IN {${name}:Array(String)}`)
    .join('');

const COLUMNS: Record<keyof EvidenceFilter, string> = {
  eventType: 'event_type',
  category: 'category',
  severity: 'toString(severity)',
  outcome: 'outcome',
};

/** A person in words: the reference, or nothing that says who it is. */
export function personIn(text: string): Words {
  if (/^(sub_|apikey:)/.test(text)) return { en: text, pt: text };
  return { en: 'a person', pt: 'uma pessoa' };
}
