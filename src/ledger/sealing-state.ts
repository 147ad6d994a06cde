import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { Clock } from '../common/clock';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';

/** How sealing goes, as the worker that seals says every second. */
const state = z.object({
  /** When it said so, ms since the epoch. */
  at: z.number(),
  /** Age of the oldest landed batch that is not sealed, ms; 0 when none waits. */
  lagMs: z.number(),
  /** Leaves under checkpoints, of all tenants. */
  sealed: z.number(),
  /** Ledgers that are not sealed because of a contradiction: tenant → reason. */
  halted: z.record(z.string(), z.string()),
  /** Witnesses that take no checkpoints: since when (ms since the epoch), and why. */
  failing: z.array(z.object({ name: z.string(), since: z.number(), reason: z.string() })).default([]),
});
export type SealingState = z.infer<typeof state>;

/** Passes the state of sealing from the worker to all processes. */
@Injectable()
export class SealingStateStore {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly clock: Clock,
  ) {}

  async write(told: Omit<SealingState, 'at'>): Promise<void> {
    await this.redis.set(this.keys.ledgerState(), JSON.stringify({ at: this.clock.now(), ...told }));
  }

  /** Undefined before a worker has ever sealed here. Silence counts as lag. */
  async read(): Promise<SealingState | undefined> {
    const text = await this.redis.get(this.keys.ledgerState());
    if (text === null) return undefined;
    const told = state.parse(JSON.parse(text));
    const silent = this.clock.now() - told.at;
    return { ...told, lagMs: silent > SILENCE_MS ? told.lagMs + silent : told.lagMs };
  }
}

/** A sealer that works says something more often than this. */
const SILENCE_MS = 10_000;
