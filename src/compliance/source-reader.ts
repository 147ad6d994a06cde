import type { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { compareActivities } from '../registers/activity';
import { ActivityRegister } from '../registers/activity-register';
import { BreachDesk } from '../registers/breach-desk';
import { ConsentLedger } from '../registers/consent-ledger';
import { readDuties } from '../registers/duties';
import { PeopleRegister } from '../registers/people-register';
import { readRows } from '../registers/register-reader';
import { RequestRegister } from '../registers/request-register';
import type { Scope, Sources } from './check';

/** Where the checks of one assessment read. */
@Injectable()
export class SourceReader {
  constructor(
    @Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient,
    private readonly consents: ConsentLedger,
    private readonly requests: RequestRegister,
    private readonly breaches: BreachDesk,
    private readonly people: PeopleRegister,
    private readonly activities: ActivityRegister,
  ) {}

  /** Each thing is read when it is first asked for, and once. */
  of({ tenant, from, to, asOf, timeZone: zone }: Scope): Sources {
    const range = { from, to };
    return {
      read: (query, params) => readRows(this.clickhouse, query, params),
      consents: this.consents,
      consentCounts: once(async () => {
        const counts = await this.consents.countProcessing(tenant, range);
        const found = await this.consents.countExceptions(tenant, range);
        return { ...counts, exceptions: new Map(found.map(({ kind, events }) => [kind, events])) };
      }),
      requests: once(async () => {
        const all = await collect(this.requests.each(tenant, { asOf, zone, to }));
        return all.filter(({ closedAt }) => closedAt === null || closedAt >= from);
      }),
      breaches: once(() => collect(this.breaches.each(tenant, { asOf, zone, to }))),
      duties: once(() => readDuties(this.clickhouse, tenant, range)),
      activeAfterLeaving: once(() => this.people.activeAfterLeaving(tenant, range)),
      activities: once(async () => {
        const [declared, observed] = [
          await this.activities.list(tenant),
          await this.activities.observed(tenant, range),
        ];
        return { declared: declared.length, observed, comparison: compareActivities(declared, observed) };
      }),
    };
  }
}

/** Reads a thing when it is first asked for. */
function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => (reading ??= read());
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
