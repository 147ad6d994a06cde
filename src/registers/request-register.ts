import type { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { CasePlace, eachCase, readCases } from './cases';
import { readKeyset, writeKeyset } from './keyset';
import { foldRequest, Law, REQUEST_CASES, RequestState, Right, SubjectRequest } from './request';

export interface RequestFilter {
  /** The register as it was before this time, ms since the epoch. */
  asOf: number;
  /** IANA zone in which days are counted; that of each law if absent. */
  zone?: string | undefined;
  law?: readonly Law[] | undefined;
  right?: readonly Right[] | undefined;
  state?: readonly RequestState[] | undefined;
  overdue?: boolean | undefined;
  /** References of people. */
  subjects?: readonly string[] | undefined;
  /** Opened at or after the one and before the other, ms. */
  from?: number | undefined;
  to?: number | undefined;
}

/** Requests of data subjects, from the events GDPR_REQUEST, LGPD_REQUEST and DATA_SUBJECT_REQUEST_COMPLETED. */
@Injectable()
export class RequestRegister {
  constructor(@Inject(CLICKHOUSE) private readonly client: ClickHouseClient) {}

  /** All that a filter chooses, newest first. */
  async *each(tenant: string, filter: RequestFilter, behind?: CasePlace): AsyncGenerator<SubjectRequest> {
    const cases = eachCase(
      this.client,
      tenant,
      REQUEST_CASES,
      {
        asOf: filter.asOf,
        opening: filter.law?.map((law) => (law === 'gdpr' ? 'GDPR_REQUEST' : 'LGPD_REQUEST')),
        ...{ subjects: filter.subjects, openedFrom: filter.from, openedTo: filter.to },
      },
      behind,
    );
    for await (const found of cases) {
      const request = foldRequest(found, filter.zone, filter.asOf);
      if (matches(request, filter)) yield request;
    }
  }

  /** One page of `each`. @throws AppError 400 for a cursor that is none */
  async list(
    tenant: string,
    filter: RequestFilter,
    limit: number,
    cursor?: string,
  ): Promise<{ requests: SubjectRequest[]; nextCursor: string | null }> {
    const [openedAt, id] = cursor === undefined ? [] : readKeyset(cursor, 2);
    const behind = openedAt === undefined || id === undefined ? undefined : { openedAt, id };
    const requests: SubjectRequest[] = [];
    for await (const request of this.each(tenant, filter, behind)) {
      if (requests.length === limit) {
        const last = requests.at(-1);
        return { requests, nextCursor: last ? writeKeyset([last.openedAt, last.id]) : null };
      }
      requests.push(request);
    }
    return { requests, nextCursor: null };
  }

  async find(
    tenant: string,
    id: string,
    { asOf, zone }: { asOf: number; zone?: string | undefined },
  ): Promise<SubjectRequest | undefined> {
    const [found] = await readCases(this.client, tenant, REQUEST_CASES, { asOf, ids: [id] }, 1);
    return found && foldRequest(found, zone, asOf);
  }
}

const matches = (request: SubjectRequest, { law, right, state, overdue }: RequestFilter): boolean =>
  (law?.includes(request.law) ?? true) &&
  (right?.includes(request.right) ?? true) &&
  (state?.includes(request.state) ?? true) &&
  (overdue === undefined || overdue === request.overdue);
