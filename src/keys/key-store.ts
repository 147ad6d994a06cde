import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { KEY_KINDS, keyRecord, KeyRecord } from './key-record';
import type { SubjectRecord } from './subject-record';

const AS_NUMBERS = { output_format_json_quote_64bit_integers: 0 } as const;

/** Keys and subjects in ClickHouse, where their truth is. */
@Injectable()
export class KeyStore {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  /** All keys of all tenants, oldest first. */
  async keys(): Promise<KeyRecord[]> {
    const rows = await this.clickhouse.query({
      query: `SELECT kind, tenant, number, wrapped, public_key AS publicKey, root_id AS rootId,
                     toUnixTimestamp64Milli(created_at) AS createdAt,
                     toUnixTimestamp64Milli(retired_at) AS retiredAt, version
              FROM keys FINAL
              WHERE kind IN {kinds:Array(String)}
              ORDER BY created_at, kind, tenant, number`,
      query_params: { kinds: [...KEY_KINDS] },
      format: 'JSONEachRow',
      clickhouse_settings: AS_NUMBERS,
    });
    return keyRecord.array().parse(await rows.json());
  }

  async saveKeys(records: KeyRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.clickhouse.insert({
      table: 'keys',
      format: 'JSONEachRow',
      values: records.map((r) => ({
        kind: r.kind,
        tenant: r.tenant,
        number: r.number,
        wrapped: r.wrapped,
        public_key: r.publicKey,
        root_id: r.rootId,
        state: r.retiredAt === null ? 'active' : 'retired',
        created_at: new Date(r.createdAt).toISOString(),
        retired_at: r.retiredAt === null ? null : new Date(r.retiredAt).toISOString(),
        version: r.version,
      })),
    });
  }

  /** Removes what older root keys could still unwrap. */
  async forgetOldVersions(table: 'keys' | 'subjects'): Promise<void> {
    await this.clickhouse.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
  }

  async saveSubjects(records: SubjectRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.clickhouse.insert({
      table: 'subjects',
      format: 'JSONEachRow',
      values: records.map((r) => ({
        tenant: r.tenant,
        reference: r.reference,
        lookup: r.lookup,
        key_number: r.keyNumber,
        wrapped: r.wrapped,
        sealed_id: r.sealedId,
        created_at: new Date(r.createdAt).toISOString(),
        version: r.version,
      })),
    });
  }

  /** Subjects of one tenant, or of all for undefined, in groups; erased ones are never among them. */
  async *subjects(tenant: string | undefined): AsyncGenerator<SubjectRecord[]> {
    const rows = await this.clickhouse.query({
      query: `${SELECT_SUBJECTS} WHERE ({all:Bool} OR tenant = {tenant:String})
                AND ${NOT_ERASED}`,
      query_params: { all: tenant === undefined, tenant: tenant ?? '' },
      format: 'JSONEachRow',
      clickhouse_settings: AS_NUMBERS,
    });
    for await (const group of rows.stream<SubjectRecord>()) yield group.map((row) => row.json());
  }

  /** The lowest number of a tenant key that still wraps something, maybe in a version that is not in force any more. */
  async oldestWrappings(): Promise<{ tenant: string; oldest: number }[]> {
    const rows = await this.clickhouse.query({
      query: 'SELECT tenant, min(key_number) AS oldest FROM subjects GROUP BY tenant ORDER BY tenant',
      format: 'JSONEachRow',
    });
    return rows.json();
  }

  /** Subjects of a tenant whose key an older tenant key wraps; erased ones are never among them. */
  async subjectsWrappedBefore(tenant: string, number: number, limit: number): Promise<SubjectRecord[]> {
    const rows = await this.clickhouse.query({
      query: `${SELECT_SUBJECTS} WHERE tenant = {tenant:String} AND key_number < {number:UInt32} AND ${NOT_ERASED}
              ORDER BY reference LIMIT {limit:UInt32}`,
      query_params: { tenant, number, limit },
      format: 'JSONEachRow',
      clickhouse_settings: AS_NUMBERS,
    });
    return rows.json<SubjectRecord>();
  }

  /** Subjects behind references; those erased are missing, from the moment at which their erasure was begun. */
  async subjectsByReference(tenant: string, references: readonly string[]): Promise<SubjectRecord[]> {
    if (references.length === 0) return [];
    const rows = await this.clickhouse.query({
      query: `${SELECT_SUBJECTS} WHERE tenant = {tenant:String} AND reference IN {references:Array(String)}
              AND reference NOT IN (${ERASED_OF_TENANT})`,
      query_params: { tenant, references },
      format: 'JSONEachRow',
      clickhouse_settings: AS_NUMBERS,
    });
    return rows.json<SubjectRecord>();
  }

  /** Subjects with a keyed hash: one, or none. Two only if Redis once came back from an old backup. */
  async subjectsByLookup(tenant: string, lookup: string): Promise<SubjectRecord[]> {
    const rows = await this.clickhouse.query({
      query: `${SELECT_SUBJECTS} WHERE tenant = {tenant:String} AND lookup = {lookup:String}
              AND reference NOT IN (${ERASED_OF_TENANT})`,
      query_params: { tenant, lookup },
      format: 'JSONEachRow',
      clickhouse_settings: AS_NUMBERS,
    });
    return rows.json<SubjectRecord>();
  }

  /** Which of the references belong to erased people. */
  async erasedAmong(tenant: string, references: readonly string[]): Promise<string[]> {
    const erased: string[] = [];
    for (let i = 0; i < references.length; i += LOOKUP) {
      const rows = await this.clickhouse.query({
        query: `SELECT DISTINCT reference FROM (${ERASED_OF_TENANT}) WHERE reference IN {references:Array(String)}`,
        query_params: { tenant, references: references.slice(i, i + LOOKUP) },
        format: 'JSONEachRow',
      });
      erased.push(...(await rows.json<{ reference: string }>()).map(({ reference }) => reference));
    }
    return erased;
  }

  async countSubjects(): Promise<{ tenant: string; subjects: number }[]> {
    const rows = await this.clickhouse.query({
      query: `SELECT tenant, uniqExact(lookup) AS subjects FROM subjects GROUP BY tenant ORDER BY tenant`,
      format: 'JSONEachRow',
      clickhouse_settings: AS_NUMBERS,
    });
    return rows.json();
  }
}

const NOT_ERASED = '(tenant, reference) NOT IN (SELECT tenant, arrayJoin(references) FROM erasures)';

const SELECT_SUBJECTS = `SELECT tenant, reference, lookup, key_number AS keyNumber, wrapped, sealed_id AS sealedId,
                                toUnixTimestamp64Milli(created_at) AS createdAt, version
                         FROM subjects FINAL`;

const ERASED_OF_TENANT = `SELECT arrayJoin(references) AS reference FROM erasures WHERE tenant = {tenant:String}`;

/** References in one look-up: ClickHouse takes at most 128 KiB in one parameter (http_max_field_value_size). */
const LOOKUP = 2000;
