import { useMemo } from 'preact/hooks';
import type { DashboardSummary } from '../../../../statistics/dashboard.schema';
import { api } from '../../api';
import { preferences } from '../../preferences';
import { Button } from '../../ui/button';
import { Empty } from '../../ui/feedback';
import { Await } from '../../ui/list';
import { Card, Page, Stat } from '../../ui/page';
import { Shares } from '../../ui/shares';
import { asQuery, Span, spanOf } from '../../ui/span';
import { TimeChart } from '../../ui/time-chart';
import { TimeRange } from '../../ui/time-range';
import { useLoad } from '../../ui/use-load';
import { href, useQueryState } from '../../ui/use-query-state';
import { common } from '../../words/common';
import { number, percent } from '../../words/format';
import { wordsOf } from '../../words/words';
import { AccountingCard, AlertsCard, ComplianceCard } from './cards';
import { AnomaliesCard, FirstSeenCard, HeatmapCard } from './patterns';
import { overviewWords } from './words';
import './overview.css';

/** The whole log at a glance: how much, how bad, who, when, and whether the log itself is well. */
export default function Overview() {
  const t = wordsOf(overviewWords);
  const { query } = useQueryState();
  const { zone } = preferences.value;
  const asked = JSON.stringify([query.range, query.from, query.to, zone]);
  const span = useMemo(() => spanOf(query, '30d', Date.now()), [asked]);
  const summary = useLoad(
    (signal) => api.get<DashboardSummary>('dashboard/summary', { ...asQuery(span), timezone: zone }, signal),
    [asked],
  );
  return (
    <Page
      title={t.title}
      lead={t.lead}
      actions={
        <>
          <TimeRange usual="30d" span={span} />
          <Button onClick={summary.reload}>{wordsOf(common).reload}</Button>
        </>
      }
    >
      <Await of={summary}>
        {(data) =>
          data.totals.events.count === 0 && data.pipeline.stored === 0 ? (
            <Empty icon="overview" title={t.empty}>
              {t.emptyHint}
            </Empty>
          ) : (
            <Filled data={data} span={span} />
          )
        }
      </Await>
    </Page>
  );
}

function Filled({ data, span }: { data: DashboardSummary; span: Span }) {
  const t = wordsOf(overviewWords);
  const { change } = useQueryState();
  const { totals, trend, parties } = data;
  const ofDays = parties.from === data.from && parties.to === data.to ? undefined : t.wholeDays;
  const period = asQuery(span);
  const find = (filter: Record<string, string>) => href('/console/search', { ...period, ...filter });
  const times = useMemo(() => trend.starts.map((start) => Date.parse(start)), [trend]);
  return (
    <div class="stack">
      <div class="stats">
        <Stat
          label={t.events}
          value={number(totals.events.count)}
          note={<Change of={totals.events} />}
          href={find({})}
        />
        <Stat
          label={t.failures}
          value={number(totals.failures.count)}
          note={<Change of={totals.failures} />}
          href={find({ outcome: 'failure,denied' })}
        />
        <Stat
          label={t.severe}
          value={number(totals.highSeverity.count)}
          note={<Change of={totals.highSeverity} />}
          href={find({ minSeverity: 'high' })}
        />
        <Stat label={t.users} value={number(totals.users)} note={ofDays} />
        <Stat label={t.addresses} value={number(totals.addresses)} note={ofDays} />
        <Stat label={t.resources} value={number(totals.resources)} note={ofDays} />
      </div>
      <Card title={t.trend}>
        <TimeChart
          label={t.trend}
          times={times}
          series={[
            { name: t.events, color: '--chart-1', values: trend.events },
            { name: t.failures, color: '--chart-4', values: trend.failures },
          ]}
          onRange={(from, to) => change({ range: undefined, ...asQuery({ from, to }) }, { replace: false })}
        />
      </Card>
      <div class="grid">
        <AlertsCard alerts={data.alerts} />
        <ComplianceCard facts={data.compliance} />
        <AccountingCard pipeline={data.pipeline} />
        <Spread title={t.severities} filter="severity" items={data.bySeverity} find={find} />
        <Spread title={t.categories} filter="category" items={data.byCategory} find={find} />
        <Spread title={t.outcomes} filter="outcome" items={data.byOutcome} find={find} />
        <Top title={t.topUsers} filter="userId" items={data.topUsers} find={find} />
        <Top title={t.topAddresses} filter="ipAddress" items={data.topAddresses} find={find} />
        <Top title={t.topResources} filter="resourceId" items={data.topResources} find={find} />
        <HeatmapCard span={span} />
        <AnomaliesCard />
        <FirstSeenCard span={span} />
      </div>
    </div>
  );
}

/** The change against the period before, in words as well as by its sign. */
function Change({ of }: { of: DashboardSummary['totals']['events'] }) {
  const t = wordsOf(overviewWords);
  if (of.change === null) return <>{t.new}</>;
  if (of.change === 0) return <>{t.same}</>;
  return <>{t.versus(`${of.change > 0 ? '+' : '−'}${percent(Math.abs(of.change))}`)}</>;
}

type Find = (filter: Record<string, string>) => string;

const Spread = ({
  title,
  filter,
  items,
  find,
}: {
  title: string;
  filter: string;
  items: DashboardSummary['byCategory'];
  find: Find;
}) => (
  <Card title={title}>
    <Shares
      label={title}
      items={items.map(({ key, count }) => ({
        name: key ?? '–',
        count,
        href: key === null ? undefined : find({ [filter]: encodeURIComponent(key) }),
      }))}
    />
  </Card>
);

function Top({
  title,
  filter,
  items,
  find,
}: {
  title: string;
  filter: string;
  items: DashboardSummary['topUsers'];
  find: Find;
}) {
  const known = items.filter(({ key }) => key !== null);
  return (
    <Card title={title}>
      {known.length === 0 ? (
        <p class="quiet">–</p>
      ) : (
        <Shares
          label={title}
          items={known.map(({ key, resourceType, events }) => ({
            name: [resourceType, key].filter(Boolean).join(' '),
            count: events,
            href: find({ [filter]: encodeURIComponent(key ?? '') }),
          }))}
        />
      )}
    </Card>
  );
}
