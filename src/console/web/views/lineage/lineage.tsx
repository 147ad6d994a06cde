import { useState } from 'preact/hooks';
import type { EventItem } from '../../../../search/event-item';
import { api, download } from '../../api';
import { may } from '../../session';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Empty, ErrorBox } from '../../ui/feedback';
import { Form, SelectField, TextField } from '../../ui/form';
import { PagedTable } from '../../ui/list';
import { Page } from '../../ui/page';
import { useAction, usePages } from '../../ui/use-load';
import { href, useQueryState } from '../../ui/use-query-state';
import { wordsOf } from '../../words/words';
import { EventBody } from '../event/event-body';
import { columnsOf } from '../search/columns';
import { lineageWords } from './words';

const COLUMNS = 'occurredAt,eventType,outcome,userId,service,resource,description';

/** Follows one resource or one person through the log. */
export default function Lineage() {
  const t = wordsOf(lineageWords);
  const { query, change } = useQueryState();
  const { resourceType, resourceId, userId } = query;
  const named: Record<string, string> | undefined = userId
    ? { userId }
    : resourceType && resourceId
      ? { resourceType, resourceId }
      : undefined;
  const save = useAction(() => download('compliance/lineage/export', 'lineage.csv', { ...named, format: 'csv' }));
  return (
    <Page
      title={t.title}
      lead={t.lead}
      actions={
        named &&
        may('events:export') && (
          <Button icon="download" busy={save.busy} onClick={() => void save.run()}>
            {t.export}
          </Button>
        )
      }
    >
      <Ask />
      <ErrorBox error={save.error} />
      {named ? (
        <Followed named={named} />
      ) : (
        <Empty icon="lineage" title={t.ask}>
          {t.askHint}
        </Empty>
      )}
      {query.event && (
        <Dialog title={t.title} drawer onClose={() => change({ event: undefined })}>
          <EventBody id={query.event} known={undefined} />
        </Dialog>
      )}
    </Page>
  );
}

function Ask() {
  const t = wordsOf(lineageWords);
  const { query, change } = useQueryState();
  const [kind, setKind] = useState(query.userId ? 'person' : 'resource');
  const [type, setType] = useState(query.resourceType ?? '');
  const [id, setId] = useState(query.resourceId ?? '');
  const [person, setPerson] = useState(query.userId ?? '');
  const show = () =>
    change(
      kind === 'person'
        ? { userId: person.trim(), resourceType: undefined, resourceId: undefined }
        : { userId: undefined, resourceType: type.trim(), resourceId: id.trim() },
      { replace: false },
    );
  return (
    <div class="filter-bar">
      <Form inline onSubmit={show}>
        <SelectField label={t.of} value={kind} options={Object.entries(t.kinds)} onValue={setKind} />
        {kind === 'person' ? (
          <TextField label={t.person} placeholder={t.personHint} value={person} onValue={setPerson} />
        ) : (
          <>
            <TextField label={t.type} placeholder={t.typeHint} value={type} onValue={setType} />
            <TextField label={t.id} placeholder={t.idHint} value={id} onValue={setId} />
          </>
        )}
        <Button type="submit" kind="primary">
          {t.show}
        </Button>
      </Form>
    </div>
  );
}

function Followed({ named }: { named: Record<string, string> }) {
  const t = wordsOf(lineageWords);
  const { query } = useQueryState();
  const pages = usePages<EventItem>(
    async (cursor, signal) => {
      const page = await api.get<{ items: EventItem[]; nextCursor: string | null }>(
        'compliance/lineage',
        { ...named, limit: 500, cursor },
        signal,
      );
      return { items: page.items, next: page.nextCursor ?? undefined };
    },
    [named],
  );
  return (
    <PagedTable
      label={t.title}
      pages={pages}
      columns={columnsOf(COLUMNS)}
      keyOf={(event) => event.id}
      hrefOf={(event) => href('/console/lineage', { ...query, event: event.id })}
      empty={
        <Empty icon="lineage" title={t.none}>
          {t.noneHint}
        </Empty>
      }
    />
  );
}
