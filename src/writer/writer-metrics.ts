import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { TenantOutcome } from './manifest-store';

/** What the writer tells Prometheus. */
@Injectable()
export class WriterMetrics {
  readonly insertSeconds = new Histogram({
    name: 'audit_writer_insert_seconds',
    help: 'Time of one INSERT',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  });
  private readonly batchRows = new Histogram({
    name: 'audit_writer_batch_rows',
    help: 'Rows of a batch',
    buckets: [1, 10, 100, 1000, 5000, 10_000, 20_000, 50_000],
  });
  private readonly rows = new Counter({
    name: 'audit_writer_rows_total',
    help: 'Rows that left the pipeline, by what became of them',
    labelNames: ['fate'],
  });
  readonly retries = new Counter({ name: 'audit_writer_retries_total', help: 'Attempts that failed' });
  readonly takeovers = new Counter({
    name: 'audit_writer_takeovers_total',
    help: 'Batches taken over from another writer',
  });
  readonly anomalies = new Counter({
    name: 'audit_writer_anomalies_total',
    help: 'Batches with rows that should not be there: call an operator',
  });
  readonly heldBytes = new Gauge({ name: 'audit_writer_held_bytes', help: 'Bytes of segments in memory' });
  readonly requeued = new Counter({
    name: 'audit_writer_requeued_total',
    help: 'Segments whose job was lost and made anew',
  });

  committed(rows: number, outcomes: TenantOutcome[]): void {
    this.batchRows.observe(rows);
    for (const fate of ['stored', 'duplicates', 'deadLettered'] as const) {
      this.rows.inc(
        { fate },
        outcomes.reduce((sum, outcome) => sum + outcome[fate], 0),
      );
    }
  }
}
