import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { RedisKeys } from '../redis/redis-keys';
import { REDIS } from '../redis/redis.module';
import { LedgerHeads } from './ledger-heads';
import { NotYet, until } from './until';

/** How long is waited for events that were accepted before, ms. */
const PATIENCE_MS = 15_000;
const SEALING_MS = 5000;

/** Knows whether all that was accepted is stored: duties and holds are decided on what is stored. */
@Injectable()
export class Landing {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly clock: Clock,
    private readonly heads: LedgerHeads,
  ) {}

  /**
   * Resolves once everything is stored that was accepted before this call.
   * @throws AppError 503 `EVENTS_WAITING`
   */
  async ofAllAccepted(): Promise<void> {
    const now = this.clock.now();
    try {
      await until('accepted events to be stored', Date.now() + PATIENCE_MS, async () => {
        const [, oldest] = await this.redis.zrange(this.keys.segments(), '0', '0', 'WITHSCORES');
        return oldest === undefined || Number(oldest) > now;
      });
    } catch (cause) {
      if (!(cause instanceof NotYet)) throw cause;
      throw new AppError(
        'EVENTS_WAITING',
        503,
        'events accepted before this request are not stored yet, and might forbid it; nothing was changed, try again',
        { cause, retryAfter: 15 },
      );
    }
  }

  /** Waits a few seconds for a checkpoint over all that is stored. A ledger that is not sealed right now keeps nobody up. */
  async underCheckpoint(tenant: string): Promise<void> {
    try {
      await until('a checkpoint', Date.now() + SEALING_MS, () => this.heads.coversAll(tenant));
    } catch (error) {
      if (!(error instanceof NotYet)) throw error;
    }
  }
}
