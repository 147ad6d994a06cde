import { Injectable } from '@nestjs/common';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { Act, actOn, AlertRecord, slotOf } from './alert';
import { AlertArchive, AlertFilter, AlertPage } from './alert-archive';
import { AlertStore } from './alert-store';

/** How often an act is tried again that the alert's counter has got in the way of. */
const ATTEMPTS = 20;

/** Reads alerts, and does with them what people decide. */
@Injectable()
export class AlertsService {
  constructor(
    private readonly store: AlertStore,
    private readonly archive: AlertArchive,
    private readonly clock: Clock,
  ) {}

  /** Newest first; each as it is now, also if the archive lags behind. */
  async list(tenant: string, filter: AlertFilter, limit: number, cursor?: string): Promise<AlertPage> {
    const page = await this.archive.list(tenant, filter, limit, cursor);
    const current = await this.store.find(
      tenant,
      page.alerts.map((alert) => alert.id),
    );
    const alerts = page.alerts.map((alert) => current.get(alert.id) ?? alert);
    return { ...page, alerts: alerts.filter((alert) => filter.status.includes(alert.status)) };
  }

  /** @throws AppError 404 */
  async get(tenant: string, id: string): Promise<AlertRecord> {
    const alert = (await this.store.get(tenant, id)) ?? (await this.archive.get(tenant, id));
    if (!alert) throw new AppError('ALERT_UNKNOWN', 404, `there is no alert ${id}`);
    return alert;
  }

  /**
   * Does what `caller` asks for. Of those who ask at the same time one is first, and the others are judged by what that one
   * has left. The step is durable when this resolves; the log and the channels get it a moment later.
   * @throws AppError 404, or 409 if the alert is not in a state for this
   */
  async act(caller: Principal, id: string, act: Act): Promise<AlertRecord> {
    const { tenant, keyId } = caller;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const inStore = await this.store.get(tenant, id);
      const before = inStore ?? (await this.get(tenant, id));
      const after = actOn(before, act, `apikey:${keyId}`, this.clock.now());
      const change = this.store.change(tenant);
      change.put(after, inStore?.revision, true);
      if (act.kind === 'resolved' || act.kind === 'reopened') {
        const name = slotOf(after.ruleId, after.group);
        const place = (await this.store.slots(tenant, [name])).get(name);
        if (act.kind === 'reopened' && place?.slot.open) throw superseded(place.slot.alert);
        // An alert that was resolved late, after a newer one took its place, leaves that alone.
        if (act.kind === 'reopened' || place?.slot.alert === id) change.putSlot(after, place?.revision);
      }
      if (await this.store.commit(change)) return after;
    }
    throw new AppError('ALERTS_BUSY', 503, 'the alert is being changed by many at once; try again', { retryAfter: 1 });
  }
}

const superseded = (id: string) =>
  new AppError('ALERT_SUPERSEDED', 409, `alert ${id} is unresolved for the same rule and group; go on with that one`);
