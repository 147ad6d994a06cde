import { Injectable } from '@nestjs/common';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { uuidV7 } from '../events/uuid';
import type { Delivery } from './delivery';
import { DeliveryQueue } from './delivery-queue';
import { DeliveryStore } from './delivery-store';
import { Notification, NotificationArchive } from './notification-archive';
import type { NotificationQuery } from './notification-query';
import { deliveryTo } from './plan';
import { targetsOf } from './recipient-group';
import { RecipientsService } from './recipients.service';

/** What became of notifications, and trying whether they would arrive. */
@Injectable()
export class NotificationsService {
  constructor(
    private readonly archive: NotificationArchive,
    private readonly store: DeliveryStore,
    private readonly queue: DeliveryQueue,
    private readonly recipients: RecipientsService,
    private readonly clock: Clock,
  ) {}

  /** Newest first; each as it is now, also if the log lags behind. */
  async list(tenant: string, query: NotificationQuery): Promise<{ items: Notification[]; nextCursor: string | null }> {
    const page = await this.archive.list(tenant, query);
    const current = new Map((await this.store.find(page.items.map(({ id }) => id))).map((d) => [d.id, d]));
    const items = page.items.map((item) => {
      const now = current.get(item.id);
      return now && now.revision > item.revision ? notificationOf(now) : item;
    });
    return { ...page, items: items.filter(({ state }) => !query.state || query.state.includes(state)) };
  }

  /** @throws AppError 404 */
  async get(tenant: string, id: string): Promise<Notification> {
    const current = await this.store.get(id);
    if (current?.tenant === tenant) return notificationOf(current);
    const found = await this.archive.get(tenant, id);
    if (!found) throw new AppError('NOTIFICATION_UNKNOWN', 404, `there is no notification ${id}`);
    return found;
  }

  /**
   * Sends a test to every address of a group, or of one of its channels, once, at any hour. What became of it is in the log.
   * @throws AppError 404 if there is no such group or channel
   */
  async test(caller: Principal, groupName: string, channelName: string | undefined): Promise<Notification[]> {
    const { tenant } = caller;
    const { group } = await this.recipients.get(tenant, groupName);
    const channels = group.channels.filter(({ name }) => channelName === undefined || name === channelName);
    if (channels.length === 0) {
      const which = channelName === undefined ? 'no channel' : `no channel ${channelName}`;
      throw new AppError('CHANNEL_UNKNOWN', 404, `${groupName} has ${which}`);
    }
    const tests: Delivery[] = [];
    for (const channel of channels) {
      for (const target of targetsOf(channel)) {
        const now = this.clock.now();
        tests.push({ ...deliveryTo(tenant, groupName, channel, target, now), id: uuidV7(now) });
      }
    }
    for (const one of tests) {
      await this.store.place(one);
      await this.queue.add(one.id);
    }
    return tests.map(notificationOf);
  }
}

function notificationOf({ transition, ...delivery }: Delivery): Notification {
  const { id, revision, kind, group, channel, type, destination, state, reason, attempts, digest } = delivery;
  const { at, createdAt, updatedAt, dueAt, sentAt } = delivery;
  return {
    ...{ id, revision, kind, group, channel, type, destination, state, reason, attempts, digest },
    ...{ at, createdAt, updatedAt, dueAt, sentAt },
    alertId: transition?.alert.id ?? null,
    ruleId: transition?.alert.ruleId ?? null,
    severity: transition?.alert.severity ?? null,
  };
}
