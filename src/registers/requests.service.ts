import { Injectable } from '@nestjs/common';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { uuidV7 } from '../events/uuid';
import { refuseName } from '../privacy/subject-references';
import type { CaseStep } from './cases';
import { RegisterActs } from './register-acts';
import { foldRequest, Law, RequestMove, Right, SubjectRequest } from './request';
import { RequestRegister } from './request-register';

export interface NewRequest {
  /** Makes opening it twice harmless. */
  requestId?: string | undefined;
  law: Law;
  right: Right;
  subjectId: string;
  /** When it came in; default: now. */
  receivedAt?: string | undefined;
  /** How it came in: mail, form … */
  channel?: string | undefined;
  note?: string | undefined;
}

/** What somebody does with an open request, and why. */
export interface RequestAct {
  move: Exclude<RequestMove, 'opened' | 'noted'>;
  note?: string | undefined;
}

type Zone = string | undefined;

/** Opens requests of data subjects and deals with them; every act is an event. */
@Injectable()
export class RequestsService {
  constructor(
    private readonly register: RequestRegister,
    private readonly acts: RegisterActs,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError 404 */
  async get(tenant: string, id: string, zone: Zone, asOf = this.clock.now() + 1): Promise<SubjectRequest> {
    const request = await this.register.find(tenant, id, { asOf, zone });
    if (!request) throw new AppError('REQUEST_UNKNOWN', 404, `there is no request ${id} here`);
    return request;
  }

  /**
   * @returns the request as it stands, also if it was opened before with the same particulars
   * @throws AppError 409 if there is another one of that id; 422 if a text names the person
   */
  async open(caller: Principal, input: NewRequest, zone: Zone): Promise<SubjectRequest> {
    const { tenant } = caller;
    const { law, right, channel, note } = input;
    const requestId = input.requestId ?? uuidV7(this.clock.now());
    refuseName(input.subjectId, { requestId, channel: channel ?? '', note: note ?? '' });
    const occurredAt = this.acts.pastTime('receivedAt', input.receivedAt);
    return this.acts.inTurn(tenant, async () => {
      const known = await this.register.find(tenant, requestId, { asOf: this.clock.now() + 1, zone });
      const subjectId = await this.acts.referenceOf(tenant, input.subjectId);
      if (known) {
        if (known.law === law && known.right === right && known.subject === subjectId) return known;
        throw new AppError(
          'REQUEST_EXISTS',
          409,
          `requestId: ${requestId} is another request; give this one another id`,
        );
      }
      const step = await this.acts.record(caller, {
        eventType: law === 'gdpr' ? 'GDPR_REQUEST' : 'LGPD_REQUEST',
        description: `A data subject used the right: ${right}`,
        ...{ occurredAt, subjectId },
        context: { resourceType: 'request', resourceId: requestId },
        details: { requestId, right, status: 'opened', ...(channel && { channel }), ...(note && { note }) },
      });
      return this.folded(requestId, [step], zone);
    });
  }

  /** @throws AppError 404; 409 if it is closed, or cannot be extended */
  async act(caller: Principal, id: string, { move, note }: RequestAct, zone: Zone): Promise<SubjectRequest> {
    return this.acts.inTurn(caller.tenant, async () => {
      const before = await this.get(caller.tenant, id, zone);
      const problem = problemOf(before, move, this.clock.now());
      if (problem) throw new AppError('REQUEST_STATE', 409, problem);
      const opening = before.law === 'gdpr' ? 'GDPR_REQUEST' : 'LGPD_REQUEST';
      const step = await this.acts.record(caller, {
        eventType: move === 'extended' ? opening : 'DATA_SUBJECT_REQUEST_COMPLETED',
        description: `A request of a data subject was ${move}`,
        outcome: move === 'refused' ? 'denied' : 'success',
        subjectId: before.subject,
        context: { resourceType: 'request', resourceId: id },
        details: { requestId: id, right: before.right, regulation: before.law, status: move, ...(note && { note }) },
      });
      return this.folded(id, [...before.steps, step], zone);
    });
  }

  private folded(id: string, steps: CaseStep[], zone: Zone): SubjectRequest {
    return foldRequest({ id, openedAt: steps[0]?.at ?? 0, steps }, zone, this.clock.now());
  }
}

/** Why a request cannot be dealt with in this way now. */
function problemOf(request: SubjectRequest, move: RequestAct['move'], now: number): string | undefined {
  const { id, state, law, extended, closedAt, due } = request;
  if (state !== 'open') {
    return `the request ${id} was ${state} on ${new Date(closedAt ?? 0).toISOString()}; that is final, open a new one`;
  }
  if (move !== 'extended') return undefined;
  if (law === 'lgpd') return `the LGPD knows no extension; answer ${id} by ${due.lastDay}`;
  if (extended) return `the request ${id} is extended already, until ${due.lastDay}`;
  return now >= due.end ? `the request ${id} was due on ${due.lastDay}: it is too late to extend it` : undefined;
}
