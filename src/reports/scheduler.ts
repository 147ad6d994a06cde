import { BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { Redis } from 'ioredis';
import { Clock } from '../common/clock';
import { derivedUuidV7 } from '../events/uuid';
import { Leadership } from '../redis/leadership';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { ReportStore } from './report-store';
import { ReportsService } from './reports.service';
import { ScheduleRecord } from './schedule';
import { dueRun } from './schedule-times';
import { ScheduleStore } from './schedule-store';
import { orderOf } from './schedules.service';

const TICK_MS = 5000;
const LEASE_MS = 60_000;

/**
 * Starts the reports that are due, in one worker. The id of a run's report follows from the schedule and the time it was due, so
 * that each run gives one report, whoever starts it and how often; a run that was missed is found by its report not being there.
 */
@Injectable()
export class Scheduler implements BeforeApplicationShutdown {
  private readonly log = new Logger('Schedules');
  private readonly leadership: Leadership;
  private running: Promise<void> | undefined;

  constructor(
    private readonly schedules: ScheduleStore,
    private readonly store: ReportStore,
    private readonly reports: ReportsService,
    private readonly clock: Clock,
    @Inject(REDIS) redis: Redis,
    keys: RedisKeys,
  ) {
    this.leadership = new Leadership(redis, { leader: keys.scheduleLeader(), fence: keys.scheduleFence() }, LEASE_MS);
  }

  @Interval(TICK_MS)
  protected tick(): void {
    this.running ??= this.runDue()
      .catch((error: Error) => this.log.warn(`schedules were not looked at, and will be: ${error.message}`))
      .finally(() => (this.running = undefined));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.running;
    await this.leadership.release().catch((error: Error) => this.log.debug(error.message));
  }

  /** Starts what is due now. */
  async runDue(): Promise<void> {
    if ((await this.leadership.take()) === undefined) return;
    for (const record of await this.schedules.enabled()) await this.start(record);
  }

  private async start(record: ScheduleRecord): Promise<void> {
    const { tenant, name, schedule, changedAt } = record;
    const dueAt = dueRun(schedule.cron, schedule.timeZone, changedAt, this.clock.now());
    if (dueAt === undefined) return;
    const id = derivedUuidV7(`report of schedule ${tenant} ${name} ${dueAt}`, dueAt);
    if (await this.store.find(tenant, id)) return;
    this.log.log(`schedule ${name} of ${tenant}, due at ${new Date(dueAt).toISOString()}, is run`);
    await this.reports.start(tenant, id, orderOf(record, dueAt, `schedule:${name}`), dueAt);
  }
}
