import { Condition } from './condition';

/** A duty to keep certain events, whatever retention or an erasure wants. What is left out matches everything. */
export interface LegalHold {
  tenant: string;
  id: string;
  name: string;
  reason: string;
  /** What stands in the events for the person held; empty = any person. */
  references: string[];
  eventTypes: string[];
  resourceType: string;
  resourceId: string;
  /** ms since the epoch, as all times here. Included. */
  occurredFrom: number | null;
  /** Not included. */
  occurredTo: number | null;
  placedBy: string;
  placedAt: number;
  releasedBy: string;
  releasedAt: number | null;
  version: number;
}

/**
 * Which events of its tenant a hold covers. Pure.
 * @param name starts the names of the parameters, so that conditions can be joined
 */
export function coveredBy(hold: LegalHold, name: string): Condition {
  const sql: string[] = [];
  const params: Record<string, unknown> = {};
  const add = (condition: (parameter: string) => string, key: string, value: unknown) => {
    params[`${name}_${key}`] = value;
    sql.push(condition(`${name}_${key}`));
  };
  if (hold.references.length > 0) {
    add((p) => `actor IN {${p}:Array(String)} OR subject IN {${p}:Array(String)}`, 'people', hold.references);
  }
  if (hold.eventTypes.length > 0) add((p) => `event_type IN {${p}:Array(String)}`, 'types', hold.eventTypes);
  if (hold.resourceType !== '') add((p) => `resource_type = {${p}:String}`, 'kind', hold.resourceType);
  if (hold.resourceId !== '') add((p) => `resource_id = {${p}:String}`, 'resource', hold.resourceId);
  if (hold.occurredFrom !== null) add((p) => `occurred_at >= ${time(p)}`, 'from', hold.occurredFrom);
  if (hold.occurredTo !== null) add((p) => `occurred_at < ${time(p)}`, 'to', hold.occurredTo);
  return { sql: sql.length === 0 ? '1' : sql.map((part) => `(${part})`).join(' AND '), params };
}

/** Whether a hold names this person, or no person and so everyone, and nothing else narrows it. Pure. */
export function holdsAllOf(hold: LegalHold, references: readonly string[]): boolean {
  const narrowed = hold.eventTypes.length > 0 || hold.resourceType !== '' || hold.resourceId !== '';
  if (narrowed || hold.occurredFrom !== null || hold.occurredTo !== null) return false;
  return hold.references.length === 0 || hold.references.some((reference) => references.includes(reference));
}

const time = (parameter: string) => `fromUnixTimestamp64Milli({${parameter}:Int64}, 'UTC')`;
