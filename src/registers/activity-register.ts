import type { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { activity, ActivityComparison, compareActivities, DeclaredActivity, ObservedProcessing } from './activity';
import { AT, Range, readRows, within, WITHIN } from './register-reader';

/** Combinations of application, resource, purpose and basis that a comparison looks at, those with most events first. */
const MAX_OBSERVED = 5000;

type Row = Omit<DeclaredActivity, 'declared'> & { declared: string };

const SELECT = `SELECT id, version, declared, deleted, changed_by AS changedBy, toUnixTimestamp64Milli(changed_at) AS changedAt
                FROM processing_activities WHERE tenant = {tenant:String}`;

/** The record of processing activities: what a tenant declares, and what its events tell. */
@Injectable()
export class ActivityRegister {
  constructor(@Inject(CLICKHOUSE) private readonly client: ClickHouseClient) {}

  /** Activities in force, by id. */
  async list(tenant: string): Promise<DeclaredActivity[]> {
    const rows = await readRows<Row>(this.client, `${SELECT} ORDER BY id, version DESC LIMIT 1 BY id`, { tenant });
    return rows.map(read).filter(({ deleted }) => !deleted);
  }

  /** All versions of one activity, newest first; a deleted one ends with its deletion. */
  async versions(tenant: string, id: string): Promise<DeclaredActivity[]> {
    const query = `${SELECT} AND id = {id:String} ORDER BY version DESC LIMIT 1 BY version`;
    return (await readRows<Row>(this.client, query, { tenant, id })).map(read);
  }

  async add(tenant: string, { declared, ...rest }: DeclaredActivity): Promise<void> {
    const { id, version, deleted, changedBy, changedAt } = rest;
    await this.client.insert({
      table: 'processing_activities',
      format: 'JSONEachRow',
      values: [
        {
          ...{ tenant, id, version, deleted, declared: JSON.stringify(declared) },
          ...{ changed_by: changedBy, changed_at: new Date(changedAt).toISOString() },
        },
      ],
      clickhouse_settings: { async_insert: 0, date_time_input_format: 'best_effort' },
    });
  }

  /** Processing of other people's data within a range: events of the category `data` about somebody else, or with a purpose. */
  observed(tenant: string, range: Range): Promise<ObservedProcessing[]> {
    return readRows(
      this.client,
      `SELECT service, resource_type AS resourceType, purpose, legal_basis AS legalBasis,
              arraySort(groupUniqArrayArray(data_categories)) AS dataCategories, count() AS events,
              uniqExactIf(sipHash64(subject), subject != '') AS subjects, min(${AT}) AS firstAt, max(${AT}) AS lastAt,
              arrayMap(pair -> toString(pair.2), groupArraySorted(5)((-${AT}, id))) AS eventIds
       FROM events
       WHERE ${WITHIN} AND category = 'data' AND outcome NOT IN ('failure', 'denied') AND (subject != actor OR purpose != '')
       GROUP BY service, resourceType, purpose, legalBasis
       ORDER BY events DESC, service, resourceType, purpose, legalBasis LIMIT ${MAX_OBSERVED}`,
      within(tenant, range),
    );
  }

  /** The record as it stands against the events of a range. */
  async compare(tenant: string, range: Range): Promise<ActivityComparison> {
    return compareActivities(await this.list(tenant), await this.observed(tenant, range));
  }
}

const read = (row: Row): DeclaredActivity => ({ ...row, declared: activity.parse(JSON.parse(row.declared)) });
