import { useMemo } from 'preact/hooks';
import { api } from '../../api';
import type { Query } from '../../api';
import { preferences } from '../../preferences';
import { ErrorBox } from '../../ui/feedback';
import type { Span } from '../../ui/span';
import { TimeChart } from '../../ui/time-chart';
import { useLoad } from '../../ui/use-load';
import { useQueryState } from '../../ui/use-query-state';
import { wordsOf } from '../../words/words';
import { instantOf } from '../../words/zoned';
import { bucketOf } from './filters';
import { searchWords } from './words';

interface Counted {
  total: number;
  groups: { key: string; count: number }[];
}

/** When the events that were found happened. Dragging over it narrows the period. */
export function Histogram({ span, query, asked }: { span: Span; query: Query; asked: string }) {
  const t = wordsOf(searchWords);
  const { change } = useQueryState();
  const { zone } = preferences.value;
  const { groupBy, ms } = bucketOf(span);
  const counted = useLoad(
    (signal) => api.get<Counted>('events/count', { ...query, groupBy, timezone: zone, top: 1000 }, signal),
    [asked, zone],
  );
  const { times, values } = useMemo(() => filled(counted.data?.groups ?? [], span, ms, zone), [counted.data]);
  if (counted.error !== undefined) return <ErrorBox error={counted.error} retry={counted.reload} />;
  const total = counted.data ? t.events(counted.data.total) : '…';
  return (
    <div aria-busy={counted.loading}>
      <p class="quiet" role="status">
        {total}
      </p>
      <TimeChart
        label={t.histogram}
        times={times}
        series={[{ name: total, color: '--chart-1', values }]}
        height={110}
        bars
        onRange={(from, to) =>
          change(
            { range: undefined, from: new Date(from).toISOString(), to: new Date(to).toISOString() },
            { replace: false },
          )
        }
      />
    </div>
  );
}

/** The counts with zeros where nothing happened. */
function filled(groups: Counted['groups'], { from, to }: Span, ms: number, zone: string) {
  const counts = new Map(
    groups.map(({ key, count }) => [key.length === 10 ? (instantOf(key, zone) ?? 0) : Date.parse(key), count]),
  );
  const first = Math.min(...counts.keys());
  // Days are not all as long as each other, so that the known starts lead where there are any.
  const start = Number.isFinite(first) ? first - Math.ceil((first - from) / ms) * ms : from;
  const times = new Set(counts.keys());
  for (let at = start; at < to; at += ms)
    if (![...counts.keys()].some((known) => Math.abs(known - at) < ms / 2)) times.add(at);
  const sorted = [...times].sort((a, b) => a - b);
  return { times: sorted, values: sorted.map((at) => counts.get(at) ?? 0) };
}
