import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { samplesOf } from './metric-samples';

describe('samples of metrics', () => {
  it('are one row for each value, with the bound of a bucket as a number, and leave out what is not ours', async () => {
    const registers = [new Registry()];
    const help = 'x';
    const labelNames = ['fate', 'role'];
    new Counter({ name: 'audit_rows_total', help, labelNames, registers }).inc({ role: 'worker', fate: 'stored' }, 7);
    new Gauge({ name: 'process_threads', help, registers }).set(3);
    new Histogram({ name: 'audit_insert_seconds', help, buckets: [0.5], registers }).observe(0.7);
    const all = AggregatorRegistry.aggregate([await registers[0]!.getMetricsAsJSON()]);
    const row = (name: string, le: number, value: number, labels = '{}') => ({ name, labels, le, at: 60, value });
    expect(samplesOf(await all.getMetricsAsJSON(), 60)).toEqual([
      row('audit_rows_total', 0, 7, '{"fate":"stored","role":"worker"}'),
      row('audit_insert_seconds_bucket', 0.5, 0),
      row('audit_insert_seconds_bucket', Infinity, 1),
      row('audit_insert_seconds_sum', 0, 0.7),
      row('audit_insert_seconds_count', 0, 1),
    ]);
  });
});
