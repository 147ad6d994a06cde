import { BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { Batcher } from '../common/batcher';
import { Config, CONFIG } from '../config/config';
import { SegmentPart, SegmentStore } from './segment-store';

/** The one door into the pipeline, for requests and for the system's own acts alike. */
@Injectable()
export class EventIntake implements BeforeApplicationShutdown {
  private readonly buffer: Batcher<SegmentPart>;

  constructor(store: SegmentStore, @Inject(CONFIG) config: Config) {
    this.buffer = new Batcher({
      sizeOf: (part) => part.payload.length,
      maxSize: config.ingest.segmentBytes,
      maxAgeMs: config.ingest.groupCommitMs,
      flush: (parts) => store.write(parts),
    });
  }

  /** Resolves once the rows are durable; rejects as `SegmentStore.write` does. */
  accept(part: SegmentPart): Promise<void> {
    return this.buffer.add(part);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.buffer.drain();
  }
}
