import { useRoute } from 'preact-iso';
import type { BreachPage } from '../../../../registers/breaches.controller';
import { api } from '../../api';
import { may } from '../../session';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Empty } from '../../ui/feedback';
import { PagedTable } from '../../ui/list';
import { Page, Tabs } from '../../ui/page';
import { Time } from '../../ui/text';
import { usePages } from '../../ui/use-load';
import { useQueryState } from '../../ui/use-query-state';
import { common } from '../../words/common';
import { wordsOf } from '../../words/words';
import { BreachDetail } from './breach-detail';
import { BreachForm } from './breach-form';
import { NextClock } from './clocks';
import { breachWords } from './words';

type Breach = BreachPage['items'][number];

/** The register of breaches, and single ones under their ids. */
export default function Breaches() {
  const id = useRoute().params.rest ?? '';
  return id === '' ? <Register /> : <BreachDetail id={id} />;
}

function Register() {
  const t = wordsOf(breachWords);
  const { query, change } = useQueryState();
  const all = query.list === 'all';
  const pages = usePages<Breach>(
    async (cursor, signal) => {
      const filter = all ? {} : { state: 'open' };
      const page = await api.get<BreachPage>('compliance/breaches', { ...filter, cursor }, signal);
      return { items: page.items, next: page.nextCursor ?? undefined };
    },
    [all],
  );
  return (
    <Page
      title={t.title}
      lead={t.lead}
      actions={
        may('reports:write') && (
          <Button kind="primary" icon="plus" onClick={() => change({ new: '1' })}>
            {t.newBreach}
          </Button>
        )
      }
    >
      <Tabs
        label={t.title}
        items={[
          { href: '/console/breaches', title: t.open, current: !all },
          { href: '/console/breaches?list=all', title: t.all, current: all },
        ]}
      />
      <PagedTable
        label={t.title}
        pages={pages}
        keyOf={({ id }) => id}
        hrefOf={({ id }) => `/console/breaches/${encodeURIComponent(id)}`}
        empty={
          <Empty icon="breaches" title={t.none}>
            {t.noneHint}
          </Empty>
        }
        columns={[
          { key: 'title', title: t.breach, cell: ({ title }) => title },
          { key: 'aware', title: t.aware, width: '12.5rem', cell: ({ awareAt }) => <Time at={awareAt} /> },
          { key: 'risk', title: t.risk, width: '10rem', cell: ({ risk }) => t.risks[risk] },
          { key: 'state', title: wordsOf(common).status, width: '7rem', cell: ({ state }) => t.states[state] },
          { key: 'clock', title: t.clocks, width: '18rem', cell: (breach) => <NextClock clocks={breach.clocks} /> },
        ]}
      />
      {query.new && (
        <Dialog title={t.newBreach} onClose={() => change({ new: undefined })}>
          <BreachForm />
        </Dialog>
      )}
    </Page>
  );
}
