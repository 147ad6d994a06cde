import type { Severity } from '../events/event-types';
import { Lot, Waiter } from './batch';
import type { BuiltEvent } from './build-event';

/** UTF-16 units that make a lot full; well below what a server takes in one request. */
const FULL = 512 * 1024;

/** Lets events of one severity wait a moment for others, and hands them on as one lot. */
export class Collector {
  private readonly open = new Map<Severity, Lot>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly maxEvents: number,
    private readonly patienceMs: number,
    /** A lot begins; it will come to `onLot`. */
    private readonly onBegin: (id: string) => void,
    private readonly onLot: (lot: Lot) => void,
  ) {}

  /** @param urgent whether it is handed on in this turn of the event loop */
  add(event: BuiltEvent, waiter: Waiter, urgent: boolean): void {
    let lot = this.open.get(event.severity);
    if (!lot) {
      lot = new Lot(event.severity);
      this.open.set(event.severity, lot);
      this.onBegin(lot.id);
    }
    lot.add(event, waiter);
    if (lot.lines.length >= this.maxEvents || lot.size >= FULL) this.seal(lot);
    else if (urgent) setImmediate(() => this.seal(lot));
    else this.timer ??= setTimeout(() => this.sealAll(), this.patienceMs).unref();
  }

  sealAll(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const lot of this.open.values()) this.seal(lot);
  }

  private seal(lot: Lot): void {
    if (this.open.get(lot.severity) !== lot) return;
    this.open.delete(lot.severity);
    this.onLot(lot);
  }
}
