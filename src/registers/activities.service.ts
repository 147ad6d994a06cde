import { Injectable } from '@nestjs/common';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { SelfAudit } from '../ingest/self-audit';
import type { Activity, DeclaredActivity } from './activity';
import { ActivityRegister } from './activity-register';
import { RegisterActs } from './register-acts';

/** Keeps the record of processing activities. Every change is a new version and an event. */
@Injectable()
export class ActivitiesService {
  constructor(
    private readonly register: ActivityRegister,
    private readonly acts: RegisterActs,
    private readonly audit: SelfAudit,
    private readonly clock: Clock,
  ) {}

  /** All versions, newest first. @throws AppError 404 if it is not in force */
  async versions(tenant: string, id: string): Promise<[DeclaredActivity, ...DeclaredActivity[]]> {
    const [newest, ...older] = await this.register.versions(tenant, id);
    if (!newest || newest.deleted) throw unknown(id);
    return [newest, ...older];
  }

  /**
   * Declares an activity, or puts another declaration in its place.
   * @param expected the version that the caller has seen; 0: none
   * @throws AppError 409 if it has another version by now
   */
  put(caller: Principal, id: string, declared: Activity, expected: number | undefined): Promise<DeclaredActivity> {
    return this.change(caller, id, (current) => {
      const version = current?.deleted === false ? current.version : 0;
      if (expected === undefined || expected === version) return { declared, deleted: false };
      throw new AppError(
        'ACTIVITY_CHANGED',
        409,
        `version: ${id} has version ${version} by now; read it again and repeat the change`,
      );
    });
  }

  /** It goes on no more; its versions stay. @throws AppError 404 */
  remove(caller: Principal, id: string): Promise<DeclaredActivity> {
    return this.change(caller, id, (current) => {
      if (!current || current.deleted) throw unknown(id);
      return { declared: current.declared, deleted: true };
    });
  }

  private change(
    caller: Principal,
    id: string,
    next: (current: DeclaredActivity | undefined) => Pick<DeclaredActivity, 'declared' | 'deleted'>,
  ): Promise<DeclaredActivity> {
    const { tenant } = caller;
    return this.acts.inTurn(tenant, async () => {
      const [current] = await this.register.versions(tenant, id);
      const made: DeclaredActivity = {
        ...{ id, version: (current?.version ?? 0) + 1, ...next(current) },
        ...{ changedBy: `apikey:${caller.keyId}`, changedAt: this.clock.now() },
      };
      // The record comes before the change: there is no change without its record.
      await this.audit.record(
        tenant,
        {
          eventType: 'AUDIT_ACTIVITY_CHANGED',
          description: `The processing activity ${id} was ${made.deleted ? 'taken from the record' : 'declared'}`,
          context: { resourceType: 'processing-activity', resourceId: id },
          details: { version: made.version, name: made.declared.name, deleted: made.deleted },
          changes: {
            ...(current && !current.deleted && { before: current.declared }),
            ...(!made.deleted && { after: made.declared }),
          },
        },
        caller,
      );
      await this.register.add(tenant, made);
      return made;
    });
  }
}

const unknown = (id: string) => new AppError('ACTIVITY_UNKNOWN', 404, `there is no processing activity ${id} here`);
