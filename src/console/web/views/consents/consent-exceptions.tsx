import { useMemo, useState } from 'preact/hooks';
import type { ConsentExceptionPage } from '../../../../registers/consents.controller';
import { api } from '../../api';
import { Empty } from '../../ui/feedback';
import { PagedTable } from '../../ui/list';
import { Stat } from '../../ui/page';
import { asQuery, spanOf } from '../../ui/span';
import { Time } from '../../ui/text';
import { TimeRange } from '../../ui/time-range';
import { usePages } from '../../ui/use-load';
import { useQueryState } from '../../ui/use-query-state';
import { common } from '../../words/common';
import { number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { consentWords } from './words';

type Exception = ConsentExceptionPage['items'][number];

/** What was done in a period without consent or legal basis, each with its event. */
export function ConsentExceptions() {
  const t = wordsOf(consentWords);
  const c = wordsOf(common);
  const { query } = useQueryState();
  const [counts, setCounts] = useState<ConsentExceptionPage['counts']>([]);
  const asked = JSON.stringify([query.range, query.from, query.to]);
  const span = useMemo(() => spanOf(query, '30d', Date.now()), [asked]);
  const pages = usePages<Exception>(
    async (cursor, signal) => {
      const page = await api.get<ConsentExceptionPage>(
        'compliance/consents/exceptions',
        { ...asQuery(span), cursor },
        signal,
      );
      setCounts(page.counts);
      return { items: page.items, next: page.nextCursor ?? undefined };
    },
    [asked],
  );
  return (
    <div class="stack">
      <TimeRange usual="30d" span={span} />
      <div class="stats">
        {counts.map(({ kind, events, subjects }) => (
          <Stat key={kind} label={t.kinds[kind]} value={number(events)} note={t.counts(events, subjects)} />
        ))}
      </div>
      <PagedTable
        label={t.exceptions}
        pages={pages}
        keyOf={({ eventId, kind }) => `${eventId} ${kind}`}
        hrefOf={({ eventId }) => `/console/events/${eventId}`}
        empty={<Empty icon="consents" title={t.noExceptions} />}
        columns={[
          { key: 'at', title: c.time, width: '12.5rem', cell: ({ at }) => <Time at={at} /> },
          { key: 'kind', title: t.kind, width: '19rem', cell: ({ kind }) => t.kinds[kind] },
          { key: 'type', title: t.event, width: '12rem', cell: ({ eventType }) => eventType },
          { key: 'person', title: t.person, width: '14rem', cell: ({ subjectId }) => subjectId },
          { key: 'purpose', title: t.purpose, cell: ({ purpose }) => purpose ?? '–' },
          {
            key: 'withdrawn',
            title: t.withdrawn,
            width: '12.5rem',
            cell: ({ withdrawnAt }) => (withdrawnAt ? <Time at={withdrawnAt} /> : '–'),
          },
        ]}
      />
    </div>
  );
}
