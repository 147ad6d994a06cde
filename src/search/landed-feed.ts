import { Inject, Injectable, Logger, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { Config, CONFIG } from '../config/config';
import { RedisKeys } from '../redis/redis-keys';
import { connectRedis } from '../redis/redis.module';

const message = z.object({ tenants: z.array(z.object({ tenant: z.string() })) });

/** Rung when a batch with events of one tenant landed. */
export class Bell {
  private rung = false;
  private wake: () => void = () => undefined;

  ring(): void {
    this.rung = true;
    this.wake();
  }

  /** Resolves when it rings, at once if it rang since the last wait, and at the latest after `ms` or on abort. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.rung && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', this.wake, { once: true });
      });
      signal.removeEventListener('abort', this.wake);
    }
    this.rung = false;
  }
}

/** Hears of landed batches for everyone in this process, over one connection. */
@Injectable()
export class LandedFeed implements OnModuleInit, OnApplicationShutdown {
  private readonly log = new Logger('LandedFeed');
  private readonly bells = new Map<string, Set<Bell>>();
  private subscriber: Redis | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly keys: RedisKeys,
  ) {}

  onModuleInit(): void {
    // Waits for Redis by itself; until then, and whenever it is away, streams go by their own tick.
    this.subscriber = connectRedis(this.config, { blocking: true });
    this.subscriber.on('message', (_channel, text) => this.hear(text));
    this.subscriber.subscribe(this.keys.landed()).catch((error: Error) => this.log.warn(`subscribe: ${error.message}`));
  }

  onApplicationShutdown(): void {
    this.subscriber?.disconnect();
  }

  /** A bell for one listener; give it back with `drop`. */
  listen(tenant: string): Bell {
    const bell = new Bell();
    const bells = this.bells.get(tenant) ?? new Set();
    this.bells.set(tenant, bells.add(bell));
    return bell;
  }

  drop(tenant: string, bell: Bell): void {
    const bells = this.bells.get(tenant);
    bells?.delete(bell);
    if (bells?.size === 0) this.bells.delete(tenant);
  }

  private hear(text: string): void {
    for (const { tenant } of message.parse(JSON.parse(text)).tenants) {
      for (const bell of this.bells.get(tenant) ?? []) bell.ring();
    }
  }
}
