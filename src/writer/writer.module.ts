import { Module } from '@nestjs/common';
import { BatchWriter } from './batch-writer';
import { Counters } from './counters';
import { DeadLetterStore } from './dead-letter-store';
import { EventWriter } from './event-writer';
import { ManifestStore } from './manifest-store';
import { OrphanSweep } from './orphan-sweep';
import { RepeatFinder } from './repeat-finder';
import { SegmentWorker } from './segment-worker';
import { WriterMetrics } from './writer-metrics';

/** Segments into ClickHouse. */
@Module({
  providers: [
    BatchWriter,
    Counters,
    DeadLetterStore,
    EventWriter,
    ManifestStore,
    OrphanSweep,
    RepeatFinder,
    SegmentWorker,
    WriterMetrics,
  ],
})
export class WriterModule {}
