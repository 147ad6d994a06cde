import { BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { Config, CONFIG } from '../config/config';
import { SegmentBuffer, SegmentPart } from './segment-buffer';
import { SegmentStore } from './segment-store';

/** The one door into the pipeline, for requests and for the system's own acts alike. */
@Injectable()
export class EventIntake implements BeforeApplicationShutdown {
  private readonly buffer: SegmentBuffer;

  constructor(store: SegmentStore, @Inject(CONFIG) config: Config) {
    this.buffer = new SegmentBuffer({
      maxBytes: config.ingest.segmentBytes,
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
