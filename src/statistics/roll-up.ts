import { Injectable } from '@nestjs/common';
import { advance, chunkOf, Progress, Sequence, windowOf } from './progress';
import { RollUpState } from './roll-up-state';
import { RollupStore } from './rollup-store';

/**
 * Counts committed batches into `rollups`, each exactly once: an insert stores counts and the names of its batches in one
 * part, and only batches whose names are not there are counted. That holds as long as one insert runs at a time, for which
 * whoever calls this leads, see RollUpService.
 */
@Injectable()
export class RollUp {
  constructor(
    private readonly store: RollupStore,
    private readonly state: RollUpState,
  ) {}

  /**
   * Counts the next batches; `done` if nothing was left.
   * @param queryId of the insert, which may be repeated under it only when it has ended
   * @param deadline by ClickHouse's clock, ms: an insert that starts later stores nothing
   */
  async step(queryId: string, deadline: number): Promise<'more' | 'done'> {
    const { sequence, progress: known } = await this.state.read();
    if (!sequence) return 'done';
    const progress = known ?? (await this.found(sequence));
    const window = windowOf(progress, sequence);
    if (window.to === window.after && window.holes.length === 0) return 'done';
    const pending = await this.store.pending(window);
    const chunk = chunkOf(pending);
    if (chunk.length > 0) {
      await this.store.count(chunk, queryId, deadline);
      const there = await this.store.counted(chunk);
      if (there !== chunk.length)
        throw new Error(`${chunk.length - there} of ${chunk.length} batches were not counted`);
    }
    const batches = pending.map(({ batch }) => batch);
    const next = advance(progress, sequence, window, batches, chunk);
    await this.state.keep(next);
    return next.upTo < sequence.last || chunk.length < pending.length ? 'more' : 'done';
  }

  /** Where counting stands by what is stored, for a Redis that does not know. */
  private async found({ last, inFlight }: Sequence): Promise<Progress> {
    const first = await this.store.firstUncounted();
    const upTo = first === undefined ? last : Math.min(first - 1, last);
    return { upTo, holes: [...inFlight].filter((batch) => batch <= upTo) };
  }
}
