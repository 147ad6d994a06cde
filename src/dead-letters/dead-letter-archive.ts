import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { AppError } from '../common/app-error';
import { isUuid } from '../events/uuid';
import { searchError, SearchStore } from '../search/search-store';
import { DeadLetter, DeadLetterState, readCursor, writeCursor } from './dead-letter';
import type { DeadLetterQuery } from './dead-letter-query';

const COLUMNS = `tenant, id, event_id AS eventId, reason_code AS reasonCode, reason, envelope, checksum, key_id AS keyId, signature,
  batch, leaf_index AS leafIndex, state, toUnixTimestamp64Milli(created_at) AS createdAt, decided_by AS decidedBy,
  toUnixTimestamp64Milli(updated_at) AS decidedAt, note`;

/** The dead letters of a tenant as they stand in ClickHouse, where the writer puts them. */
@Injectable()
export class DeadLetterArchive {
  constructor(
    private readonly store: SearchStore,
    @Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient,
  ) {}

  /** Newest first. */
  async list(tenant: string, query: DeadLetterQuery): Promise<{ items: DeadLetter[]; nextCursor: string | null }> {
    const { limit, cursor, from, to } = query;
    const conditions = ['tenant = {tenant:String}'];
    if (query.state) conditions.push('state IN {states:Array(String)}');
    if (query.reasonCode) conditions.push('reason_code IN {codes:Array(String)}');
    if (query.eventId) conditions.push('event_id IN {events:Array(UUID)}');
    if (from !== undefined) conditions.push(`created_at >= ${time('from')}`);
    if (to !== undefined) conditions.push(`created_at < ${time('to')}`);
    const place = cursor === undefined ? undefined : readCursor(cursor);
    if (place) conditions.push(`(created_at, id) < (${time('createdAt')}, {id:UUID})`);
    const items = await this.store.rows<DeadLetter>(
      `SELECT ${COLUMNS} FROM dead_letters FINAL WHERE ${conditions.join(' AND ')}
       ORDER BY created_at DESC, id DESC LIMIT {limit:UInt32}`,
      {
        ...{ tenant, states: query.state, codes: query.reasonCode, events: query.eventId, from, to },
        ...place,
        limit: limit + 1,
      },
    );
    const page = items.slice(0, limit);
    const last = page.at(-1);
    return { items: page, nextCursor: items.length > limit && last ? writeCursor(last) : null };
  }

  /** @throws AppError 404 */
  async get(tenant: string, id: string): Promise<DeadLetter> {
    const [letter] = isUuid(id)
      ? await this.store.rows<DeadLetter>(
          `SELECT ${COLUMNS} FROM dead_letters FINAL WHERE tenant = {tenant:String} AND id = {id:UUID}`,
          { tenant, id },
        )
      : [];
    if (!letter) throw new AppError('DEAD_LETTER_UNKNOWN', 404, `there is no dead letter ${id} here`);
    return letter;
  }

  /** The envelope of the event that stands in the log under an id. */
  async storedEvent(tenant: string, eventId: string): Promise<string | undefined> {
    const [row] = await this.store.rows<{ envelope: string }>(
      'SELECT envelope FROM events WHERE tenant = {tenant:String} AND toUInt128(id) = toUInt128({eventId:UUID}) LIMIT 1',
      { tenant, eventId },
    );
    return row?.envelope;
  }

  /** Keeps a decision: the version of the letter that is in force from now on. */
  async decide(
    letter: DeadLetter,
    decision: { state: Exclude<DeadLetterState, 'waiting'>; by: string; at: number; note: string },
  ): Promise<DeadLetter> {
    // The writer stores a letter with the time of acceptance as its version: any decision is later.
    const decidedAt = Math.max(decision.at, letter.decidedAt + 1);
    const { state, by: decidedBy, note } = decision;
    const decided: DeadLetter = { ...letter, state, decidedBy, decidedAt, note };
    try {
      await this.clickhouse.insert({ table: 'dead_letters', values: [record(decided)], format: 'JSONEachRow' });
    } catch (error) {
      throw searchError(error);
    }
    return decided;
  }
}

const time = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;

const record = (letter: DeadLetter) => ({
  tenant: letter.tenant,
  id: letter.id,
  event_id: letter.eventId,
  reason_code: letter.reasonCode,
  reason: letter.reason,
  envelope: letter.envelope,
  checksum: letter.checksum,
  key_id: letter.keyId,
  signature: letter.signature,
  batch: letter.batch,
  leaf_index: letter.leafIndex,
  state: letter.state,
  created_at: new Date(letter.createdAt).toISOString(),
  updated_at: new Date(letter.decidedAt).toISOString(),
  decided_by: letter.decidedBy,
  note: letter.note,
});
