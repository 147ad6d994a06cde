import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { derivedUuidV7 } from '../events/uuid';
import { SelfAudit } from '../ingest/self-audit';
import { ChannelMetrics } from './channel-metrics';
import { Delivery, isFinal } from './delivery';
import { DeliveryStore } from './delivery-store';
import { targetName } from './plan';
import { Channel, targetsOf } from './recipient-group';
import { RecipientStore } from './recipient-store';
import { DeliveryError, nextAttempt } from './retry';
import { RATE_PER_MINUTE, Sender } from './sender';

/**
 * Brings messages to whom they are for. A message that was taken is not sent again once that is on record. Between the two a
 * process can die, or the receiver's answer can get lost; then the message is sent a second time, with the same Message-ID,
 * `webhook-id` or `dedup_key`, and not a third. It is never the other way round, that none is sent.
 */
@Injectable()
export class Deliverer {
  private readonly log = new Logger('Notifications');
  /** What was sent but could not be noted yet. */
  private readonly taken = new Map<string, string | null>();

  constructor(
    private readonly store: DeliveryStore,
    private readonly recipients: RecipientStore,
    private readonly sender: Sender,
    private readonly selfAudit: SelfAudit,
    private readonly metrics: ChannelMetrics,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Goes one step further with a delivery; returns in how many ms to go on with it, undefined if it is done. */
  async deliver(id: string): Promise<number | undefined> {
    const delivery = await this.store.get(id);
    if (!delivery) return undefined;
    const items = delivery.kind === 'digest' ? await this.store.closeDigest(id) : [];
    if (isFinal(delivery)) return this.conclude(delivery, items);
    const found = await this.find(delivery);
    if (!found) {
      return this.giveUp(delivery, items, 'the recipient or channel is not set up any more');
    }
    const { channel, target } = found;
    if (!this.taken.has(id)) {
      const now = this.clock.now();
      const perMinute = channel.ratePerMinute ?? RATE_PER_MINUTE[channel.type];
      const wait = await this.store.take(delivery.target, now, perMinute);
      if (wait > 0) return wait;
      const steps = items.flatMap(({ transition }) => (transition ? [transition] : []));
      try {
        this.taken.set(id, await this.sender.send(delivery, channel, target, steps));
      } catch (error) {
        return this.failed(delivery, items, error);
      }
    }
    return this.sent(delivery, items, this.taken.get(id) ?? null);
  }

  private async find({ tenant, group, channel: name, type, target }: Delivery) {
    const record = (await this.recipients.load(tenant)).get(group);
    const channel = record?.group.channels.find((c: Channel) => c.name === name && c.type === type);
    const address = channel && targetsOf(channel).find((t) => targetName(tenant, channel.type, t) === target);
    return channel && address !== undefined ? { channel, target: address } : undefined;
  }

  private async sent(delivery: Delivery, items: Delivery[], remark: string | null): Promise<undefined> {
    const now = this.clock.now();
    const { there, isOurs } = await this.change(delivery, { state: 'sent', reason: remark, sentAt: now, dueAt: null });
    if (isOurs) this.metrics.count(there, 'sent', now);
    return this.conclude(there, items);
  }

  private async failed(delivery: Delivery, items: Delivery[], error: unknown): Promise<number | undefined> {
    const reason =
      error instanceof DeliveryError ? error.message : 'could not be sent: a fault of this system, see its log';
    if (!(error instanceof DeliveryError)) this.log.error(error);
    const attempts = delivery.attempts + 1;
    const most = delivery.kind === 'test' ? 1 : this.config.notify.attempts;
    const wait = nextAttempt(error, attempts, most, Math.random());
    if (wait === undefined) return this.giveUp(delivery, items, reason);
    const again = { state: 'queued' as const, reason, dueAt: this.clock.now() + wait };
    const { there, isOurs } = await this.change(delivery, again);
    if (!isOurs) return this.conclude(there, items);
    this.metrics.count(delivery, 'retried', this.clock.now());
    return wait;
  }

  private async giveUp(delivery: Delivery, items: Delivery[], reason: string): Promise<undefined> {
    const { there, isOurs } = await this.change(delivery, { state: 'failed', reason, dueAt: null });
    if (isOurs) this.metrics.count(there, 'failed', this.clock.now());
    return this.conclude(there, items);
  }

  /**
   * Does what follows from the end of a delivery, whoever brought it about. A process can die before or within this; whoever
   * comes across the delivery next does it again, to the same effect.
   */
  private async conclude(ended: Delivery, items: Delivery[]): Promise<undefined> {
    this.taken.delete(ended.id);
    if (ended.state === 'failed' && ended.kind !== 'test') await this.audit(ended);
    await this.finishItems(ended, items);
  }

  /** In the log of the tenant; the event follows from the record alone, so that it is the same event each time. */
  private async audit({ tenant, id, transition, group, channel, type, ...failed }: Delivery): Promise<void> {
    const { kind, createdAt, updatedAt, reason, attempts } = failed;
    await this.selfAudit.record(tenant, {
      id: derivedUuidV7(`notification failed ${tenant} ${id}`, createdAt),
      eventType: 'AUDIT_NOTIFICATION_FAILED',
      occurredAt: new Date(updatedAt).toISOString(),
      description: `A notification of ${group} by ${channel} could not be delivered`,
      context: { resourceType: 'notification', resourceId: id },
      details: {
        ...{ recipient: group, channel, channelType: type, kind, reason, attempts },
        ...(transition && { alertId: transition.alert.id, ruleId: transition.alert.ruleId }),
      },
    });
  }

  /** What a digest tells of shares its fate. */
  private async finishItems(digest: Delivery, items: Delivery[]): Promise<void> {
    const { state, reason, sentAt } = digest;
    for (const item of items) {
      if (!isFinal(item)) await this.change(item, { state, reason, sentAt, dueAt: null }, false);
    }
    if (digest.kind === 'digest') await this.store.forgetDigest(digest.id);
  }

  /**
   * Makes a change on top of what others have changed meanwhile, unless they are done with it.
   * @returns what is there then, and whether this change made it so
   */
  private async change(
    delivery: Delivery,
    to: Partial<Delivery>,
    isAttempt = true,
  ): Promise<{ there: Delivery; isOurs: boolean }> {
    for (let before = delivery; ;) {
      const changed = {
        ...before,
        ...to,
        revision: before.revision + 1,
        attempts: before.attempts + (isAttempt ? 1 : 0),
        updatedAt: this.clock.now(),
      };
      if (await this.store.save(changed)) return { there: changed, isOurs: true };
      const there = await this.store.get(delivery.id);
      if (!there || isFinal(there)) return { there: there ?? before, isOurs: false };
      before = there;
    }
  }
}
