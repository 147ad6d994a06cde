import type { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { Revealer } from '../keys/revealer';
import { isReference } from '../keys/subject-record';
import { ErasureStore } from '../privacy/erasure-store';
import { SubjectReferences } from '../privacy/subject-references';
import { EventReader } from '../search/event-reader';
import { ConsentLedger } from './consent-ledger';
import { PackageEvent, packageEvent, PackageHead, PackagePerson, PackageSummary } from './data-package';
import { readRows } from './register-reader';
import { iso, isoOrNull } from './register-query';
import type { SubjectRequest } from './request';
import { RequestRegister } from './request-register';

/** Events read at once. */
const PAGE = 500;
/** Consents and requests that are listed. */
const LISTED = 1000;

/** Reads all that the log holds about one person, opened for that person. Who calls it has recorded why. */
@Injectable()
export class PersonReader {
  constructor(
    private readonly register: RequestRegister,
    private readonly ledger: ConsentLedger,
    private readonly reader: EventReader,
    private readonly revealer: Revealer,
    private readonly people: SubjectReferences,
    private readonly erasures: ErasureStore,
    @Inject(CLICKHOUSE) private readonly client: ClickHouseClient,
  ) {}

  /** What opens the events of a person; undefined if the key was destroyed. */
  async personOf(tenant: string, reference: string): Promise<PackagePerson | undefined> {
    if (!isReference(reference)) {
      const references = [reference, ...(await this.people.of(tenant, reference))];
      const keys = await this.revealer.people(tenant, references);
      return { references, id: reference, keys: new Map([...keys].map(([name, { key }]) => [name, key])) };
    }
    const id = (await this.revealer.people(tenant, [reference])).get(reference)?.id;
    if (id === undefined) return undefined;
    const references = [...new Set([reference, ...(await this.people.of(tenant, id))])];
    const keys = await this.revealer.people(tenant, references);
    return { references, id, keys: new Map([...keys].map(([name, { key }]) => [name, key])) };
  }

  /** All of the package for the person of a request, but the events. */
  async headOf(
    tenant: string,
    request: SubjectRequest,
    person: PackagePerson | undefined,
    now: number,
  ): Promise<PackageHead> {
    const references = [...(person?.references ?? [request.subject])];
    const filter = { asOf: now + 1, subjects: references };
    const [summary, erased, { consents }, { requests }] = await Promise.all([
      this.summaryOf(tenant, references, now),
      person ? null : this.erasureOf(tenant, request.subject),
      this.ledger.list(tenant, filter, LISTED),
      this.register.list(tenant, filter, LISTED),
    ]);
    return {
      ...{ format: 'mcp-audit-data-package/1', tenant, producedAt: iso(now) },
      request: { id: request.id, law: request.law, right: request.right, openedAt: iso(request.openedAt) },
      ...{ person: person?.id ?? null, references, erased, summary },
      consents: consents.map(({ purpose, state, changedAt, dataCategories }) => {
        return { purpose: purpose || null, state, changedAt: iso(changedAt), dataCategories };
      }),
      requests: requests.map(({ id, law, right, state, openedAt, closedAt }) => {
        return { id, law, right, state, openedAt: iso(openedAt), closedAt: isoOrNull(closedAt) };
      }),
    };
  }

  private async summaryOf(tenant: string, references: string[], now: number): Promise<PackageSummary> {
    const where = await this.reader.where(tenant, { personId: references, to: now + 1 });
    const different = (column: string) =>
      `arraySort(groupUniqArrayIf(100)(toString(${column}), ${column} != '' AND concerned))`;
    const time = (what: string) => `if(count() = 0, NULL, toUnixTimestamp64Milli(${what}(occurred_at)))`;
    type Row = Omit<PackageSummary, 'firstAt' | 'lastAt'> & { firstAt: number | null; lastAt: number | null };
    const [row] = await readRows<Row>(
      this.client,
      `SELECT count() AS events, countIf(actor IN {personId:Array(String)}) AS asActor, countIf(concerned) AS asSubject,
              ${time('min')} AS firstAt, ${time('max')} AS lastAt, ${different('purpose')} AS purposes,
              ${different('legal_basis')} AS legalBases, ${different('service')} AS services,
              arraySort(groupUniqArrayArrayIf(data_categories, concerned)) AS dataCategories,
              ${different('recipient')} AS recipients, if(count() = 0, NULL, toString(max(retain_until))) AS retainedUntil
       FROM
       (
           SELECT *, subject IN {personId:Array(String)} AS concerned,
                  if(event_type IN ('DATA_SHARED', 'DATA_EXPORTED'), JSONExtractString(envelope, 'details', 'recipient'), '') AS recipient
           FROM events WHERE ${where.sql}
       )`,
      where.params,
    );
    if (!row) throw new TypeError('an aggregate gave no row');
    return { ...row, firstAt: isoOrNull(row.firstAt), lastAt: isoOrNull(row.lastAt) };
  }

  private async erasureOf(tenant: string, reference: string): Promise<PackageHead['erased']> {
    const erasure = await this.erasures.ofReference(tenant, reference);
    return erasure ? { at: iso(erasure.requestedAt), erasureId: erasure.id } : null;
  }

  /** What the person did and what was done with the person's data up to a time; nothing of somebody who was erased. */
  async *events(
    tenant: string,
    person: PackagePerson | undefined,
    now: number,
    order: 'asc' | 'desc',
  ): AsyncGenerator<PackageEvent> {
    if (!person) return;
    let cursor: string | undefined;
    do {
      const filter = { personId: [...person.references], to: now + 1, order, limit: PAGE, cursor };
      const page = await this.reader.list(tenant, filter);
      for (const item of page.items) yield packageEvent(item, person);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }
}
