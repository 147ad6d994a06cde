import type { ClickHouseClient } from '@clickhouse/client';
import type { EventTypeName } from '../events/event-types';
import { AT, Range, readRows, within, WITHIN } from './register-reader';

/** Duties, and the events by which somebody exercises them. */
export const DUTIES = {
  prepare_payments: ['FINANCIAL_TRANSACTION'],
  approve_payments: ['FINANCIAL_APPROVAL_GRANTED', 'FINANCIAL_APPROVAL_DENIED'],
  correct_records: ['FINANCIAL_RECORD_CHANGED'],
  run_controls: ['FINANCIAL_CONTROL_EXECUTED'],
  report_results: ['FINANCIAL_REPORT_GENERATED'],
  manage_accounts: ['USER_CREATED', 'USER_DELETED', 'USER_ACTIVATED', 'USER_DEACTIVATED', 'USER_UNLOCKED'],
  grant_rights: ['ROLE_ASSIGNED', 'PERMISSION_GRANTED'],
  change_systems: ['CONFIGURATION_CHANGED', 'DEPLOYMENT_COMPLETED', 'SCHEMA_MIGRATED', 'FEATURE_FLAG_CHANGED'],
} as const satisfies Record<string, readonly EventTypeName[]>;
export type Duty = keyof typeof DUTIES;
export const DUTY_NAMES = Object.keys(DUTIES) as Duty[];

/** Duties that one person must not have both: who pays must not approve, correct the books, or decide who may do what. */
export const CONFLICTS: readonly (readonly [Duty, Duty])[] = [
  ['prepare_payments', 'approve_payments'],
  ['approve_payments', 'correct_records'],
  ['prepare_payments', 'manage_accounts'],
  ['approve_payments', 'manage_accounts'],
  ['prepare_payments', 'grant_rights'],
  ['approve_payments', 'grant_rights'],
  ['prepare_payments', 'change_systems'],
  ['approve_payments', 'change_systems'],
];

/** How one person exercised one duty. Times in ms since the epoch. */
export interface DutyExercised {
  duty: Duty;
  events: number;
  firstAt: number;
  lastAt: number;
  /** The newest events, up to five. */
  eventIds: string[];
}

export interface PersonDuties {
  /** A reference, or the id of an API key. */
  person: string;
  duties: DutyExercised[];
}

/** Two duties in conflict that one person exercised. */
export interface DutyConflict {
  person: string;
  duties: [DutyExercised, DutyExercised];
}

export interface DutyPair {
  duties: [Duty, Duty];
  /** How many exercised both; of a duty with itself: how many exercised it. */
  people: number;
  conflict: boolean;
}

/** Who exercised which duties within a range; acts that failed do not count. */
export async function readDuties(client: ClickHouseClient, tenant: string, range: Range): Promise<PersonDuties[]> {
  const pairs = DUTY_NAMES.flatMap((duty) => DUTIES[duty].map((type) => [type, duty] as const));
  const rows = await readRows<DutyExercised & { person: string }>(
    client,
    `SELECT actor AS person, transform(toString(event_type), {types:Array(String)}, {duties:Array(String)}, '') AS duty,
            count() AS events, min(${AT}) AS firstAt, max(${AT}) AS lastAt,
            arrayMap(pair -> toString(pair.2), groupArraySorted(5)((-${AT}, id))) AS eventIds
     FROM events
     WHERE ${WITHIN} AND event_type IN {types:Array(String)} AND actor != '' AND outcome != 'failure'
     GROUP BY actor, duty ORDER BY person, duty`,
    { ...within(tenant, range), types: pairs.map(([type]) => type), duties: pairs.map(([, duty]) => duty) },
  );
  const people = new Map<string, DutyExercised[]>();
  for (const { person, ...exercised } of rows) people.set(person, [...(people.get(person) ?? []), exercised]);
  return [...people].map(([person, duties]) => ({ person, duties }));
}

/** People who exercised duties that must be apart. */
export function conflictsOf(people: readonly PersonDuties[]): DutyConflict[] {
  return people.flatMap(({ person, duties }) =>
    CONFLICTS.flatMap(([a, b]): DutyConflict[] => {
      const [first, second] = [duties.find(({ duty }) => duty === a), duties.find(({ duty }) => duty === b)];
      return first && second ? [{ person, duties: [first, second] }] : [];
    }),
  );
}

/** Each pair of duties once, with how many people exercised both. */
export function matrixOf(people: readonly PersonDuties[]): DutyPair[] {
  const held = people.map(({ duties }) => new Set(duties.map(({ duty }) => duty)));
  return DUTY_NAMES.flatMap((a, i) =>
    DUTY_NAMES.slice(i).map((b) => ({
      duties: [a, b],
      people: held.filter((duties) => duties.has(a) && duties.has(b)).length,
      conflict: CONFLICTS.some((pair) => a !== b && pair.includes(a) && pair.includes(b)),
    })),
  );
}

/** One matter in which the same person stood on both sides. */
export interface SelfApproval {
  /** `same_actor`: one person prepared and approved it; `same_name`: the event itself names one person for both. */
  kind: 'same_actor' | 'same_name';
  person: string;
  eventType: string;
  resourceType: string;
  resourceId: string;
  /** When it was approved, ms. */
  at: number;
  eventIds: string[];
}

/** How long before the range something may have been prepared that was approved within it, ms. */
const LOOK_BACK_MS = 31 * 86_400_000;

type AloneRow = {
  person: string;
  approved: [at: number, id: string, eventType: string, resourceType: string, resourceId: string][];
  prepared: string[];
  named: AloneRow['approved'];
};

/**
 * What somebody approved alone within a range: payments (joined by `details.transactionId`, else by the resource), and events that name
 * the same person in `details.approvedBy` as in `details.preparedBy` or `details.requestedBy`. Newest first, at most `limit`.
 */
export async function readSelfApprovals(
  client: ClickHouseClient,
  tenant: string,
  range: Range,
  limit = 1000,
): Promise<SelfApproval[]> {
  const event = `(${AT}, toString(id), toString(event_type), toString(resource_type), resource_id)`;
  const rows = await readRows<AloneRow>(
    client,
    `SELECT actor AS person, groupArraySortedIf(4)(${event}, approves) AS approved, groupArraySortedIf(2)(toString(id), prepares) AS prepared,
            groupArraySortedIf(100)(${event}, names) AS named,
            greatest(maxIf(${AT}, approves), maxIf(${AT}, names)) AS newest
     FROM
     (
         SELECT actor, occurred_at, event_type, resource_type, resource_id, id,
                JSONExtract(envelope, 'details', 'Tuple(transactionId String, preparedBy String, requestedBy String, approvedBy String)') AS said,
                if(said.transactionId != '', said.transactionId, concat(resource_type, ' ', resource_id)) AS matter,
                ${AT} >= {from:Int64} AS inside,
                event_type = 'FINANCIAL_APPROVAL_GRANTED' AND matter != ' ' AND inside AS approves,
                event_type = 'FINANCIAL_TRANSACTION' AND matter != ' ' AS prepares,
                said.approvedBy != '' AND said.approvedBy IN (said.preparedBy, said.requestedBy) AND inside AS names
         FROM events
         WHERE ${WITHIN.replace('{from:', '{prepared:')} AND actor != '' AND outcome NOT IN ('failure', 'denied')
           AND category IN ('financial', 'configuration', 'user', 'authorization')
     )
     GROUP BY matter, actor HAVING (countIf(approves) > 0 AND countIf(prepares) > 0) OR countIf(names) > 0
     ORDER BY newest DESC, matter, actor LIMIT {limit:UInt32}`,
    { ...within(tenant, range), prepared: within(tenant, { ...range, from: range.from - LOOK_BACK_MS }).from, limit },
  );
  const found = rows.flatMap(({ person, approved, prepared, named }): SelfApproval[] => {
    const [last] = approved.slice(-1);
    const both = last && prepared.length > 0 ? [selfApproval('same_actor', person, last, prepared)] : [];
    return [...both, ...named.map((event) => selfApproval('same_name', person, event))];
  });
  return found.sort((a, b) => b.at - a.at || (a.resourceId < b.resourceId ? -1 : 1)).slice(0, limit);
}

function selfApproval(
  kind: SelfApproval['kind'],
  person: string,
  [at, id, eventType, resourceType, resourceId]: AloneRow['named'][number],
  others: readonly string[] = [],
): SelfApproval {
  return { kind, person, eventType, resourceType, resourceId, at, eventIds: [...others, id] };
}
