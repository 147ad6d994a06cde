import { Inject, Injectable } from '@nestjs/common';
import type { AlertTransition } from '../alerts/transition';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { AlertSteps } from './alert-steps';
import { ChannelMetrics } from './channel-metrics';
import { Delivery, digestIdOf } from './delivery';
import { DeliveryQueue } from './delivery-queue';
import { DeliveryStore } from './delivery-store';
import { planDeliveries } from './plan';
import { isForPeople } from './recipient-group';
import { RecipientStore } from './recipient-store';

/** Turns steps of alerts into messages on their way. Doing so twice for the same step changes nothing. */
@Injectable()
export class Dispatcher {
  constructor(
    private readonly recipients: RecipientStore,
    private readonly store: DeliveryStore,
    private readonly queue: DeliveryQueue,
    private readonly steps: AlertSteps,
    private readonly metrics: ChannelMetrics,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Resolves when every message that follows from the step is on record and on its way. */
  async dispatch(transition: AlertTransition): Promise<void> {
    await this.steps.publish(transition);
    const groups = await this.recipients.load(transition.tenant);
    for (const planned of planDeliveries(transition, groups, this.clock.now())) {
      const placed = await this.place(planned);
      // A crash may have come between the record and the queue.
      if (placed.state === 'queued') await this.queue.add(placed.id);
      if (placed.state === 'skipped') this.metrics.count(placed, 'skipped', this.clock.now());
    }
  }

  /** Sends out the digests whose time has come; returns how many. */
  async sendDigests(): Promise<number> {
    const due = await this.store.dueDigests(this.clock.now());
    for (const id of due) await this.queue.add(id);
    return due.length;
  }

  private async place(planned: Delivery): Promise<Delivery> {
    let wanted = planned.state === 'queued' ? await this.unlessFlooded(planned) : planned;
    for (;;) {
      if (wanted.state !== 'held' || wanted.dueAt === null) return this.store.place(wanted);
      const digest = digestFor(wanted, wanted.dueAt, this.clock.now());
      const placed = await this.store.placeInto({ ...wanted, digest: digest.id }, digest);
      if (placed) return placed;
      // That digest went out in this very moment.
      wanted = { ...planned, state: 'queued', dueAt: null, reason: null };
    }
  }

  /** The first so many messages of a window go by themselves, the others together at its end. */
  private async unlessFlooded(planned: Delivery): Promise<Delivery> {
    if (planned.type === 'none' || !isForPeople(planned.type)) return planned;
    const { flood, floodWindowMs } = this.config.notify;
    const now = this.clock.now();
    const rank = await this.store.rank(planned.target, planned.id, now, floodWindowMs);
    if (rank < flood) return planned;
    const dueAt = (Math.floor(now / floodWindowMs) + 1) * floodWindowMs;
    return { ...planned, state: 'held', dueAt, reason: `more than ${flood} within ${floodWindowMs / 60_000} minutes` };
  }
}

/** The message that tells at once of all that waits for `dueAt` at the same address. */
function digestFor(waiting: Delivery, dueAt: number, now: number): Delivery {
  const { tenant, type, target } = waiting;
  return {
    ...waiting,
    id: digestIdOf(tenant, type, target, dueAt),
    kind: 'digest',
    at: now,
    createdAt: now,
    updatedAt: now,
    digest: null,
    transition: null,
  };
}
