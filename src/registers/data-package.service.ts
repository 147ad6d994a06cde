import { Readable } from 'node:stream';
import type { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../access/principal';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { SelfAudit } from '../ingest/self-audit';
import { Revealer } from '../keys/revealer';
import { isReference } from '../keys/subject-record';
import { SubjectReferences } from '../privacy/subject-references';
import { PdfRenderer } from '../reports/pdf-renderer';
import { EventReader } from '../search/event-reader';
import { ConsentLedger } from './consent-ledger';
import { PackageEvent, packageEvent, PackageHead, PackagePerson, PackageSummary, packageText } from './data-package';
import { packageHtml, PackageLanguage } from './data-package-html';
import { readRows } from './register-reader';
import { iso, isoOrNull } from './register-query';
import { RIGHTS_TO_DATA, SubjectRequest } from './request';
import { RequestRegister } from './request-register';
import { RequestsService } from './requests.service';

/** Events read at once. */
const PAGE = 500;
/** Events that a PDF lists, the newest; the JSON has all. */
const PDF_EVENTS = 2000;
/** Consents and requests that are listed. */
const LISTED = 1000;

export interface DataPackage {
  fileName: string;
  contentType: string;
  body: Readable | Buffer;
}

/** Puts together all that the log holds about one person, for that person. */
@Injectable()
export class DataPackages {
  constructor(
    private readonly requests: RequestsService,
    private readonly register: RequestRegister,
    private readonly ledger: ConsentLedger,
    private readonly reader: EventReader,
    private readonly revealer: Revealer,
    private readonly people: SubjectReferences,
    private readonly pdf: PdfRenderer,
    private readonly audit: SelfAudit,
    private readonly clock: Clock,
    @Inject(CLICKHOUSE) private readonly client: ClickHouseClient,
  ) {}

  /**
   * The package for the person of a request. It is recorded before its first byte.
   * @throws AppError 404; 409 for a request about another right; 503 if it cannot be read, recorded or rendered now
   */
  async produce(
    caller: Principal,
    requestId: string,
    format: 'json' | 'pdf',
    language: PackageLanguage,
  ): Promise<DataPackage> {
    const { tenant } = caller;
    const request = await this.requests.get(tenant, requestId, undefined);
    if (!RIGHTS_TO_DATA.includes(request.right)) throw wrongRight(request);
    const person = await this.personOf(tenant, request.subject);
    const now = this.clock.now();
    const head = await this.headOf(tenant, request, person, now);
    await this.record(caller, request, head, format);
    const fileName = `data-package-${request.id.replace(/[^\w.-]/g, '_')}.${format}`;
    if (format === 'json') {
      const events = person ? this.events(tenant, person, now, 'asc') : none();
      return { fileName, contentType: 'application/json', body: Readable.from(packageText(head, events)) };
    }
    const shown: PackageEvent[] = [];
    for await (const event of person ? this.events(tenant, person, now, 'desc') : none()) {
      if (shown.push(event) === PDF_EVENTS) break;
    }
    const html = packageHtml(head, shown, language);
    return { fileName, contentType: 'application/pdf', body: await this.pdf.render(() => html) };
  }

  /** What opens the events of a person; undefined if the key was destroyed. */
  private async personOf(tenant: string, reference: string): Promise<PackagePerson | undefined> {
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

  private async headOf(
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
    const [row] = await readRows<{ id: string; at: number }>(
      this.client,
      `SELECT toString(id) AS id, toUnixTimestamp64Milli(requested_at) AS at FROM erasures FINAL
       WHERE tenant = {tenant:String} AND has(references, {reference:String}) ORDER BY requested_at LIMIT 1`,
      { tenant, reference },
    );
    return row ? { at: iso(row.at), erasureId: row.id } : null;
  }

  private async *events(
    tenant: string,
    person: PackagePerson,
    now: number,
    order: 'asc' | 'desc',
  ): AsyncGenerator<PackageEvent> {
    let cursor: string | undefined;
    do {
      const filter = { personId: [...person.references], to: now + 1, order, limit: PAGE, cursor };
      const page = await this.reader.list(tenant, filter);
      for (const item of page.items) yield packageEvent(item, person);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  private async record(caller: Principal, request: SubjectRequest, head: PackageHead, format: string): Promise<void> {
    await this.audit.record(
      caller.tenant,
      {
        eventType: 'AUDIT_DATA_PACKAGE',
        description: 'All that the log holds about a person was put together for a request',
        subjectId: request.subject,
        context: { resourceType: 'request', resourceId: request.id },
        details: { requestId: request.id, format, events: head.summary.events, erased: head.erased !== null },
        recordCount: head.summary.events,
      },
      caller,
    );
  }
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* none(): AsyncGenerator<PackageEvent> {
  yield* [];
}

function wrongRight({ id, right }: SubjectRequest): AppError {
  return new AppError(
    'REQUEST_RIGHT',
    409,
    `the request ${id} uses the right "${right}"; a data package answers requests for ${RIGHTS_TO_DATA.join(', ')}`,
  );
}
