import { anyOf, both, Condition, not } from './condition';
import { coveredBy, LegalHold } from './legal-hold';
import { retentionEnd, RetentionPolicy } from './retention-policy';

/** What decides which events of a tenant retention may remove. */
export interface RetentionScope {
  tenant: string;
  policies: readonly RetentionPolicy[];
  /** Those in force. */
  holds: readonly LegalHold[];
  /** Leaves that are sealed. Only those are removed: nothing is written among them any more, so what is due stays the same. */
  ledgerSize: number;
}

/** Events that any of the holds covers. */
export const heldBy = (holds: readonly LegalHold[], name: string): Condition =>
  anyOf(holds.map((hold, i) => coveredBy(hold, `${name}_hold${i}`)));

/**
 * Events of the tenant that are to be removed. Pure.
 * @param horizon today, as in 2026-11-23
 * @param name starts the names of the parameters, so that conditions can be joined
 */
export function dueEvents(scope: RetentionScope, horizon: string, name: string): Condition {
  const end = retentionEnd(scope.policies, name);
  return both(
    {
      sql: `tenant = {${name}_tenant:String} AND leaf_index < {${name}_size:UInt64}`,
      params: { [`${name}_tenant`]: scope.tenant, [`${name}_size`]: scope.ledgerSize },
    },
    {
      sql: `${end.sql} <= toDate({${name}_horizon:String})`,
      params: { ...end.params, [`${name}_horizon`]: horizon },
    },
    not(heldBy(scope.holds, name)),
  );
}
