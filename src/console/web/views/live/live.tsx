import { useEffect, useState } from 'preact/hooks';
import type { EventItem } from '../../../../search/event-item';
import { SEVERITIES } from '../../../../events/event-types';
import { api } from '../../api';
import { follow } from '../../server-sent-events';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Empty, ErrorBox, Loading } from '../../ui/feedback';
import { Form, SelectField, TextField } from '../../ui/form';
import { Page } from '../../ui/page';
import { Table } from '../../ui/table';
import { Badge } from '../../ui/text';
import { href, useQueryState } from '../../ui/use-query-state';
import { common } from '../../words/common';
import { number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { EventBody } from '../event/event-body';
import { columnsOf } from '../search/columns';
import { apiFilters } from '../search/filters';
import { NOTHING, paused, Recent, receivedSince, taken } from './recent';
import { liveWords } from './words';

/** How many of the latest events stand there at the beginning. */
const BACKFILL = 50;
/** What arrives within this time, ms, is shown together. */
const TOGETHER_MS = 200;

/** Follows the log. A pause holds back what comes, and nothing is missed by it or by a cut of the connection. */
export default function Live() {
  const t = wordsOf(liveWords);
  const c = wordsOf(common);
  const { query, change } = useQueryState();
  const [recent, setRecent] = useState<Recent>(NOTHING);
  const stream = useStream(
    query,
    (events) => setRecent((before) => taken(before, events)),
    () => setRecent(NOTHING),
  );
  const [text, setText] = useState(query.text ?? '');
  return (
    <Page
      title={t.title}
      lead={t.lead}
      actions={
        <>
          <span role="status">
            <Badge tone={stream.state === 'open' ? 'good' : 'warn'}>{stream.state === 'open' ? c.live : c.cut}</Badge>
          </span>
          <span class="quiet">{t.rate(number(receivedSince(recent, Date.now() - 60_000)))}</span>
          <Button
            icon={recent.paused ? 'play' : 'pause'}
            kind={recent.paused ? 'primary' : 'plain'}
            onClick={() => setRecent(paused(recent, !recent.paused))}
          >
            {recent.paused ? t.resume : t.pause}
          </Button>
          <Button onClick={() => setRecent({ ...recent, rows: [], held: [] })}>{t.clear}</Button>
        </>
      }
    >
      <div class="filter-bar">
        <Form inline onSubmit={() => change({ text: text || undefined })}>
          <SelectField
            label={t.atLeast}
            value={query.minSeverity ?? ''}
            options={[['', t.any], ...SEVERITIES.map((name) => [name, c.severities[name]] as const)]}
            onValue={(value) => change({ minSeverity: value || undefined })}
          />
          <TextField type="search" label={c.description} value={text} onValue={setText} />
          <Button type="submit">{c.apply}</Button>
        </Form>
      </div>
      {recent.held.length > 0 && <p role="status">{t.waiting(number(recent.held.length))}</p>}
      <ErrorBox error={stream.error} />
      {recent.rows.length === 0 && stream.state === undefined && stream.error === undefined && <Loading />}
      {recent.rows.length === 0 && stream.state !== undefined && (
        <Empty icon="live" title={t.none}>
          {t.noneHint}
        </Empty>
      )}
      {recent.rows.length > 0 && (
        <Table
          label={t.title}
          columns={columnsOf(query.columns)}
          rows={recent.rows}
          keyOf={(event) => event.id}
          hrefOf={(event) => href('/console/live', { ...query, event: event.id })}
        />
      )}
      {query.event && (
        <Dialog title={t.title} drawer onClose={() => change({ event: undefined })}>
          <EventBody id={query.event} known={recent.rows.find(({ id }) => id === query.event)} />
        </Dialog>
      )}
    </Page>
  );
}

/** The latest events and then all that follow, for the filters in the address; a change of these begins anew. */
function useStream(
  query: Record<string, string | undefined>,
  onEvents: (events: EventItem[]) => void,
  onStart: () => void,
): { state: 'open' | 'cut' | undefined; error: unknown } {
  const [state, setState] = useState<'open' | 'cut' | undefined>(undefined);
  const [error, setError] = useState<unknown>(undefined);
  const filters = apiFilters(query);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let waiting: EventItem[] = [];
    const flush = setInterval(() => {
      if (waiting.length > 0) onEvents(waiting.splice(0));
    }, TOGETHER_MS);
    setError(undefined);
    onStart();
    const run = async () => {
      const { items } = await api.get<{ items: EventItem[] }>('events', { ...filters, limit: BACKFILL }, signal);
      onEvents(items);
      const last = items.length > 0 ? String(Math.max(...items.map(({ leafIndex }) => leafIndex))) : undefined;
      const options = { query: filters, signal, ...(last === undefined ? {} : { lastId: last }) };
      await follow('events/stream', options, ({ data }) => waiting.push(JSON.parse(data) as EventItem), setState);
    };
    run().catch((failure: unknown) => !signal.aborted && setError(failure));
    return () => {
      clearInterval(flush);
      waiting = [];
      controller.abort();
    };
  }, [JSON.stringify(filters)]);
  return { state, error };
}
