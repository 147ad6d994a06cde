import { useState } from 'preact/hooks';
import type { LegalHoldList } from '../../../../privacy/holds.controller';
import { api } from '../../api';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Empty, ErrorBox, toast } from '../../ui/feedback';
import { Form, TextField } from '../../ui/form';
import { Await } from '../../ui/list';
import { ReasonDialog } from '../../ui/reason-dialog';
import { Table } from '../../ui/table';
import { Time } from '../../ui/text';
import { useAction, useLoad } from '../../ui/use-load';
import { common } from '../../words/common';
import { wordsOf } from '../../words/words';
import { adminWords } from './words';

type Hold = LegalHoldList['items'][number];

/** Legal holds: those in force and those that were released. */
export function Holds() {
  const t = wordsOf(adminWords);
  const [adding, setAdding] = useState(false);
  const [releasing, setReleasing] = useState<Hold | undefined>(undefined);
  const list = useLoad((signal) => api.get<LegalHoldList>('privacy/holds', {}, signal), []);
  const done = () => {
    setAdding(false);
    setReleasing(undefined);
    list.reload();
    toast(t.done);
  };
  const covers = ({ subjects, eventTypes, resourceType, resourceId }: Hold) =>
    [...subjects, ...eventTypes, resourceType, resourceId].filter(Boolean).join(', ') || t.everything;
  return (
    <div class="stack">
      <p>
        <Button icon="plus" onClick={() => setAdding(true)}>
          {t.newHold}
        </Button>
      </p>
      <Await of={list}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon="compliance" title={t.noHolds}>
              {t.noHoldsHint}
            </Empty>
          ) : (
            <Table
              label={t.tabs.holds}
              rows={items}
              keyOf={({ id }) => id}
              columns={[
                { key: 'name', title: t.holdName, cell: ({ name }) => name },
                { key: 'covers', title: t.covers, cell: covers },
                { key: 'placed', title: t.placed, cell: ({ placedAt }) => <Time at={placedAt} /> },
                { key: 'reason', title: wordsOf(common).reason, cell: ({ reason }) => reason },
                {
                  key: 'released',
                  title: t.released,
                  cell: (hold) =>
                    hold.releasedAt ? (
                      <Time at={hold.releasedAt} />
                    ) : (
                      <Button onClick={() => setReleasing(hold)}>{t.release}</Button>
                    ),
                },
              ]}
            />
          )
        }
      </Await>
      {adding && (
        <Dialog title={t.newHold} onClose={() => setAdding(false)}>
          <HoldForm onDone={done} />
        </Dialog>
      )}
      {releasing && (
        <ReasonDialog
          title={t.release}
          lead={t.releaseLead(releasing.name)}
          hint={t.reasonHint}
          danger
          onClose={() => setReleasing(undefined)}
          act={async (reason) => {
            await api.post(`privacy/holds/${releasing.id}/release`, { reason });
            done();
          }}
        />
      )}
    </div>
  );
}

function HoldForm({ onDone }: { onDone: () => void }) {
  const t = wordsOf(adminWords);
  const [fields, setFields] = useState({
    name: '',
    reason: '',
    subjectId: '',
    eventTypes: '',
    resourceType: '',
    resourceId: '',
  });
  const set = (field: keyof typeof fields) => (value: string) => setFields({ ...fields, [field]: value });
  const save = useAction(async () => {
    const { eventTypes, ...texts } = fields;
    const given = Object.fromEntries(Object.entries(texts).filter(([, value]) => value.trim() !== ''));
    const types = eventTypes
      .split(',')
      .map((type) => type.trim())
      .filter(Boolean);
    await api.post('privacy/holds', { ...given, eventTypes: types });
    onDone();
  });
  const c = wordsOf(common);
  return (
    <Form onSubmit={() => void save.run()}>
      <p>{t.holdLead}</p>
      <TextField label={t.holdName} value={fields.name} onValue={set('name')} />
      <TextField label={c.reason} hint={t.reasonHint} value={fields.reason} onValue={set('reason')} />
      <TextField label={t.holdPerson} value={fields.subjectId} onValue={set('subjectId')} />
      <TextField label={t.holdTypes} value={fields.eventTypes} onValue={set('eventTypes')} />
      <TextField label={c.resource} value={fields.resourceType} onValue={set('resourceType')} />
      <TextField label={`${c.resource} id`} value={fields.resourceId} onValue={set('resourceId')} />
      <ErrorBox error={save.error} />
      <Button type="submit" kind="primary" busy={save.busy} disabled={!fields.name.trim() || !fields.reason.trim()}>
        {c.save}
      </Button>
    </Form>
  );
}
