import { BeforeApplicationShutdown, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { DeliveryStore } from './delivery-store';
import { NotificationArchive } from './notification-archive';

const EVERY_MS = 300;
const AT_ONCE = 500;

/** Carries what becomes of notifications from Redis to the log in ClickHouse. Doing it twice changes nothing. */
@Injectable()
export class NotificationRecorder implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('Notifications');
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly store: DeliveryStore,
    private readonly archive: NotificationArchive,
  ) {}

  onApplicationBootstrap(): void {
    const next = () => {
      this.timer = setTimeout(() => {
        this.running = this.run()
          .catch((error: Error) => this.log.warn(`the notification log waits: ${error.message}`))
          .then(() => (this.stopped ? undefined : next()));
      }, EVERY_MS);
    };
    next();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** Records all that waits. */
  async run(): Promise<void> {
    for (;;) {
      const ids = await this.store.unlogged(AT_ONCE);
      const found = await this.store.find(ids);
      await this.archive.save(found);
      for (const delivery of found) await this.store.logged(delivery);
      const known = new Set(found.map(({ id }) => id));
      for (const id of ids.filter((one) => !known.has(one)))
        await this.store.logged({ id, revision: 0, state: 'sent' });
      if (ids.length < AT_ONCE) return;
    }
  }
}
