import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { Clock } from '../common/clock';
import { Metrics } from './metrics';

/** Between two samples. The same in all workers, so that they write the same rows. */
export const SAMPLE_MS = 60_000;

export interface Sample {
  name: string;
  labels: string;
  le: number;
  at: number;
  value: number;
}

type Snapshot = Awaited<ReturnType<Metrics['all']>>;

/** Rows of `metric_samples`: the audit system's own metrics, not those of Node. Pure. `at` in seconds since the epoch. */
export function samplesOf(metrics: Snapshot, at: number): Sample[] {
  return metrics
    .filter(({ name }) => name.startsWith('audit_'))
    .flatMap((metric) =>
      metric.values.map((value) => {
        const { le, ...labels } = value.labels as Record<string, string | number | undefined>;
        const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
        return {
          name: ('metricName' in value ? String(value.metricName) : undefined) ?? metric.name,
          labels: JSON.stringify(Object.fromEntries(sorted)),
          le: le === undefined ? 0 : Number(String(le).replace('+Inf', 'Infinity')),
          at,
          value: value.value,
        };
      }),
    );
}

/** Keeps what the processes count in ClickHouse, for dashboards. While ClickHouse is away there are no samples. */
@Injectable()
export class MetricSampler {
  private readonly log = new Logger('MetricSampler');

  constructor(
    private readonly metrics: Metrics,
    @Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient,
    private readonly clock: Clock,
  ) {}

  @Interval(SAMPLE_MS)
  async sample(): Promise<void> {
    const at = (Math.floor(this.clock.now() / SAMPLE_MS) * SAMPLE_MS) / 1000;
    try {
      // As text: JSON has no word for infinity.
      const values = samplesOf(await this.metrics.all(), at).map((row) => ({ ...row, le: String(row.le) }));
      await this.clickhouse.insert({ table: 'metric_samples', values, format: 'JSONEachRow' });
    } catch (error) {
      this.log.debug(`metrics not sampled: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
