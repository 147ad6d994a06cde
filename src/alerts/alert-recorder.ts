import { BeforeApplicationShutdown, Inject, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { Config, CONFIG } from '../config/config';
import type { EventTypeName } from '../events/event-types';
import { derivedUuidV7 } from '../events/uuid';
import { SelfAudit } from '../ingest/self-audit';
import { connectRedis } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { SYSTEM } from './alert';
import { AlertArchive } from './alert-archive';
import { AlertStore } from './alert-store';
import { ALERTS_QUEUE, alertTransition, AlertTransition, transitionJobOptions } from './transition';

const EVERY_MS = 200;
/** How long what runs may go on when the process is to end. */
const PATIENCE_MS = 3000;
const SAVED_AT_ONCE = 500;
const TOLD_AT_ONCE = 100;

const EVENT_OF: Record<AlertTransition['kind'], EventTypeName> = {
  opened: 'AUDIT_ALERT_OPENED',
  escalated: 'AUDIT_ALERT_ESCALATED',
  acknowledged: 'AUDIT_ALERT_ACKNOWLEDGED',
  resolved: 'AUDIT_ALERT_RESOLVED',
  reopened: 'AUDIT_ALERT_REOPENED',
  commented: 'AUDIT_ALERT_COMMENTED',
  assigned: 'AUDIT_ALERT_ASSIGNED',
};

/**
 * Carries what happened to alerts from Redis to where it has to be known: the archive in ClickHouse, the log of the tenant,
 * and the queue of the channels. Each of these takes the same thing twice without harm, so it does not matter where a crash
 * falls, nor how many processes do this at the same time.
 */
@Injectable()
export class AlertRecorder implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('AlertRecorder');
  private readonly connection: Redis;
  private readonly queue: Queue;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly store: AlertStore,
    private readonly archive: AlertArchive,
    private readonly selfAudit: SelfAudit,
    keys: RedisKeys,
    @Inject(CONFIG) config: Config,
  ) {
    this.connection = connectRedis(config, { blocking: true });
    this.queue = new Queue(ALERTS_QUEUE, { connection: this.connection, prefix: keys.prefix, skipVersionCheck: true });
    this.queue.on('error', (error) => this.log.warn(`queue: ${error.message}`));
  }

  onApplicationBootstrap(): void {
    const next = () => {
      this.timer = setTimeout(() => {
        this.running = this.run()
          .catch((error: Error) => this.log.warn(`alerts wait to be recorded: ${error.message}`))
          .then(() => (this.stopped ? undefined : next()));
      }, EVERY_MS);
    };
    next();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    // Where Redis is away, the queue would wait for it; what was not told yet is told by the next process.
    const patience = setTimeout(() => this.connection.disconnect(), PATIENCE_MS);
    await this.running;
    await this.queue.close();
    clearTimeout(patience);
    this.connection.disconnect();
  }

  /** Records all that waits. */
  async run(): Promise<void> {
    // Both end, whatever becomes of the other: a failure that nobody waits for would end the process.
    const outcomes = await Promise.allSettled([this.tellAll(), this.saveAll()]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  private async saveAll(): Promise<void> {
    for (;;) {
      const members = await this.store.unsaved(SAVED_AT_ONCE);
      const alerts = (await Promise.all(members.map(({ tenant, id }) => this.store.get(tenant, id)))).filter(
        (alert) => alert !== undefined,
      );
      await this.archive.save(alerts);
      for (const alert of alerts) await this.store.saved(alert);
      // Those that are not in Redis any more were saved before they went.
      for (const gone of members.filter(({ id }) => !alerts.some((alert) => alert.id === id))) {
        await this.store.saved({ ...gone, revision: 0 });
      }
      if (members.length < SAVED_AT_ONCE) return;
    }
  }

  private async tellAll(): Promise<void> {
    for (;;) {
      const entries = await this.store.outbox(TOLD_AT_ONCE);
      // Alerts do not wait for each other, so that their events share batches; the steps of one stay in their order.
      const steps = new Map<string, { entry: string; transition: AlertTransition }[]>();
      for (const { entry, transition: text } of entries) {
        const transition = alertTransition.parse(JSON.parse(text));
        const earlier = steps.get(transition.alert.id) ?? [];
        steps.set(transition.alert.id, [...earlier, { entry, transition }]);
      }
      const told = await Promise.allSettled([...steps.values()].map((ofAlert) => this.tellInOrder(ofAlert)));
      for (const one of told) if (one.status === 'rejected') throw one.reason;
      if (entries.length < TOLD_AT_ONCE) return;
    }
  }

  private async tellInOrder(steps: readonly { entry: string; transition: AlertTransition }[]): Promise<void> {
    for (const { entry, transition } of steps) {
      await this.tell(transition);
      await this.store.told(entry);
    }
  }

  private async tell(transition: AlertTransition): Promise<void> {
    const { id, kind, tenant, at, by, alert } = transition;
    await this.queue.add(kind, transition, transitionJobOptions(transition));
    await this.selfAudit.record(tenant, {
      id: derivedUuidV7(`alert transition ${tenant} ${id}`, at),
      eventType: EVENT_OF[kind],
      occurredAt: new Date(at).toISOString(),
      description: `Alert of rule ${alert.ruleId} was ${kind}: ${alert.summary}`.slice(0, 1000),
      severity: kind === 'opened' || kind === 'escalated' ? alert.severity : 'low',
      context: { resourceType: 'alert', resourceId: alert.id, ...(by !== SYSTEM && { userId: by }) },
      details: {
        ruleId: alert.ruleId,
        severity: alert.severity,
        status: alert.status,
        counter: alert.counter,
        group: alert.group,
        firstHitAt: new Date(alert.firstHitAt).toISOString(),
        ...(kind === 'escalated' && { level: alert.escalationLevel }),
      },
    });
  }
}
