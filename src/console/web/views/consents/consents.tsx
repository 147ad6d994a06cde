import { useState } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import type { ConsentHistory, ConsentPage } from '../../../../registers/consents.controller';
import { api } from '../../api';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Empty } from '../../ui/feedback';
import { Form, SelectField, TextField } from '../../ui/form';
import { Await, PagedTable } from '../../ui/list';
import { Page, Tabs } from '../../ui/page';
import { Badge, Time } from '../../ui/text';
import { useLoad, usePages } from '../../ui/use-load';
import { href, useQueryState } from '../../ui/use-query-state';
import { common } from '../../words/common';
import { wordsOf } from '../../words/words';
import { ConsentExceptions } from './consent-exceptions';
import { consentWords } from './words';

type Consent = ConsentPage['items'][number];

const State = ({ state }: { state: Consent['state'] }) => (
  <Badge tone={state === 'granted' ? 'good' : 'warn'}>{wordsOf(consentWords).states[state]}</Badge>
);

/** Consents as they stand, the history of a person, and what was done without one. */
export default function Consents() {
  const t = wordsOf(consentWords);
  const exceptions = useRoute().params.rest === 'exceptions';
  return (
    <Page title={t.title} lead={t.lead}>
      <Tabs
        label={t.title}
        items={[
          { href: '/console/consents', title: t.current, current: !exceptions },
          { href: '/console/consents/exceptions', title: t.exceptions, current: exceptions },
        ]}
      />
      {exceptions ? <ConsentExceptions /> : <Current />}
    </Page>
  );
}

function Current() {
  const t = wordsOf(consentWords);
  const { query, change } = useQueryState();
  const [person, setPerson] = useState(query.subjectId ?? '');
  const { subjectId, state } = query;
  const pages = usePages<Consent>(
    async (cursor, signal) => {
      const page = await api.get<ConsentPage>('compliance/consents', { subjectId, state, cursor }, signal);
      return { items: page.items, next: page.nextCursor ?? undefined };
    },
    [subjectId, state],
  );
  return (
    <>
      <div class="filter-bar">
        <Form inline onSubmit={() => change({ subjectId: person.trim() || undefined })}>
          <TextField label={t.person} value={person} onValue={setPerson} placeholder={t.personHint} />
          <SelectField
            label={wordsOf(common).status}
            value={state ?? ''}
            options={[['', t.any], ...Object.entries(t.states)]}
            onValue={(value) => change({ state: value || undefined })}
          />
          <Button type="submit">{wordsOf(common).apply}</Button>
        </Form>
      </div>
      <PagedTable
        label={t.current}
        pages={pages}
        keyOf={({ eventId }) => eventId}
        hrefOf={(consent) =>
          href('/console/consents', { ...query, of: consent.subjectId, purpose: consent.purpose ?? undefined })
        }
        empty={
          <Empty icon="consents" title={t.none}>
            {t.noneHint}
          </Empty>
        }
        columns={[
          { key: 'person', title: t.person, width: '15rem', cell: ({ subjectId: subject }) => subject },
          { key: 'purpose', title: t.purpose, cell: ({ purpose }) => purpose ?? '–' },
          {
            key: 'state',
            title: wordsOf(common).status,
            width: '8rem',
            cell: (consent) => <State state={consent.state} />,
          },
          { key: 'changed', title: t.changed, width: '12.5rem', cell: ({ changedAt }) => <Time at={changedAt} /> },
          { key: 'data', title: t.data, cell: ({ dataCategories }) => dataCategories.join(', ') },
          { key: 'changes', title: t.changes, width: '6rem', align: 'end', cell: ({ changes }) => changes },
        ]}
      />
      {query.of && (
        <Dialog title={t.history} drawer onClose={() => change({ of: undefined, purpose: undefined })}>
          <History subjectId={query.of} purpose={query.purpose} />
        </Dialog>
      )}
    </>
  );
}

function History({ subjectId, purpose }: { subjectId: string; purpose: string | undefined }) {
  const history = useLoad(
    (signal) => api.get<ConsentHistory>('compliance/consents/history', { subjectId, purpose }, signal),
    [subjectId, purpose],
  );
  return (
    <Await of={history}>
      {({ items }) => (
        <ol class="history">
          {items.map((step) => (
            <li key={step.eventId}>
              <p class="row">
                <State state={step.state} /> <Time at={step.at} />
              </p>
              <p>
                {step.purpose} <a href={`/console/events/${step.eventId}`}>{step.description}</a>
              </p>
            </li>
          ))}
        </ol>
      )}
    </Await>
  );
}
