import { useState } from 'preact/hooks';
import type { DeadLetter, DeadLetterPage } from '../../../../dead-letters/dead-letters.controller';
import { api } from '../../api';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Empty, ErrorBox, toast } from '../../ui/feedback';
import { Form, TextField } from '../../ui/form';
import { Await, PagedTable } from '../../ui/list';
import { Facts } from '../../ui/page';
import { Badge, Code, Time, Tone } from '../../ui/text';
import { Paged, useAction, useLoad, usePages } from '../../ui/use-load';
import { useQueryState } from '../../ui/use-query-state';
import { common } from '../../words/common';
import { wordsOf } from '../../words/words';
import { healthWords } from './words';

type Letter = DeadLetterPage['items'][number];

const TONES: Record<Letter['state'], Tone> = { waiting: 'warn', replayed: 'good', discarded: 'neutral' };

/** Dead letters; one opens beside the list, where it can be sent again or given up. */
export function DeadLetters() {
  const t = wordsOf(healthWords);
  const { query, change } = useQueryState();
  const pages: Paged<Letter> = usePages<Letter>(async (cursor, signal) => {
    const page = await api.get<DeadLetterPage>('dead-letters', { cursor }, signal);
    return { items: page.items, next: page.nextCursor ?? undefined };
  }, []);
  const close = () => change({ letter: undefined });
  return (
    <section class="stack">
      <h2>{t.letters}</h2>
      <p class="quiet">{t.lettersLead}</p>
      <PagedTable
        label={t.letters}
        pages={pages}
        keyOf={({ id }) => id}
        hrefOf={({ id }) => `/console/health?letter=${id}`}
        empty={
          <Empty icon="check" title={t.noLetters}>
            {t.noLettersHint}
          </Empty>
        }
        columns={[
          { key: 'created', title: t.created, width: '12.5rem', cell: ({ createdAt }) => <Time at={createdAt} /> },
          {
            key: 'state',
            title: wordsOf(common).status,
            width: '9rem',
            cell: ({ state }) => <Badge tone={TONES[state]}>{t.letterStates[state]}</Badge>,
          },
          { key: 'code', title: t.reasonCode, width: '12rem', cell: ({ reasonCode }) => reasonCode },
          { key: 'event', title: t.event, width: '20rem', cell: ({ eventId }) => <code>{eventId}</code> },
          { key: 'reason', title: wordsOf(common).reason, cell: ({ reason }) => reason },
        ]}
      />
      {query.letter && (
        <Dialog title={t.letter} drawer onClose={close}>
          <LetterBody
            id={query.letter}
            onDone={() => {
              toast(t.done);
              close();
              pages.reload();
            }}
          />
        </Dialog>
      )}
    </section>
  );
}

function LetterBody({ id, onDone }: { id: string; onDone: () => void }) {
  const t = wordsOf(healthWords);
  const c = wordsOf(common);
  const path = `dead-letters/${encodeURIComponent(id)}`;
  const [reason, setReason] = useState('');
  const letter = useLoad((signal) => api.get<DeadLetter>(path, {}, signal), [id]);
  const replay = useAction(async () => {
    await api.post(`${path}/replay`);
    onDone();
  });
  const discard = useAction(async () => {
    await api.post(`${path}/discard`, { reason: reason.trim() });
    onDone();
  });
  return (
    <Await of={letter}>
      {(data) => (
        <div class="stack">
          <Facts
            items={[
              [t.event, <Code key="event" text={data.eventId} />],
              [t.created, <Time key="created" at={data.createdAt} />],
              [t.reasonCode, data.reasonCode],
              [c.reason, data.reason],
              [t.decided, data.decidedAt && <Time at={data.decidedAt} />],
              [c.comment, data.note],
            ]}
          />
          {data.state === 'waiting' && (
            <>
              <p class="quiet">{t.replayLead}</p>
              <p>
                <Button kind="primary" busy={replay.busy} onClick={() => void replay.run()}>
                  {t.replay}
                </Button>
              </p>
              <p class="quiet">{t.discardLead}</p>
              <Form inline onSubmit={() => void discard.run()}>
                <TextField label={c.reason} value={reason} onValue={setReason} />
                <Button type="submit" kind="danger" busy={discard.busy} disabled={reason.trim() === ''}>
                  {t.discard}
                </Button>
              </Form>
              <ErrorBox error={replay.error ?? discard.error} />
            </>
          )}
          <h3>{t.envelope}</h3>
          <pre class="block">{data.envelope}</pre>
        </div>
      )}
    </Await>
  );
}
