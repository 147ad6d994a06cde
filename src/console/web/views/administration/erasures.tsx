import { useState } from 'preact/hooks';
import type { Erasure, ErasureList, ErasurePreview } from '../../../../privacy/erasures.controller';
import { api } from '../../api';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Empty, ErrorBox, Notice, toast } from '../../ui/feedback';
import { Form, TextField } from '../../ui/form';
import { Await } from '../../ui/list';
import { Facts } from '../../ui/page';
import { Table } from '../../ui/table';
import { Badge, Time } from '../../ui/text';
import { useAction, useLoad } from '../../ui/use-load';
import { common } from '../../words/common';
import { number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { adminWords } from './words';

/** Erasures with their certificates, and the way to a new one. */
export function Erasures() {
  const t = wordsOf(adminWords);
  const [erasing, setErasing] = useState(false);
  const list = useLoad((signal) => api.get<ErasureList>('privacy/erasures', {}, signal), []);
  const done = () => {
    setErasing(false);
    list.reload();
    toast(t.done);
  };
  return (
    <div class="stack">
      <p>
        <Button kind="danger" onClick={() => setErasing(true)}>
          {t.erase}
        </Button>
      </p>
      <Await of={list}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon="requests" title={t.noErasures} />
          ) : (
            <Table
              label={t.erasures}
              rows={items}
              keyOf={({ id }) => id}
              columns={[
                { key: 'requested', title: t.requested, cell: ({ requestedAt }) => <Time at={requestedAt} /> },
                {
                  key: 'state',
                  title: wordsOf(common).status,
                  cell: ({ state }) => <Badge tone={state === 'done' ? 'good' : 'info'}>{t.states[state]}</Badge>,
                },
                { key: 'person', title: t.person, cell: ({ subjects }) => subjects.join(', ') },
                { key: 'events', title: t.events, align: 'end', cell: ({ unreadable }) => number(unreadable.events) },
                { key: 'reason', title: wordsOf(common).reason, cell: ({ reason }) => reason },
                { key: 'certificate', title: t.certificate, cell: (erasure) => <Certificate erasure={erasure} /> },
              ]}
            />
          )
        }
      </Await>
      {erasing && (
        <Dialog title={t.erase} onClose={() => setErasing(false)}>
          <EraseForm onDone={done} />
        </Dialog>
      )}
    </div>
  );
}

function Certificate({ erasure }: { erasure: Erasure }) {
  if (!erasure.certificate) return <>–</>;
  const text = JSON.stringify(erasure.certificate, null, 2);
  const url = `data:application/json;charset=utf-8,${encodeURIComponent(text)}`;
  return (
    <a href={url} download={`erasure-${erasure.id}.json`}>
      {wordsOf(common).download}
    </a>
  );
}

/** What would become unreadable, or why it must not; then the act, confirmed by the id. */
function EraseForm({ onDone }: { onDone: () => void }) {
  const t = wordsOf(adminWords);
  const [subjectId, setSubject] = useState('');
  const [reason, setReason] = useState('');
  const [again, setAgain] = useState('');
  const [preview, setPreview] = useState<ErasurePreview | undefined>(undefined);
  const look = useAction(async () => {
    setPreview(undefined);
    setPreview(await api.post<ErasurePreview>('privacy/erasures/preview', { subjectId: subjectId.trim() }));
  });
  const erase = useAction(async () => {
    await api.post('privacy/erasures', { subjectId: subjectId.trim(), reason: reason.trim() });
    onDone();
  });
  const sure = preview?.allowed === true && again === subjectId && reason.trim() !== '';
  return (
    <div class="stack">
      <p>{t.eraseLead}</p>
      <Form inline onSubmit={() => void look.run()}>
        <TextField
          label={t.person}
          hint={t.personHint}
          value={subjectId}
          onValue={(value) => {
            setSubject(value);
            setPreview(undefined);
          }}
        />
        <Button type="submit" busy={look.busy} disabled={subjectId.trim() === ''}>
          {t.look}
        </Button>
      </Form>
      <ErrorBox error={look.error} />
      {preview && <Outcome preview={preview} />}
      {preview?.allowed && (
        <Form onSubmit={() => void erase.run()}>
          <TextField label={wordsOf(common).reason} hint={t.reasonHint} value={reason} onValue={setReason} />
          <TextField label={t.confirm} value={again} onValue={setAgain} />
          <ErrorBox error={erase.error} />
          <Button type="submit" kind="danger" busy={erase.busy} disabled={!sure}>
            {t.erase}
          </Button>
        </Form>
      )}
    </div>
  );
}

function Outcome({ preview }: { preview: ErasurePreview }) {
  const t = wordsOf(adminWords);
  const { unreadable, blockers } = preview;
  return (
    <>
      {!preview.allowed && (
        <Notice kind="bad">
          <strong>{t.forbidden}</strong>
          <ul>
            {blockers.map(({ message }) => (
              <li key={message}>{message}</li>
            ))}
          </ul>
        </Notice>
      )}
      <Notice kind="warn">
        <p>{t.unreadable(number(unreadable.events))}</p>
        {unreadable.plainEvents > 0 && <p>{t.plain(number(unreadable.plainEvents))}</p>}
      </Notice>
      <Facts items={unreadable.types.map(({ eventType, events }) => [eventType, number(events)] as const)} />
      <Facts items={[[t.fields, unreadable.fields.map(({ field }) => field).join(', ')]]} />
    </>
  );
}
