import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { uuidV7 } from '../events/uuid';
import { SelfAudit } from '../ingest/self-audit';
import { withLock } from '../redis/redis-lock';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { periodBefore } from './period';
import { ReportStatus, ReportsService } from './reports.service';
import { Schedule, ScheduleRecord } from './schedule';
import { ScheduleStore } from './schedule-store';

const LOCK_WAIT_MS = 5000;

/** Keeps schedules. Every change is a new version and an event in the log. */
@Injectable()
export class SchedulesService {
  constructor(
    private readonly store: ScheduleStore,
    private readonly reports: ReportsService,
    private readonly selfAudit: SelfAudit,
    private readonly clock: Clock,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  list(tenant: string): Promise<ScheduleRecord[]> {
    return this.store.list(tenant);
  }

  /** @throws AppError 404 */
  async get(tenant: string, name: string): Promise<ScheduleRecord> {
    return inForce(await this.store.newest(tenant, name), name);
  }

  /** @throws AppError 409 if there is one of this name */
  create(caller: Principal, name: string, schedule: Schedule): Promise<ScheduleRecord> {
    return this.change(caller, name, 'created', (current) => {
      if (!current || current.deleted) return { schedule, deleted: false };
      throw new AppError(
        'SCHEDULE_EXISTS',
        409,
        `there is a schedule ${name} already; change it, or take another name`,
      );
    });
  }

  /** @throws AppError 404 */
  replace(caller: Principal, name: string, schedule: Schedule): Promise<ScheduleRecord> {
    return this.change(caller, name, 'changed', (current) => {
      inForce(current, name);
      return { schedule, deleted: false };
    });
  }

  /** Reports that it has made stay. @throws AppError 404 */
  remove(caller: Principal, name: string): Promise<ScheduleRecord> {
    return this.change(caller, name, 'deleted', (current) => ({
      schedule: inForce(current, name).schedule,
      deleted: true,
    }));
  }

  /** Makes and mails the report that would be due now, beside those by schedule. @throws AppError 404 */
  async run(caller: Principal, name: string): Promise<ReportStatus> {
    const record = await this.get(caller.tenant, name);
    const now = this.clock.now();
    return this.reports.start(caller.tenant, uuidV7(now), orderOf(record, now, `apikey:${caller.keyId}`), now);
  }

  private async change(
    caller: Principal,
    name: string,
    what: 'created' | 'changed' | 'deleted',
    next: (current: ScheduleRecord | undefined) => Pick<ScheduleRecord, 'schedule' | 'deleted'>,
  ): Promise<ScheduleRecord> {
    const { tenant, keyId } = caller;
    const record = await withLock(this.redis, this.keys.scheduleLock(tenant), LOCK_WAIT_MS, async () => {
      const current = await this.store.newest(tenant, name);
      const made: ScheduleRecord = {
        ...{ tenant, name, ...next(current), version: (current?.version ?? 0) + 1 },
        ...{ changedBy: `apikey:${keyId}`, changedAt: this.clock.now() },
      };
      await this.store.add(made);
      return made;
    });
    const { regulation, cron, timeZone, period, groups, mail, enabled } = record.schedule;
    await this.selfAudit.record(
      tenant,
      {
        eventType: 'AUDIT_SCHEDULE_CHANGED',
        description: `Report schedule ${name} was ${what}`,
        context: { resourceType: 'report_schedule', resourceId: name },
        details: {
          ...{ version: record.version, regulation, cron, timeZone, period, enabled },
          ...{ groups: groups.join(','), addresses: mail.length },
        },
      },
      caller,
    );
    return record;
  }
}

/** What a run of a schedule asks for that is due at `dueAt` (ms). */
export function orderOf({ name, schedule }: ScheduleRecord, dueAt: number, createdBy: string) {
  const { regulation, timeZone, language, formats, groups, mail, period } = schedule;
  return {
    request: { regulation, timeZone, language, formats, ...periodBefore(dueAt, period, timeZone) },
    recipients: { groups, mail },
    schedule: name,
    createdBy,
  };
}

function inForce(record: ScheduleRecord | undefined, name: string): ScheduleRecord {
  if (record && !record.deleted) return record;
  throw new AppError('SCHEDULE_UNKNOWN', 404, `there is no schedule ${name}`);
}
