import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { isInForce } from './api-key';
import { ApiKeyCache } from './api-key-cache';
import type { Principal } from './principal';
import { Sessions } from './sessions';

/** Tells of callers who stay, such as readers of streams, whether what they came in with still holds. */
@Injectable()
export class Standing {
  constructor(
    private readonly cache: ApiKeyCache,
    private readonly sessions: Sessions,
    private readonly clock: Clock,
  ) {}

  /**
   * Whether the caller's key is in force and, for a browser, its session open. An open stream counts as use of the session.
   * @throws AppError 503 while that cannot be told.
   */
  async holds({ keyId, session }: Principal): Promise<boolean> {
    const open = session === undefined ? undefined : await this.sessions.use(session);
    if (session !== undefined && (open === undefined || open.person)) return open !== undefined;
    const record = await this.cache.find(keyId);
    return record !== undefined && isInForce(record, this.clock.now());
  }
}
