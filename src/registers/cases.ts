import type { ClickHouseClient } from '@clickhouse/client';
import type { JsonObject } from '../events/canonical-json';
import { bounded, timeOf } from '../search/event-where';
import { AT, readRows } from './register-reader';

/** One event of a case, such as the answer to a request. */
export interface CaseStep {
  /** When it occurred, ms since the epoch. */
  at: number;
  eventId: string;
  eventType: string;
  outcome: string;
  /** References. */
  actor: string;
  subject: string;
  service: string;
  description: string;
  details: JsonObject;
}

/** All that happened to one matter that has a beginning, in the order of time. */
export interface Case {
  id: string;
  /** The first event that opens it. */
  openedAt: number;
  steps: CaseStep[];
}

/** Which events make a case. */
export interface CaseKind {
  /** Those that open one, and those that go on with it. */
  opening: readonly string[];
  following: readonly string[];
  /** The member of `details` that names the case; else `context.resourceId` of that type, else the id of the event itself. */
  idField: string;
  resourceType: string;
}

export interface CaseFilter {
  /** Cases as they were before this time, ms since the epoch. */
  asOf: number;
  ids?: readonly string[];
  /** Types of opening events. */
  opening?: readonly string[] | undefined;
  /** References of those whom the opening event is about. */
  subjects?: readonly string[] | undefined;
  /** Opened at or after the one and before the other. */
  openedFrom?: number | undefined;
  openedTo?: number | undefined;
}

/** The place of a case in the list. */
export interface CasePlace {
  openedAt: number;
  id: string;
}

/** Cases read at once: few for a page, many for all of them, since each look goes over all events of the kind. */
const FIRST_PORTION = 500;
const LAST_PORTION = 8000;
/** A case with more steps is cut there; nobody takes so many. */
const MAX_STEPS = 1000;

type Row = {
  id: string;
  openedAt: number;
  steps: [number, number, string, string, string, string, string, string, string, string][];
};

/** Up to `limit` cases behind a place, newest first. */
export async function readCases(
  client: ClickHouseClient,
  tenant: string,
  kind: CaseKind,
  filter: CaseFilter,
  limit: number,
  behind?: CasePlace,
): Promise<Case[]> {
  const having = ['countIf(opens) > 0'];
  if (filter.opening) having.push('hasAny(groupUniqArrayIf(toString(event_type), opens), {wanted:Array(String)})');
  if (filter.subjects) having.push('hasAny(groupUniqArrayIf(subject, opens), {subjects:Array(String)})');
  if (filter.openedFrom !== undefined) having.push('openedAt >= {openedFrom:Int64}');
  if (filter.openedTo !== undefined) having.push('openedAt < {openedTo:Int64}');
  if (behind) having.push('(openedAt, case_id) < ({behindAt:Int64}, {behindId:String})');
  const rows = await readRows<Row>(
    client,
    `SELECT case_id AS id, minIf(at, opens) AS openedAt,
            arraySort(groupArray(${MAX_STEPS})((at, leaf_index, toString(event_id), event_type, outcome, actor, subject, service, description, details))) AS steps
     FROM
     (
         SELECT ${AT} AS at, leaf_index, events.id AS event_id, event_type, outcome, actor, subject, service, description,
                JSONExtractRaw(envelope, 'details') AS details, event_type IN {opening:Array(String)} AS opens,
                if(JSONType(envelope, 'details', {idField:String}) IN ('Int64', 'UInt64'), JSONExtractRaw(envelope, 'details', {idField:String}),
                   JSONExtractString(envelope, 'details', {idField:String})) AS named,
                multiIf(named != '', named, resource_type = {resourceType:String} AND resource_id != '', resource_id, toString(events.id)) AS case_id
         FROM events
         WHERE tenant = {tenant:String} AND occurred_at < ${timeOf('asOf')} AND event_type IN {types:Array(String)}
           ${filter.ids ? 'AND case_id IN {ids:Array(String)}' : ''}
     )
     GROUP BY case_id HAVING ${having.join(' AND ')}
     ORDER BY openedAt DESC, case_id DESC LIMIT {limit:UInt32}`,
    {
      ...{ tenant, limit, idField: kind.idField, resourceType: kind.resourceType, opening: kind.opening },
      ...{ types: [...kind.opening, ...kind.following], asOf: bounded(filter.asOf) },
      ...(filter.ids && { ids: filter.ids }),
      ...(filter.opening && { wanted: filter.opening }),
      ...(filter.subjects && { subjects: filter.subjects }),
      ...(filter.openedFrom !== undefined && { openedFrom: filter.openedFrom }),
      ...(filter.openedTo !== undefined && { openedTo: filter.openedTo }),
      ...(behind && { behindAt: behind.openedAt, behindId: behind.id }),
    },
  );
  return rows.map(({ id, openedAt, steps }) => ({ id, openedAt, steps: steps.map(stepOf) }));
}

/** All cases that a filter chooses, newest first, read in portions. */
export async function* eachCase(
  client: ClickHouseClient,
  tenant: string,
  kind: CaseKind,
  filter: CaseFilter,
  behind?: CasePlace,
): AsyncGenerator<Case> {
  for (let portion = FIRST_PORTION; ; portion = Math.min(portion * 4, LAST_PORTION)) {
    const cases = await readCases(client, tenant, kind, filter, portion, behind);
    yield* cases;
    behind = cases.at(-1);
    if (cases.length < portion || !behind) return;
  }
}

function stepOf([at, , eventId, eventType, outcome, actor, subject, service, description, details]: Row['steps'][0]) {
  const step = { at, eventId, eventType, outcome, actor, subject, service, description };
  return { ...step, details: details === '' ? {} : (JSON.parse(details) as JsonObject) };
}

/** A member of an event's details that is a text, else undefined. */
export function textOf(details: JsonObject, name: string): string | undefined {
  const value = details[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
