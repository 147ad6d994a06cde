import { SEVERITIES, Severity } from '../events/event-types';
import { Batch, SEVERITY_RANKS } from './batch';

/** Batches that wait in memory. The most severe are taken first, of one severity the oldest. */
export class MemoryStore {
  private readonly lanes: Batch[][] = SEVERITIES.map(() => []);
  bytes = 0;

  put(batch: Batch): void {
    this.lanes[SEVERITY_RANKS[batch.severity]]?.push(batch);
    this.bytes += batch.body.length;
  }

  take(): Batch | undefined {
    for (const lane of this.lanes.toReversed()) {
      const batch = lane.shift();
      if (!batch) continue;
      this.bytes -= batch.body.length;
      return batch;
    }
    return undefined;
  }

  /** Puts a batch back that was taken and could not be sent. */
  release(batch: Batch): void {
    this.lanes[SEVERITY_RANKS[batch.severity]]?.unshift(batch);
    this.bytes += batch.body.length;
  }

  /** Removes the oldest batch of the least severe that are at most `severity`. */
  evict(severity: Severity): Batch | undefined {
    for (const lane of this.lanes.slice(0, SEVERITY_RANKS[severity] + 1)) {
      const batch = lane.shift();
      if (!batch) continue;
      this.bytes -= batch.body.length;
      return batch;
    }
    return undefined;
  }

  get size(): number {
    return this.lanes.reduce((sum, lane) => sum + lane.length, 0);
  }
}
