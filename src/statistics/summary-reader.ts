import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { PipelineStateReader } from '../health/pipeline-state';
import { AnalyticsReader, localIso, spanTexts, zonedOf } from './analytics-reader';
import { bucketStarts, parseInterval, Span, usualInterval } from './buckets';
import type { DashboardSummary } from './dashboard.schema';
import { DayTops } from './day-tops';
import { RollUpState } from './roll-up-state';
import { alongStarts, partiesSpan, SUMMARY_KINDS, summarize } from './summary';
import { TenantFacts } from './tenant-facts';

/** Puts together what a tenant sees first. */
@Injectable()
export class SummaryReader {
  constructor(
    private readonly analytics: AnalyticsReader,
    private readonly tops: DayTops,
    private readonly facts: TenantFacts,
    private readonly pipeline: PipelineStateReader,
    private readonly rollUp: RollUpState,
    private readonly clock: Clock,
  ) {}

  async read(tenant: string, span: Span, timezone: string): Promise<DashboardSummary> {
    const named = usualInterval(span.from, span.to);
    const interval = parseInterval(named);
    if (typeof interval === 'string') throw new TypeError(interval);
    const starts = bucketStarts(span.from, span.to, interval, timezone);
    const before = { from: span.from - (span.to - span.from), to: span.from };
    const parties = partiesSpan(span);
    const [trend, points, previous, { user, address, resource }, alerts, compliance, state, uncountedBatches] =
      await Promise.all([
        this.analytics.points(tenant, span, starts, []),
        this.analytics.points(tenant, span, [span.from], SUMMARY_KINDS),
        this.analytics.points(tenant, before, [before.from], SUMMARY_KINDS),
        this.tops.read(tenant, parties),
        this.facts.alerts(tenant, this.clock.now()),
        this.facts.compliance(tenant, span),
        this.pipeline.read(tenant),
        this.rollUp.uncounted(),
      ]);
    const counted = summarize(points, previous);
    const { accepted, stored, waiting, duplicates, deadLettered, unaccounted } = state;
    return {
      ...zonedOf(span, timezone),
      previous: spanTexts(before),
      parties: spanTexts(parties),
      totals: { ...counted.totals, users: user.total, addresses: address.total, resources: resource.total },
      byCategory: counted.byCategory,
      bySeverity: counted.bySeverity,
      byOutcome: counted.byOutcome,
      trend: {
        interval: named,
        starts: starts.map((start) => localIso(start, timezone)),
        ...alongStarts(trend, starts),
      },
      topUsers: user.items,
      topAddresses: address.items,
      topResources: resource.items,
      alerts,
      compliance: { ...counted.compliance, ...compliance },
      pipeline: { accepted, stored, waiting, duplicates, deadLettered, unaccounted, uncountedBatches },
    };
  }
}
