import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { readRows, UNLOGGED } from '../clickhouse/read-rows';
import { both, Condition } from './condition';
import type { ErasureFacts, FactGroup, HoldOnPerson } from './erasure';
import { coveredBy, holdsAllOf, LegalHold } from './legal-hold';
import { retentionEnd, RetentionPolicy } from './retention-policy';

const MAX_FIELDS = 100;

/** Counts what is stored of a person. */
@Injectable()
export class PersonFacts {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  /**
   * @param subjectId the id, or a reference, by which the person was asked for
   * @param today as in 2026-11-23
   */
  async read(
    tenant: string,
    subjectId: string,
    references: readonly string[],
    policies: readonly RetentionPolicy[],
    today: string,
  ): Promise<ErasureFacts> {
    const person = eventsOf(tenant, references);
    const groups = await this.groups(person, retentionEnd(policies, 'end'), today);
    return {
      events: groups.reduce((sum, group) => sum + group.events, 0),
      firstAt: groups.length === 0 ? null : Math.min(...groups.map((group) => group.firstAt)),
      lastAt: groups.length === 0 ? null : Math.max(...groups.map((group) => group.lastAt)),
      groups,
      fields: await this.fields(person, references),
      plainEvents: references.includes(subjectId) ? 0 : await this.count(eventsOf(tenant, [subjectId])),
      mentions: references.includes(subjectId)
        ? 0
        : await this.count(
            both(person, {
              sql: 'position(envelope, {mention:String}) > 0',
              // As canonical JSON writes it inside any text.
              params: { mention: JSON.stringify(subjectId).slice(1, -1) },
            }),
          ),
    };
  }

  /** What each hold covers of the person. */
  async held(tenant: string, references: readonly string[], holds: readonly LegalHold[]): Promise<HoldOnPerson[]> {
    const found: HoldOnPerson[] = [];
    for (const hold of holds) {
      const events = await this.count(both(eventsOf(tenant, references), coveredBy(hold, 'hold')));
      found.push({ id: hold.id, name: hold.name, events, wholePerson: holdsAllOf(hold, references) });
    }
    return found;
  }

  private groups(person: Condition, end: Condition, today: string): Promise<FactGroup[]> {
    return this.rows<FactGroup>(
      `SELECT event_type AS eventType, retention, count() AS events,
              toUnixTimestamp64Milli(min(occurred_at)) AS firstAt, toUnixTimestamp64Milli(max(occurred_at)) AS lastAt,
              countIf(${end.sql} > toDate({today:String})) AS retained, toString(max(${end.sql})) AS until
       FROM events WHERE ${person.sql}
       GROUP BY event_type, retention ORDER BY events DESC, eventType`,
      { ...person.params, ...end.params, today },
    );
  }

  /** Which sealed fields belong to the person: those of the context to the actor, all others to the subject. */
  private fields(person: Condition, references: readonly string[]): Promise<ErasureFacts['fields']> {
    return this.rows(
      `SELECT replaceRegexpAll(path, '\\\\.\\\\d+', '.*') AS field, uniqExact(leaf_index) AS events
       FROM
       (
           SELECT leaf_index, arrayJoin(JSONExtractKeys(envelope, 'sealed')) AS path,
                  if(startsWith(path, 'context.') AND actor != '', actor, subject) AS owner
           FROM events WHERE ${person.sql}
       )
       WHERE owner IN {owners:Array(String)}
       GROUP BY field ORDER BY events DESC, field LIMIT ${MAX_FIELDS}`,
      { ...person.params, owners: references },
    );
  }

  private async count(where: Condition): Promise<number> {
    const [row] = await this.rows<{ n: number }>(`SELECT count() AS n FROM events WHERE ${where.sql}`, where.params);
    return row?.n ?? 0;
  }

  private rows<T>(query: string, params: Record<string, unknown>): Promise<T[]> {
    // These queries may hold the id of a person.
    return readRows(this.clickhouse, query, params, UNLOGGED);
  }
}

const eventsOf = (tenant: string, people: readonly string[]): Condition => ({
  sql: 'tenant = {tenant:String} AND (actor IN {people:Array(String)} OR subject IN {people:Array(String)})',
  params: { tenant, people },
});
