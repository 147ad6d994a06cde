import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { alertTransition, AlertTransition } from '../alerts/transition';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';

/** Steps that a tenant's stream keeps, for those who come back to it. */
const KEPT = 1000;
const KEPT_S = 7 * 86_400;

/** Adds a step unless it was added before. KEYS: stream, mark of the step. ARGV: JSON, how many are kept, seconds. */
const PUBLISH = `
if not redis.call('SET', KEYS[2], '1', 'NX', 'EX', ARGV[3]) then return 0 end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'step', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1`;

/** The latest steps of a tenant's alerts, as a stream for whoever watches the console. */
@Injectable()
export class AlertSteps {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  async publish(step: AlertTransition): Promise<void> {
    const where = [this.keys.alertSteps(step.tenant), this.keys.alertStepSeen(step.tenant, step.id)];
    await this.redis.eval(PUBLISH, 2, ...where, JSON.stringify(step), String(KEPT), String(KEPT_S));
  }

  /** The place behind the newest step. */
  async end(tenant: string): Promise<string> {
    const [newest] = await this.redis.xrevrange(this.keys.alertSteps(tenant), '+', '-', 'COUNT', 1);
    return newest?.[0] ?? '0-0';
  }

  /** Steps behind a place, oldest first. */
  async after(tenant: string, place: string, limit: number): Promise<{ place: string; step: AlertTransition }[]> {
    const entries = await this.redis.xrange(this.keys.alertSteps(tenant), `(${place}`, '+', 'COUNT', limit);
    return entries.map(([id, fields]) => ({ place: id, step: alertTransition.parse(JSON.parse(fields[1] ?? '')) }));
  }
}
