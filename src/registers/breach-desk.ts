import type { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { CATEGORIES, OUTCOMES, SEVERITIES } from '../events/event-types';
import { parseAddressRange } from '../search/address-range';
import { whereEvents } from '../search/event-where';
import { Breach, BREACH_CASES, BreachState, foldBreach } from './breach';
import { CasePlace, eachCase, readCases } from './cases';
import { readKeyset, writeKeyset } from './keyset';
import { readRows } from './register-reader';

const texts = z.array(z.string().min(1).max(1024)).min(1).max(100).optional();

/** Which events are of affected data, as an event of a breach holds it: times as ISO texts, people as references. */
export const affectedFilter = z.strictObject({
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  eventType: texts,
  category: z.array(z.enum(CATEGORIES)).min(1).optional(),
  severity: z.array(z.enum(SEVERITIES)).min(1).optional(),
  outcome: z.array(z.enum(OUTCOMES)).min(1).optional(),
  userId: texts,
  subjectId: texts,
  sessionId: texts,
  resourceType: texts,
  resourceId: texts,
  ipAddress: z
    .array(
      z.string().refine((text) => typeof parseAddressRange(text) !== 'string', {
        error: 'is no IP address or CIDR range such as 203.0.113.0/24',
      }),
    )
    .min(1)
    .max(100)
    .optional(),
  service: texts,
});
export type AffectedFilter = z.output<typeof affectedFilter>;

/** What a breach touched, counted from the events that its filter chooses. */
export interface Affected {
  events: number;
  /** Different persons whose data it is about. */
  subjects: number;
  /** Sum of `recordCount`; an event without one counts as one record. */
  records: number;
  dataCategories: string[];
  /** ms since the epoch. */
  firstAt: number | null;
  lastAt: number | null;
}

export interface BreachFilter {
  /** The desk as it was before this time, ms since the epoch. */
  asOf: number;
  zone?: string | undefined;
  state?: readonly BreachState[] | undefined;
  /** Opened at or after the one and before the other, ms. */
  from?: number | undefined;
  to?: number | undefined;
}

/** Breaches of personal data, from the events DATA_BREACH_DETECTED, …_UPDATED, …_NOTIFIED and …_CLOSED. */
@Injectable()
export class BreachDesk {
  constructor(@Inject(CLICKHOUSE) private readonly client: ClickHouseClient) {}

  /** All that a filter chooses, newest first. */
  async *each(tenant: string, filter: BreachFilter, behind?: CasePlace): AsyncGenerator<Breach> {
    const chosen = { asOf: filter.asOf, openedFrom: filter.from, openedTo: filter.to };
    for await (const found of eachCase(this.client, tenant, BREACH_CASES, chosen, behind)) {
      const breach = foldBreach(found, filter.zone, filter.asOf);
      if (filter.state?.includes(breach.state) ?? true) yield breach;
    }
  }

  /** One page of `each`. @throws AppError 400 for a cursor that is none */
  async list(
    tenant: string,
    filter: BreachFilter,
    limit: number,
    cursor?: string,
  ): Promise<{ breaches: Breach[]; nextCursor: string | null }> {
    const [openedAt, id] = cursor === undefined ? [] : readKeyset(cursor, 2);
    const behind = openedAt === undefined || id === undefined ? undefined : { openedAt, id };
    const breaches: Breach[] = [];
    for await (const breach of this.each(tenant, filter, behind)) {
      if (breaches.length === limit) {
        const last = breaches.at(-1);
        return { breaches, nextCursor: last ? writeKeyset([last.openedAt, last.id]) : null };
      }
      breaches.push(breach);
    }
    return { breaches, nextCursor: null };
  }

  async find(
    tenant: string,
    id: string,
    { asOf, zone }: { asOf: number; zone?: string | undefined },
  ): Promise<Breach | undefined> {
    const [found] = await readCases(this.client, tenant, BREACH_CASES, { asOf, ids: [id] }, 1);
    return found && foldBreach(found, zone, asOf);
  }

  /** What a breach touched; null if it names no events, or in a form that nobody can read. */
  async affected(tenant: string, breach: Pick<Breach, 'affected'>): Promise<Affected | null> {
    const parsed = affectedFilter.safeParse(breach.affected);
    if (!parsed.success) return null;
    const { from, to, ...rest } = parsed.data;
    const where = whereEvents(tenant, {
      ...rest,
      ...(from !== undefined && { from: Date.parse(from) }),
      ...(to !== undefined && { to: Date.parse(to) }),
    });
    const [row] = await readRows<Affected>(
      this.client,
      `SELECT count() AS events, uniqExactIf(subject, subject != '') AS subjects,
              sum(coalesce(record_count, 1)) AS records, arraySort(groupUniqArrayArray(data_categories)) AS dataCategories,
              if(count() = 0, NULL, toUnixTimestamp64Milli(min(occurred_at))) AS firstAt,
              if(count() = 0, NULL, toUnixTimestamp64Milli(max(occurred_at))) AS lastAt
       FROM events WHERE ${where.sql}`,
      where.params,
    );
    return row ?? null;
  }
}
