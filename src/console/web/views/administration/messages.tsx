import type { NotificationPage } from '../../../../channels/notifications.controller';
import { api } from '../../api';
import { Empty } from '../../ui/feedback';
import { PagedTable } from '../../ui/list';
import { Time } from '../../ui/text';
import { usePages } from '../../ui/use-load';
import { common } from '../../words/common';
import { wordsOf } from '../../words/words';
import { MessageState } from '../alerts/message-state';
import { adminWords } from './words';

type Message = NotificationPage['items'][number];

/** Every message to people and machines, and what became of it. */
export function Messages() {
  const t = wordsOf(adminWords);
  const c = wordsOf(common);
  const pages = usePages<Message>(async (cursor, signal) => {
    const page = await api.get<NotificationPage>('notifications', { cursor }, signal);
    return { items: page.items, next: page.nextCursor ?? undefined };
  }, []);
  return (
    <PagedTable
      label={t.tabs.messages}
      pages={pages}
      keyOf={({ id }) => id}
      empty={<Empty icon="requests" title={t.noMessages} />}
      columns={[
        { key: 'time', title: c.time, width: '12.5rem', cell: ({ createdAt }) => <Time at={createdAt} /> },
        {
          key: 'state',
          title: c.status,
          width: '7rem',
          cell: ({ state }) => <MessageState state={state} />,
        },
        {
          key: 'about',
          title: t.about,
          width: '15rem',
          cell: ({ alertId, kind, ruleId }) =>
            alertId ? <a href={`/console/alerts/${alertId}`}>{`${kind}: ${ruleId}`}</a> : kind,
        },
        { key: 'group', title: t.group, width: '9rem', cell: ({ group }) => group },
        { key: 'to', title: t.destination, width: '14rem', cell: ({ type, destination }) => `${type} ${destination}` },
        { key: 'reason', title: c.reason, cell: ({ reason }) => reason },
      ]}
    />
  );
}
