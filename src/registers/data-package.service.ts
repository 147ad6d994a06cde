import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { SelfAudit } from '../ingest/self-audit';
import { PdfRenderer } from '../reports/pdf-renderer';
import { PackageEvent, PackageHead, packageText } from './data-package';
import { packageHtml, PackageLanguage } from './data-package-html';
import { PersonReader } from './person-reader';
import { RIGHTS_TO_DATA, SubjectRequest } from './request';
import { RequestsService } from './requests.service';

/** Events that a PDF lists, the newest; the JSON has all. */
const PDF_EVENTS = 2000;

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
    private readonly persons: PersonReader,
    private readonly pdf: PdfRenderer,
    private readonly audit: SelfAudit,
    private readonly clock: Clock,
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
    const person = await this.persons.personOf(tenant, request.subject);
    const now = this.clock.now();
    const head = await this.persons.headOf(tenant, request, person, now);
    await this.record(caller, request, head, format);
    const fileName = `data-package-${request.id.replace(/[^\w.-]/g, '_')}.${format}`;
    if (format === 'json') {
      const events = this.persons.events(tenant, person, now, 'asc');
      return { fileName, contentType: 'application/json', body: Readable.from(packageText(head, events)) };
    }
    const shown: PackageEvent[] = [];
    for await (const event of this.persons.events(tenant, person, now, 'desc')) {
      if (shown.push(event) === PDF_EVENTS) break;
    }
    const html = packageHtml(head, shown, language);
    return { fileName, contentType: 'application/pdf', body: await this.pdf.render(() => html) };
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

function wrongRight({ id, right }: SubjectRequest): AppError {
  return new AppError(
    'REQUEST_RIGHT',
    409,
    `the request ${id} uses the right "${right}"; a data package answers requests for ${RIGHTS_TO_DATA.join(', ')}`,
  );
}
