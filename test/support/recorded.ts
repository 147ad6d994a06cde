import { initializeAuditLogging } from '../../src/sdk/global';
import type { AuditLogger } from '../../src/sdk/logger';
import type { AuditOptions } from '../../src/sdk/options';
import type { WireEvent } from '../../src/sdk/types';
import { FakeAuditServer } from './fake-audit-server';

/** The logger of this process, on a server of its own that remembers what it records. */
export class Recorded {
  readonly errors: Error[] = [];

  private constructor(
    readonly server: FakeAuditServer,
    private logger: AuditLogger | undefined,
  ) {}

  static async start(options: Partial<AuditOptions> = {}): Promise<Recorded> {
    const recorded = new Recorded(await FakeAuditServer.start(), undefined);
    const given = { url: recorded.server.url, apiKey: 'key', flushIntervalMs: 1, ...options };
    recorded.logger = initializeAuditLogging({ ...given, onError: (error) => recorded.errors.push(error) });
    return recorded;
  }

  /** What was recorded since the last time it was asked, in the order of recording. */
  async events(): Promise<WireEvent[]> {
    await this.logger?.flush();
    const events = [...this.server.events.values()].sort((a, b) => ((a.id ?? '') < (b.id ?? '') ? -1 : 1));
    this.server.events.clear();
    return events;
  }

  async stop(): Promise<void> {
    await this.logger?.close(0);
    await this.server.down();
  }
}
