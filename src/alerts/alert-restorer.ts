import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { AlertArchive } from './alert-archive';
import { AlertStore, KEPT_AFTER_RESOLVED_MS } from './alert-store';

/** Brings alerts back into a Redis that was lost. */
@Injectable()
export class AlertRestorer {
  constructor(
    private readonly store: AlertStore,
    private readonly archive: AlertArchive,
    private readonly clock: Clock,
  ) {}

  /** Puts back all alerts that still matter, unless they are there; returns how many the archive holds of them. */
  async restore(): Promise<number> {
    let count = 0;
    for await (const alert of this.archive.current(this.clock.now() - KEPT_AFTER_RESOLVED_MS)) {
      count += 1;
      const change = this.store.change(alert.tenant);
      change.put(alert, undefined, false);
      change.putSlot(alert, undefined);
      // Refused for the older one of two alerts of a group, and for what is there.
      await this.store.commit(change);
    }
    return count;
  }
}
