import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { EVENT_TYPES } from '../events/event-types';
import { uuidV7 } from '../events/uuid';
import { OwnAct, SelfAudit } from '../ingest/self-audit';
import { LedgerHeads } from '../privacy/ledger-heads';
import { SubjectReferences } from '../privacy/subject-references';
import { NotYet, until } from '../privacy/until';
import { withLock } from '../redis/redis-lock';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import type { CaseStep } from './cases';

const LOCK_WAIT_MS = 20_000;
/** How long the next act waits for the one before to be stored, ms. */
const STORE_WAIT_MS = 15_000;

/** Does what officers decide: an event in the log is all that an act leaves behind. */
@Injectable()
export class RegisterActs {
  constructor(
    private readonly audit: SelfAudit,
    private readonly heads: LedgerHeads,
    private readonly people: SubjectReferences,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Acts on the registers of a tenant come one after the other, each judged by what those before it left. @throws AppError 503 */
  inTurn<T>(tenant: string, work: () => Promise<T>): Promise<T> {
    return withLock(this.redis, this.keys.registerLock(tenant), LOCK_WAIT_MS, work);
  }

  /**
   * Records an act durably and waits, for a while, until registers show it. Gives it as they will show it.
   * @throws AppError 503 if the buffer is away: then nothing was done
   */
  async record(caller: Principal, act: OwnAct): Promise<CaseStep> {
    const now = this.clock.now();
    const occurredAt = act.occurredAt ?? new Date(now).toISOString();
    const id = await this.audit.record(caller.tenant, { id: uuidV7(now), ...act, occurredAt }, caller);
    try {
      const stored = async () => (await this.heads.leafOf(caller.tenant, id)) !== undefined;
      await until('the act to be stored', Date.now() + STORE_WAIT_MS, stored);
    } catch (error) {
      // It is durable all the same, and comes to the registers with the other events that wait.
      if (!(error instanceof NotYet)) throw error;
    }
    return {
      ...{ at: Date.parse(occurredAt), eventId: id, eventType: act.eventType, description: act.description },
      outcome: act.outcome ?? EVENT_TYPES.get(act.eventType)?.outcome ?? 'unknown',
      ...{ actor: `apikey:${caller.keyId}`, subject: act.subjectId ?? '', service: 'mcp-audit' },
      details: act.details ?? {},
    };
  }

  /** What stands for a person in events; somebody not known yet gets a reference now. @throws AppError 404, 503 */
  async referenceOf(tenant: string, id: string): Promise<string> {
    if (!this.config.encryption.enabled) return id;
    const [reference] = await this.people.ensure(tenant, id);
    if (reference !== undefined) return reference;
    throw new AppError('SUBJECT_UNKNOWN', 404, 'subjectId: there is no such data subject here, or it was erased');
  }

  /** When something happened that somebody records now. @throws AppError 422 for the future */
  pastTime(field: string, time: string | undefined): string {
    const now = this.clock.now();
    const ms = time === undefined ? now : Date.parse(time);
    if (ms <= now) return new Date(ms).toISOString();
    const message = 'must not lie in the future';
    throw new AppError('TIME_IN_FUTURE', 422, `${field} ${message}`, { problems: [{ path: field, message }] });
  }
}
