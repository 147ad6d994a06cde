import type { EventItem } from '../../../../search/event-item';
import { Dialog } from '../../ui/dialog';
import { CheckField } from '../../ui/form';
import type { Column } from '../../ui/table';
import { Cut, Outcome, Severity, Time } from '../../ui/text';
import { useQueryState } from '../../ui/use-query-state';
import { common } from '../../words/common';
import { wordsOf } from '../../words/words';
import { searchWords } from './words';

const USUAL = 'occurredAt,severity,eventType,outcome,userId,ipAddress,description';

/** Every column of events, in the order in which they are shown. */
function allColumns(): Column<EventItem>[] {
  const t = wordsOf(searchWords);
  const c = wordsOf(common);
  return [
    { key: 'occurredAt', title: c.time, width: '12.5rem', cell: (event) => <Time at={event.occurredAt} /> },
    { key: 'severity', title: t.fields.severity, width: '7rem', cell: (event) => <Severity value={event.severity} /> },
    { key: 'eventType', title: t.fields.eventType, width: '13rem', cell: (event) => event.eventType },
    { key: 'category', title: t.fields.category, width: '10rem', cell: (event) => event.category },
    { key: 'outcome', title: t.fields.outcome, width: '7rem', cell: (event) => <Outcome value={event.outcome} /> },
    {
      key: 'userId',
      title: t.fields.userId,
      width: '10rem',
      cell: (event) => <Cut text={event.context?.userId} width="9.5rem" />,
    },
    {
      key: 'subjectId',
      title: t.fields.subjectId,
      width: '10rem',
      cell: (event) => <Cut text={event.subjectId} width="9.5rem" />,
    },
    { key: 'ipAddress', title: t.fields.ipAddress, width: '10rem', cell: (event) => event.context?.ipAddress },
    { key: 'service', title: t.fields.service, width: '8rem', cell: (event) => event.context?.service },
    { key: 'resource', title: t.fields.resourceType, width: '12rem', cell: resourceOf },
    {
      key: 'correlationId',
      title: t.fields.correlationId,
      width: '10rem',
      cell: (event) => event.context?.correlationId,
    },
    { key: 'leafIndex', title: t.leafIndex, width: '7rem', align: 'end', cell: (event) => event.leafIndex },
    { key: 'description', title: t.description, rest: true, cell: (event) => <Cut text={event.description} /> },
  ];
}

const resourceOf = ({ context }: EventItem): string =>
  [context?.resourceType, context?.resourceId].filter(Boolean).join(' ');

/** The columns that the address names with commas, or the usual ones. */
export function columnsOf(chosen: string | undefined): Column<EventItem>[] {
  const names = (chosen ?? USUAL).split(',');
  return allColumns().filter(({ key }) => names.includes(key));
}

export function ColumnChoice({ chosen, onClose }: { chosen: string | undefined; onClose: () => void }) {
  const t = wordsOf(searchWords);
  const { change } = useQueryState();
  const names = (chosen ?? USUAL).split(',');
  const set = (key: string, on: boolean) => {
    const left = on ? [...names, key] : names.filter((name) => name !== key);
    if (left.length > 0) change({ columns: left.join(',') === USUAL ? undefined : left.join(',') });
  };
  return (
    <Dialog title={t.columns} onClose={onClose}>
      <div class="stack">
        {allColumns().map(({ key, title }) => (
          <CheckField key={key} label={title} checked={names.includes(key)} onValue={(on) => set(key, on)} />
        ))}
      </div>
    </Dialog>
  );
}
