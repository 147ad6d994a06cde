import type { AnomaliesAnswer, FirstSeenAnswer, HeatmapAnswer } from '../../../../statistics/analytics.schema';
import { api } from '../../api';
import { preferences } from '../../preferences';
import { Await } from '../../ui/list';
import { Card } from '../../ui/page';
import { asQuery, Span } from '../../ui/span';
import { Time } from '../../ui/text';
import { useLoad } from '../../ui/use-load';
import { href } from '../../ui/use-query-state';
import { number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { overviewWords } from './words';

const SHOWN = 8;
const HOUR = 3_600_000;
/** A Monday; the rows of the heat map begin with it. */
const MONDAY = Date.UTC(2026, 10, 23);

/** Events by weekday and hour, darker where there are more; every cell says its figure. */
export function HeatmapCard({ span }: { span: Span }) {
  const t = wordsOf(overviewWords);
  const { zone, language } = preferences.value;
  const query = { ...asQuery(span), timezone: zone };
  const map = useLoad((signal) => api.get<HeatmapAnswer>('analytics/heatmap', query, signal), [span, zone]);
  const days = Array.from({ length: 7 }, (_, day) =>
    new Date(MONDAY + day * 24 * HOUR).toLocaleDateString(language, { weekday: 'short', timeZone: 'UTC' }),
  );
  return (
    <Card title={t.heatmap} wide>
      <Await of={map}>
        {({ events, largest }) => (
          <div class="heatmap-box" tabIndex={0} role="region" aria-label={t.heatmap}>
            <table class="heatmap">
              <thead>
                <tr>
                  <th scope="col">
                    <span class="hidden">{t.hour}</span>
                  </th>
                  {Array.from({ length: 24 }, (_, hour) => (
                    <th key={hour} scope="col">
                      {hour}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {events.map((hours, day) => (
                  <tr key={day}>
                    <th scope="row">{days[day]}</th>
                    {hours.map((count, hour) => (
                      <td key={hour} title={t.heatmapCell(days[day] ?? '', hour, number(count))}>
                        <i style={{ opacity: largest === 0 ? 0 : Math.sqrt(count / largest) }} />
                        <span class="hidden">{number(count)}</span>
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Await>
    </Card>
  );
}

export function AnomaliesCard() {
  const t = wordsOf(overviewWords);
  const { zone } = preferences.value;
  const found = useLoad(
    (signal) => api.get<AnomaliesAnswer>('analytics/anomalies', { timezone: zone, limit: SHOWN }, signal),
    [zone],
  );
  return (
    <Card title={t.anomalies}>
      <Await of={found}>
        {({ items, history }) => (
          <>
            <p class="quiet">{items.length === 0 ? t.noAnomalies : t.anomaliesHint(history.weeks)}</p>
            <ul class="pairs">
              {items.map(({ at, events, expected }) => (
                <li key={at}>
                  <a href={href('/console/search', asQuery({ from: Date.parse(at), to: Date.parse(at) + HOUR }))}>
                    <Time at={at} />
                  </a>
                  <span>
                    <b>{number(events)}</b>{' '}
                    <span class="quiet">
                      {t.expected} {number(expected, 1)}
                    </span>
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
      </Await>
    </Card>
  );
}

export function FirstSeenCard({ span }: { span: Span }) {
  const t = wordsOf(overviewWords);
  const query = { ...asQuery(span), of: 'address', limit: SHOWN };
  const seen = useLoad((signal) => api.get<FirstSeenAnswer>('analytics/first-seen', query, signal), [span]);
  return (
    <Card title={t.firstSeen}>
      <Await of={seen}>
        {({ items }) => (
          <>
            {items.length === 0 && <p class="quiet">{t.noFirstSeen}</p>}
            <ul class="pairs">
              {items.map(({ key, firstAt }) => (
                <li key={key}>
                  <a href={href('/console/search', { ipAddress: key, range: '30d' })}>{key}</a>
                  <span class="quiet">
                    <Time at={firstAt} />
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
      </Await>
    </Card>
  );
}
