import { Injectable } from '@nestjs/common';
import { SEVERITIES } from '../events/event-types';
import { bounded, timeOf } from '../search/event-where';
import { SearchStore } from '../search/search-store';
import { iso } from './analytics-reader';
import type { Span } from './buckets';
import { AlertFacts, AGES, ComplianceFacts } from './dashboard.schema';

const HOUR_MS = 3_600_000;
/** Where the ages of alerts end, ms. */
const AGE_ENDS = [HOUR_MS, 24 * HOUR_MS, 168 * HOUR_MS];

/** What the tables beside the events say of a tenant. */
@Injectable()
export class TenantFacts {
  constructor(private readonly store: SearchStore) {}

  async alerts(tenant: string, now: number): Promise<AlertFacts> {
    const rows = await this.store.rows<{ severity: string; status: string; age: number; n: number; oldest: number }>(
      `SELECT severity, status, arrayCount(end -> end <= {now:Int64} - toUnixTimestamp64Milli(opened_at), {ends:Array(Int64)}) AS age,
              count() AS n, toUnixTimestamp64Milli(min(opened_at)) AS oldest
       FROM alerts FINAL WHERE tenant = {tenant:String} AND status != 'resolved'
       GROUP BY severity, status, age`,
      { tenant, now: Math.round(now), ends: AGE_ENDS },
    );
    const open = rows.filter((row) => row.status === 'open');
    const sum = (of: typeof rows) => of.reduce((total, row) => total + row.n, 0);
    const bySeverity = SEVERITIES.toReversed().flatMap((severity) => {
      const own = rows.filter((row) => row.severity === severity);
      if (own.length === 0) return [];
      const age = Object.fromEntries(AGES.map((name, i) => [name, sum(own.filter((row) => row.age === i))]));
      const waiting = sum(own.filter((row) => row.status === 'open'));
      return [
        {
          severity,
          open: waiting,
          acknowledged: sum(own) - waiting,
          age: age as Record<(typeof AGES)[number], number>,
        },
      ];
    });
    return {
      open: sum(open),
      acknowledged: sum(rows) - sum(open),
      oldestOpenAt: open.length > 0 ? iso(Math.min(...open.map((row) => row.oldest))) : null,
      bySeverity,
    };
  }

  /** All but what is counted from events. */
  async compliance(
    tenant: string,
    span: Span,
  ): Promise<Omit<ComplianceFacts, 'failedShare' | 'requests' | 'consents'>> {
    const params = { tenant, from: bounded(span.from), to: bounded(span.to) };
    const within = (column: string) => `${column} >= ${timeOf('from')} AND ${column} < ${timeOf('to')}`;
    const one = async <Row>(sql: string): Promise<Row | undefined> => (await this.store.rows<Row>(sql, params))[0];
    const [erasures, holds, removed, checkpoint, verification] = await Promise.all([
      one<{ done: number; underway: number; inPeriod: number }>(
        `SELECT countIf(state = 'done') AS done, countIf(state = 'begun') AS underway,
                countIf(state = 'done' AND ${within('finished_at')}) AS inPeriod
         FROM erasures FINAL WHERE tenant = {tenant:String}`,
      ),
      one<{ n: number }>(
        'SELECT count() AS n FROM legal_holds FINAL WHERE tenant = {tenant:String} AND released_at IS NULL',
      ),
      one<{ n: number; all: number; last: number }>(
        `SELECT sumIf(leaf_count, ${within('created_at')}) AS n, count() AS all, toUnixTimestamp64Milli(max(created_at)) AS last
         FROM retention_manifests WHERE tenant = {tenant:String}`,
      ),
      one<{ size: number; at: number }>(
        `SELECT size, toUnixTimestamp64Milli(signed_at) AS at FROM checkpoints WHERE tenant = {tenant:String}
         ORDER BY checkpoints.size DESC, signed_at DESC LIMIT 1`,
      ),
      one<{ kind: string; at: number; faults: number }>(
        `SELECT kind, toUnixTimestamp64Milli(finished_at) AS at, faults FROM verifications WHERE tenant = {tenant:String}
         ORDER BY started_at DESC LIMIT 1`,
      ),
    ]);
    return {
      erasures: erasures ?? { done: 0, underway: 0, inPeriod: 0 },
      legalHolds: holds?.n ?? 0,
      retention: { removed: removed?.n ?? 0, lastRemovalAt: removed && removed.all > 0 ? iso(removed.last) : null },
      integrity: {
        treeSize: checkpoint?.size ?? 0,
        signedAt: checkpoint ? iso(checkpoint.at) : null,
        lastVerification: verification
          ? { kind: verification.kind, finishedAt: iso(verification.at), faults: verification.faults }
          : null,
      },
    };
  }
}
