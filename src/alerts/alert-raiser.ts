import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { alertIdOf, AlertRecord, openAlert, Raise, raiseAlert, slotOf } from './alert';
import { AlertChange, AlertStore, Slot } from './alert-store';

/** How often a step is tried again that others have got in the way of. */
const ATTEMPTS = 20;

export interface Raised {
  opened: number;
  raised: number;
}

/** Turns hits into alerts: one unresolved alert for each rule and group, whose counter rises. */
@Injectable()
export class AlertRaiser {
  constructor(
    private readonly store: AlertStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Raises what rules have found among the events of leaf indices from `cursor.from` to below `cursor.to`, and moves the
   * cursor, in one step: whatever happens, each event is counted once.
   * @returns undefined if the cursor stands elsewhere: another process has gone on from there
   */
  async raise(
    tenant: string,
    raises: readonly Raise[],
    cursor: { from: number; to: number },
  ): Promise<Raised | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { change, raised } = await this.plan(tenant, raises, false);
      change.moveCursor(cursor.from, cursor.to);
      if (await this.store.commit(change)) return raised;
      if ((await this.store.cursor(tenant)) !== cursor.from) return undefined;
    }
    throw busy();
  }

  /** Raises what rules have found in history. Doing it again for the same history changes nothing. */
  async raiseHistory(tenant: string, raises: readonly Raise[]): Promise<Raised> {
    const total = { opened: 0, raised: 0 };
    for (let i = 0; i < raises.length; i += HISTORY_CHUNK) {
      const { opened, raised } = await this.raiseSomeHistory(tenant, raises.slice(i, i + HISTORY_CHUNK));
      total.opened += opened;
      total.raised += raised;
    }
    return total;
  }

  private async raiseSomeHistory(tenant: string, raises: readonly Raise[]): Promise<Raised> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const names = raises.map((raise) => alertIdOf(tenant, raise));
      const known = await this.store.history(tenant, names);
      const fresh = raises.flatMap((raise, i) => {
        const counter = raise.counter - (known.get(names[i] ?? '')?.counter ?? 0);
        return counter > 0 ? [{ ...raise, counter }] : [];
      });
      if (fresh.length === 0) return { opened: 0, raised: 0 };
      const { change, raised, alerts } = await this.plan(tenant, fresh, true);
      for (const raise of fresh) {
        const name = alertIdOf(tenant, raise);
        const before = known.get(name)?.counter;
        const alert = alerts.get(slotOf(raise.rule.id, raise.group));
        change.putHistory(name, alert?.id ?? name, raise.counter + (before ?? 0), before);
      }
      if (await this.store.commit(change)) return raised;
    }
    throw busy();
  }

  /** What has to change so that these hits are counted. */
  private async plan(
    tenant: string,
    raises: readonly Raise[],
    historical: boolean,
  ): Promise<{ change: AlertChange; raised: Raised; alerts: Map<string, AlertRecord> }> {
    const names = [...new Set(raises.map((raise) => slotOf(raise.rule.id, raise.group)))];
    const slots = await this.store.slots(tenant, names);
    const ids = [...slots.values()].map(({ slot }) => slot.alert);
    const known = await this.store.find(tenant, [...ids, ...raises.map((raise) => alertIdOf(tenant, raise))]);
    const change = this.store.change(tenant);
    const alerts = new Map<string, AlertRecord>();
    const raised = { opened: 0, raised: 0 };
    const now = this.clock.now();
    for (const raise of raises) {
      const name = slotOf(raise.rule.id, raise.group);
      const place = slots.get(name);
      const current = place && known.get(place.slot.alert);
      if (place && current && takes(place.slot, raise, historical)) {
        if (isOldAbsence(current, raise)) continue;
        const next = raiseAlert(current, raise);
        change.put(next, current.revision, false);
        alerts.set(name, next);
        raised.raised += 1;
      } else if (!known.has(alertIdOf(tenant, raise))) {
        const opened = openAlert(tenant, raise, now, historical);
        change.put(opened, undefined, true);
        change.putSlot(opened, place?.revision);
        alerts.set(name, opened);
        raised.opened += 1;
      }
    }
    return { change, raised, alerts };
  }
}

const HISTORY_CHUNK = 500;

/** Whether hits belong to the alert that is there: it is unresolved, or was opened so shortly before that no other one is opened. */
function takes(slot: Slot, { lastHitAt }: Raise, historical: boolean): boolean {
  return slot.open || (lastHitAt < slot.until && (!historical || lastHitAt >= slot.from));
}

/** An absence has no event that the cursor could tell apart; the moment does. */
const isOldAbsence = (alert: AlertRecord, raise: Raise): boolean =>
  raise.firstEventId === undefined && raise.lastHitAt <= alert.lastHitAt;

const busy = () =>
  new AppError('ALERTS_BUSY', 503, 'the alerts are being changed by many at once; try again', { retryAfter: 1 });
