import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { SelfAudit } from '../ingest/self-audit';
import { withLock } from '../redis/redis-lock';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { completeGroup, RecipientGroup, RecipientGroupInput, RecipientRecord } from './recipient-group';
import { RecipientStore } from './recipient-store';

const LOCK_WAIT_MS = 5000;

/** Keeps who is told of alerts. Every change is a new version and an event in the log. */
@Injectable()
export class RecipientsService {
  constructor(
    private readonly store: RecipientStore,
    private readonly selfAudit: SelfAudit,
    private readonly clock: Clock,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  async list(tenant: string): Promise<RecipientRecord[]> {
    return [...(await this.store.load(tenant)).values()];
  }

  /** @throws AppError 404 */
  async get(tenant: string, name: string): Promise<RecipientRecord> {
    const record = (await this.store.load(tenant)).get(name);
    if (!record) throw unknown(name);
    return record;
  }

  /**
   * Makes a group, or puts another in its place.
   * @param expected the version that the caller has seen
   * @throws AppError 409 if it has another version by now; 422 if a new channel lacks its secret
   */
  put(caller: Principal, name: string, input: RecipientGroupInput, expected?: number): Promise<RecipientRecord> {
    return this.change(caller, name, 'changed', (current) => {
      if (expected !== undefined && expected !== (current?.version ?? 0)) {
        throw new AppError('RECIPIENTS_CHANGED', 409, `${name} was changed since; read it again and repeat the change`);
      }
      return completeGroup(input, current?.group);
    });
  }

  /** Nobody is told through it any more, also where the configuration has such a group. @throws AppError 404 */
  remove(caller: Principal, name: string): Promise<RecipientRecord> {
    return this.change(caller, name, 'deleted', (current) => {
      if (!current) throw unknown(name);
      return current.group;
    });
  }

  /** Signs the messages of a webhook with a new secret, and with the one before too, until that is replaced. @throws AppError 404, 409 */
  rotateSecret(caller: Principal, name: string, channelName: string, secret: string): Promise<RecipientRecord> {
    return this.change(caller, name, 'changed', (current) => {
      if (!current) throw unknown(name);
      const channel = current.group.channels.find((c) => c.name === channelName);
      if (!channel) throw new AppError('CHANNEL_UNKNOWN', 404, `${name} has no channel ${channelName}`);
      if (channel.type !== 'webhook') {
        throw new AppError(
          'CHANNEL_UNSIGNED',
          409,
          `${channelName} is of the type ${channel.type}; only webhooks are signed`,
        );
      }
      const rotated = { ...channel, secrets: [secret, ...channel.secrets.filter((s) => s !== secret)].slice(0, 2) };
      const channels = current.group.channels.map((c) => (c === channel ? rotated : c));
      return { ...current.group, channels };
    });
  }

  private async change(
    caller: Principal,
    name: string,
    what: 'changed' | 'deleted',
    next: (current: RecipientRecord | undefined) => RecipientGroup,
  ): Promise<RecipientRecord> {
    const { tenant, keyId } = caller;
    const record = await withLock(this.redis, this.keys.recipientLock(tenant), LOCK_WAIT_MS, async () => {
      const newest = await this.store.newest(tenant, name);
      const made: RecipientRecord = {
        name,
        group: next(newest?.deleted ? undefined : newest),
        version: (newest?.version ?? 0) + 1,
        deleted: what === 'deleted',
        changedBy: `apikey:${keyId}`,
        changedAt: this.clock.now(),
      };
      await this.store.add(tenant, made);
      return made;
    });
    await this.selfAudit.record(
      tenant,
      {
        eventType: 'AUDIT_RECIPIENTS_CHANGED',
        description: `Recipient group ${name} was ${what}`,
        context: { resourceType: 'recipient_group', resourceId: name },
        details: {
          version: record.version,
          enabled: record.group.enabled,
          channels: record.group.channels.map((c) => `${c.name}:${c.type}`),
        },
      },
      caller,
    );
    return record;
  }
}

const unknown = (name: string) => new AppError('RECIPIENTS_UNKNOWN', 404, `there is no recipient group ${name}`);
