import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { AppError } from '../common/app-error';
import { Config, CONFIG } from '../config/config';
import { RedisKeys } from '../redis/redis-keys';
import { REDIS } from '../redis/redis.module';
import { RootKeys } from './root-key';

const ANNOUNCE_MS = 2000;
/** A process that has said nothing for this long is gone, ms. */
const GONE_MS = 10_000;
const POLL_MS = 200;

const announcement = z.object({ at: z.number(), ids: z.array(z.string()) });

/**
 * Says which root keys this process knows, and finds out whether all know a certain one: before that, nothing may be wrapped
 * by it. Reads the file of the root keys again each time.
 */
@Injectable()
export class RootAnnouncer implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger('Keys');
  private readonly self: string;
  private announcing = false;
  private failure: string | undefined;

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly roots: RootKeys,
    @Inject(CONFIG) config: Config,
  ) {
    this.self = `${config.role}/${hostname()}/${process.pid}`;
  }

  onApplicationBootstrap(): void {
    const { keys } = this.roots.known;
    if (keys.length > 1) {
      this.log.warn(`${this.roots.source} holds ${keys.length} root keys: finish with "mcp-audit keys rotate root"`);
    }
  }

  @Interval(ANNOUNCE_MS)
  protected async announceRegularly(): Promise<void> {
    if (this.announcing) return;
    this.announcing = true;
    await this.announce()
      .then(() => (this.failure = undefined))
      .catch((error: Error) => this.complain(error.message))
      .finally(() => (this.announcing = false));
  }

  /** @throws AppError `ROOT_KEY_MISSING` or `ROOT_KEY_INVALID`: what was read before stays in use then */
  async announce(): Promise<void> {
    this.roots.reload();
    const ids = this.roots.known.keys.map((root) => root.id);
    await this.redis.hset(this.keys.knownRoots(), this.self, JSON.stringify({ at: await this.now(), ids }));
  }

  /**
   * Resolves when every process that lives knows this root key.
   * @throws AppError 409 `ROOT_KEY_UNKNOWN_ELSEWHERE` naming those that still do not after `patienceMs`
   */
  async awaitKnown(id: string, patienceMs: number): Promise<void> {
    const until = Date.now() + patienceMs;
    for (;;) {
      const lacking = await this.lacking(id);
      if (lacking.length === 0) return;
      if (Date.now() > until) throw unknownElsewhere(id, lacking);
      await sleep(POLL_MS);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.redis.hdel(this.keys.knownRoots(), this.self).catch((error: Error) => this.log.debug(error.message));
  }

  private async lacking(id: string): Promise<string[]> {
    const now = await this.now();
    const all = Object.entries(await this.redis.hgetall(this.keys.knownRoots()));
    const said = all.map(([name, text]) => ({ name, ...announcement.parse(JSON.parse(text)) }));
    const gone = said.filter(({ at }) => now - at > GONE_MS).map(({ name }) => name);
    if (gone.length > 0) await this.redis.hdel(this.keys.knownRoots(), ...gone);
    return said.filter(({ name, ids }) => !gone.includes(name) && !ids.includes(id)).map(({ name }) => name);
  }

  /** Once for each reason. */
  private complain(reason: string): void {
    if (reason !== this.failure) this.log.warn(`root keys not announced: ${reason}`);
    this.failure = reason;
  }

  /** By one clock for all processes. */
  private async now(): Promise<number> {
    const [seconds, microseconds] = await this.redis.time();
    return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
  }
}

const unknownElsewhere = (id: string, processes: string[]) =>
  new AppError(
    'ROOT_KEY_UNKNOWN_ELSEWHERE',
    409,
    `these processes do not know the new root key ${id} yet: ${processes.join(', ')}; give them the same root keys ` +
      '(the file, or AUDIT_ROOT_KEY and a restart) and do this again; nothing was changed but the file',
  );
