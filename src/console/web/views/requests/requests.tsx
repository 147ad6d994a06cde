import { useRoute } from 'preact-iso';
import type { SubjectRequestPage } from '../../../../registers/requests.controller';
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
import { dayOf } from '../../words/format';
import { wordsOf } from '../../words/words';
import { Deadline } from './deadline';
import { NewRequest } from './new-request';
import { RequestDetail } from './request-detail';
import { requestWords } from './words';

type Request = SubjectRequestPage['items'][number];

/** The register of requests, and single ones under their ids. */
export default function Requests() {
  const id = useRoute().params.rest ?? '';
  return id === '' ? <Register /> : <RequestDetail id={id} />;
}

const LISTS = { open: { state: 'open' }, overdue: { overdue: 'true' }, all: {} } as const;

function Register() {
  const t = wordsOf(requestWords);
  const { query, change } = useQueryState();
  const list = query.list === 'overdue' || query.list === 'all' ? query.list : 'open';
  const pages = usePages<Request>(
    async (cursor, signal) => {
      const page = await api.get<SubjectRequestPage>('compliance/requests', { ...LISTS[list], cursor }, signal);
      return { items: page.items, next: page.nextCursor ?? undefined };
    },
    [list],
  );
  return (
    <Page
      title={t.title}
      lead={t.lead}
      actions={
        may('reports:write') && (
          <Button kind="primary" icon="plus" onClick={() => change({ new: '1' })}>
            {t.newRequest}
          </Button>
        )
      }
    >
      <Tabs
        label={t.title}
        items={(['open', 'overdue', 'all'] as const).map((name) => ({
          href: name === 'open' ? '/console/requests' : `/console/requests?list=${name}`,
          title: t[name],
          current: list === name,
        }))}
      />
      <PagedTable
        label={t.title}
        pages={pages}
        keyOf={({ id }) => id}
        hrefOf={({ id }) => `/console/requests/${encodeURIComponent(id)}`}
        empty={
          <Empty icon="requests" title={t.none}>
            {t.noneHint}
          </Empty>
        }
        columns={[
          { key: 'right', title: t.right, width: '14rem', cell: ({ right }) => t.rights[right] },
          { key: 'law', title: t.law, width: '5rem', cell: ({ law }) => t.laws[law] },
          { key: 'person', title: t.person, cell: ({ subjectId }) => subjectId },
          { key: 'opened', title: t.opened, width: '12.5rem', cell: ({ openedAt }) => <Time at={openedAt} /> },
          { key: 'lastDay', title: t.deadline, width: '9rem', cell: ({ lastDay }) => dayOf(`${lastDay}T12:00Z`) },
          { key: 'state', title: t.request, width: '7rem', cell: ({ state }) => t.states[state] },
          { key: 'deadline', title: t.dueTitle, width: '10rem', cell: (request) => <Deadline request={request} /> },
        ]}
      />
      {query.new && (
        <Dialog title={t.newRequest} onClose={() => change({ new: undefined })}>
          <NewRequest />
        </Dialog>
      )}
    </Page>
  );
}
