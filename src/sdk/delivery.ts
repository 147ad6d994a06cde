import { Batch, halves, Lot, makeBatch, tell, Waiter } from './batch';
import type { BuiltEvent } from './build-event';
import { Collector } from './collector';
import { Drops, DropTally } from './drop-tally';
import { AuditError, AuditErrorCode, reasonOf } from './errors';
import type { HttpClient } from './http-client';
import { MemoryStore } from './memory-store';
import type { Settings } from './options';
import { Outstanding } from './outstanding';
import { Pause } from './pause';
import type { ReceiptStore } from './receipts';
import { Attempt, sendBatch } from './sender';
import { Spool } from './spool';

/** How often the files of processes that died are looked for, ms. */
const ADOPT_EVERY_MS = 30_000;

/**
 * Brings events to the server: collected into lots by severity, compressed into batches, put on disk if there is a spool, sent
 * until the server has decided on them. What waits is bounded; beyond it the oldest of the least severe go first.
 */
export class Delivery {
  private readonly collector: Collector;
  /** Of lots that are no batches yet. */
  private lotBytes = 0;
  private readonly memory = new MemoryStore();
  private spool: Spool | undefined;
  private readonly ready: Promise<void>;
  private adoptTimer: NodeJS.Timeout | undefined;
  private readonly outstanding = new Outstanding();
  private readonly drops: DropTally;
  private readonly pause: Pause;
  private inFlight = 0;
  private pumping = false;
  private closed = false;
  acknowledged = 0;
  rejected = 0;

  /** @param onDrops events were dropped, and the server takes events again: they are to be reported */
  constructor(
    private readonly settings: Settings,
    private readonly client: HttpClient,
    private readonly receipts: ReceiptStore | undefined,
    private readonly onDrops: (drops: Drops) => void,
  ) {
    this.collector = new Collector(
      settings.batchSize,
      settings.flushIntervalMs,
      (id) => this.outstanding.begin(id),
      (lot) => void this.store(lot),
    );
    this.drops = new DropTally(settings.onError);
    this.pause = new Pause(settings.maxRetryDelayMs, () => void this.pump());
    this.ready = this.openSpool();
  }

  /** Takes an event over; `waiter` is told once what became of it. No I/O happens in the caller's turn. */
  add(event: BuiltEvent, waiter: Waiter, urgent: boolean): void {
    if (!this.makeRoom(event)) {
      this.drops.add(event.severity, 1);
      waiter('dropped');
      return;
    }
    this.lotBytes += event.line.length;
    this.collector.add(event, waiter, urgent);
  }

  /** Tries to deliver all that was added before; false if some of it still waits after `timeoutMs`. */
  flush(timeoutMs: number): Promise<boolean> {
    this.collector.sealAll();
    this.pause.cutShort();
    void this.ready.then(() => this.pump());
    return this.outstanding.ended(timeoutMs);
  }

  /** Flushes and ends. What the server has not taken by then stays in the spool; without one it is dropped and counted. */
  async close(timeoutMs: number): Promise<boolean> {
    await this.ready;
    const done = await this.flush(timeoutMs);
    this.closed = true;
    this.pause.cancel();
    clearInterval(this.adoptTimer);
    for (let batch = this.memory.take(); batch; batch = this.memory.take()) this.dropBatch(batch);
    this.drops.tell();
    this.client.close();
    await this.spool?.close();
    return done;
  }

  /** Events that were dropped since the start. */
  get dropped(): number {
    return this.drops.total;
  }

  /** Batches and lots that wait for the server. */
  get waiting(): number {
    return this.outstanding.size;
  }

  get spooledBytes(): number {
    return this.spool?.bytes ?? 0;
  }

  private async openSpool(): Promise<void> {
    const { spool, apiKey, onError } = this.settings;
    if (!spool) return;
    try {
      this.spool = await Spool.open(spool, apiKey, {
        onDropped: (severity, events) => this.drops.add(severity, events),
        onGone: (ids) => ids.forEach((id) => this.outstanding.end(id)),
        onError,
      });
    } catch (cause) {
      this.report('SPOOL_FAILED', 'the spool cannot be used, events wait in memory', cause);
      return;
    }
    for (const id of this.spool.waiting()) this.outstanding.begin(id);
    this.adoptTimer = setInterval(() => void this.adopt(), ADOPT_EVERY_MS).unref();
    void this.pump();
  }

  private async adopt(): Promise<void> {
    try {
      for (const id of (await this.spool?.adopt()) ?? []) this.outstanding.begin(id);
    } catch (cause) {
      this.report('SPOOL_FAILED', 'what other processes left in the spool cannot be taken over', cause);
    }
    void this.pump();
  }

  /** Whether there is room in memory for one more event, if need be after dropping what matters less. */
  private makeRoom(event: BuiltEvent): boolean {
    while (this.lotBytes + this.memory.bytes + event.line.length > this.settings.maxMemoryBytes) {
      const victim = this.memory.evict(event.severity);
      if (!victim) return false;
      this.dropBatch(victim);
    }
    return true;
  }

  private async store(lot: Lot): Promise<void> {
    await this.ready;
    const batch = await makeBatch(lot.severity, lot.lines, lot.waiters, lot.id);
    await this.keep(batch);
    this.lotBytes -= lot.size;
    await this.pump();
  }

  /** Puts a batch on disk, or in memory without one that works. */
  private async keep(batch: Batch): Promise<void> {
    try {
      if (this.spool) {
        if (await this.spool.put(batch)) tell(batch, 'spooled');
        else this.dropBatch(batch);
        return;
      }
    } catch (cause) {
      this.report('SPOOL_FAILED', 'events cannot be spooled and wait in memory', cause);
    }
    this.memory.put(batch);
  }

  /** Sends what waits, as long as the server takes it. */
  private async pump(): Promise<void> {
    if (this.pumping) return;
    this.pumping = true;
    try {
      while (this.maySend()) {
        const batch = this.memory.take() ?? (await this.spool?.take());
        if (!batch) break;
        this.inFlight += 1;
        void this.send(batch);
      }
    } finally {
      this.pumping = false;
    }
  }

  private maySend(): boolean {
    // While the server fails, one request at a time finds out whether it is back.
    const allowed = this.pause.failing ? 1 : this.settings.concurrency;
    return !this.closed && this.inFlight < allowed && this.pause.over;
  }

  private async send(batch: Batch): Promise<void> {
    try {
      await this.conclude(batch, await sendBatch(this.client, batch, this.receipts !== undefined, Date.now));
    } catch (cause) {
      this.report('UNAVAILABLE', 'a batch could not be sent', cause);
      this.putBack(batch);
      this.pause.fail(undefined);
    } finally {
      this.inFlight -= 1;
      void this.pump();
    }
  }

  private async conclude(batch: Batch, attempt: Attempt): Promise<void> {
    switch (attempt.kind) {
      case 'again':
        batch.unsure ||= attempt.unsure;
        this.putBack(batch);
        if (!this.closed) this.pause.fail(attempt.afterMs);
        this.settings.onError(attempt.error);
        return;
      case 'too-large': {
        const parts = await halves(batch);
        for (const part of parts) this.outstanding.begin(part.id);
        for (const part of parts) await this.keep(part);
        this.outstanding.replace(batch.id, [parts[0].id, parts[1].id]);
        await this.spool?.settle(batch.id);
        return;
      }
      case 'decided':
        this.pause.succeed();
        return this.decide(batch, attempt);
    }
  }

  private async decide(batch: Batch, { rejected, receipts }: Extract<Attempt, { kind: 'decided' }>): Promise<void> {
    // Receipts first: a crash in between only makes the batch come again.
    await this.receipts
      ?.append(receipts)
      .catch((cause: unknown) => this.report('RECEIPTS_FAILED', 'receipts cannot be kept', cause));
    this.acknowledged += batch.count - rejected.size;
    this.rejected += rejected.size;
    for (const [index, waiter] of batch.waiters.entries()) waiter(rejected.has(index) ? 'rejected' : 'acknowledged');
    batch.waiters = [];
    if (rejected.size > 0) {
      const items = [...rejected.values()];
      const { path = '', message = '' } = items[0]?.problems[0] ?? {};
      const text = `the audit system rejected ${items.length} events, the first because: ${path} ${message}`;
      this.settings.onError(new AuditError('REJECTED', text, { events: items.length, rejected: items }));
    }
    await this.spool
      ?.settle(batch.id)
      .catch((cause: unknown) => this.report('SPOOL_FAILED', 'a file of the spool cannot be removed', cause));
    this.outstanding.end(batch.id);
    const drops = this.closed ? undefined : this.drops.take();
    if (drops) this.onDrops(drops);
  }

  private putBack(batch: Batch): void {
    if (this.spool?.has(batch.id)) this.spool.release(batch);
    else if (this.closed) this.dropBatch(batch);
    else if (this.outstanding.has(batch.id)) this.memory.release(batch);
  }

  private dropBatch(batch: Batch): void {
    this.drops.add(batch.severity, batch.count);
    tell(batch, 'dropped');
    this.outstanding.end(batch.id);
  }

  private report(code: AuditErrorCode, what: string, cause: unknown): void {
    this.settings.onError(new AuditError(code, `${what}: ${reasonOf(cause)}`, { cause }));
  }
}
