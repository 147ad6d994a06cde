import { Counter, Histogram } from 'prom-client';

export const receivedEvents = new Counter({
  name: 'audit_ingest_events_total',
  help: 'Items of request bodies, by what became of them',
  labelNames: ['result'] as const,
});

export const segmentRows = new Histogram({
  name: 'audit_ingest_segment_rows',
  help: 'Events that were made durable together',
  buckets: [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000],
});

export const commitSeconds = new Histogram({
  name: 'audit_ingest_commit_seconds',
  help: 'Time until Redis had a segment on disk',
  buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5],
});
