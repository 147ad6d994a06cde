import { useMemo, useState } from 'preact/hooks';
import type { EventItem } from '../../../../search/event-item';
import { api } from '../../api';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Empty } from '../../ui/feedback';
import { Form, TextField } from '../../ui/form';
import { PagedTable } from '../../ui/list';
import { Page } from '../../ui/page';
import { asQuery, spanOf } from '../../ui/span';
import { TimeRange } from '../../ui/time-range';
import { usePages } from '../../ui/use-load';
import { href, useQueryState } from '../../ui/use-query-state';
import { wordsOf } from '../../words/words';
import { EventBody } from '../event/event-body';
import { columnsOf, ColumnChoice } from './columns';
import { ExportDialog } from './export-dialog';
import { Facets } from './facets';
import { apiFilters, filtersOf, toggled } from './filters';
import { Histogram } from './histogram';
import { searchWords } from './words';
import './search.css';

/** Events on one page; the API gives a thousand at most. */
const PAGE = 500;

/** Finds events: period, text and facets choose them, a histogram shows when, and a row opens beside the list. */
export default function Search() {
  const t = wordsOf(searchWords);
  const { query, change } = useQueryState();
  const [text, setText] = useState(query.text ?? '');
  const [exporting, setExporting] = useState(false);
  const [choosing, setChoosing] = useState(false);
  const filters = apiFilters(query);
  // "Up to now" is decided when the question changes, so that all parts of the answer are about the same time.
  const asked = JSON.stringify([query.range, query.from, query.to, filters]);
  const span = useMemo(() => spanOf(query, '24h', Date.now()), [asked]);
  const chosen = { ...asQuery(span), ...filters };
  const pages = usePages(
    async (cursor, signal) => {
      const page = await api.get<{ items: EventItem[]; nextCursor: string | null }>(
        'events',
        { ...chosen, limit: PAGE, cursor },
        signal,
      );
      return { items: page.items, next: page.nextCursor ?? undefined };
    },
    [asked],
  );
  return (
    <Page
      title={t.title}
      lead={t.lead}
      actions={
        <>
          <Button onClick={() => setChoosing(true)}>{t.columns}</Button>
          <Button icon="download" onClick={() => setExporting(true)}>
            {t.export}
          </Button>
        </>
      }
    >
      <div class="filter-bar">
        <Form inline grow onSubmit={() => change({ text: text || undefined })}>
          <TextField type="search" label={t.text} placeholder={t.textHint} value={text} onValue={setText} />
          <Button type="submit" kind="primary" icon="search">
            {t.find}
          </Button>
        </Form>
        <TimeRange usual="24h" span={span} />
      </div>
      <Chosen />
      <div class="search-body">
        <Facets query={chosen} asked={asked} />
        <div class="stack">
          <Histogram span={span} query={chosen} asked={asked} />
          <PagedTable
            label={t.title}
            pages={pages}
            columns={columnsOf(query.columns)}
            keyOf={(event) => event.id}
            hrefOf={(event) => href('/console/search', { ...query, event: event.id })}
            empty={<Empty title={t.none}>{t.noneHint}</Empty>}
          />
        </div>
      </div>
      {query.event && (
        <Dialog title={t.title} drawer onClose={() => change({ event: undefined })}>
          <EventBody id={query.event} known={pages.items.find(({ id }) => id === query.event)} />
        </Dialog>
      )}
      {exporting && <ExportDialog query={chosen} onClose={() => setExporting(false)} />}
      {choosing && <ColumnChoice chosen={query.columns} onClose={() => setChoosing(false)} />}
    </Page>
  );
}

/** The filters in use, each with the button that takes it away. */
function Chosen() {
  const t = wordsOf(searchWords);
  const { query, change } = useQueryState();
  const filters = filtersOf(query);
  if (filters.length === 0) return null;
  return (
    <ul class="chosen" aria-label={t.filters}>
      {filters.flatMap(([name, values]) =>
        values.map((value) => (
          <li key={`${name} ${value}`}>
            <button
              type="button"
              class="chip"
              aria-label={t.removeFilter(t.fields[name], value)}
              onClick={() => change(toggled(query, name, value))}
            >
              <span>{t.fields[name]}</span> {value} ×
            </button>
          </li>
        )),
      )}
    </ul>
  );
}
