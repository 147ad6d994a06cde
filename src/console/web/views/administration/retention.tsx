import { useState } from 'preact/hooks';
import type {
  RetentionEffect,
  RetentionList,
  RetentionManifestList,
  RetentionPreview,
} from '../../../../privacy/retention.controller';
import { api } from '../../api';
import { may } from '../../session';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { ErrorBox, Notice, toast } from '../../ui/feedback';
import { Form, TextField } from '../../ui/form';
import { Await } from '../../ui/list';
import { Card } from '../../ui/page';
import { Table } from '../../ui/table';
import { Time } from '../../ui/text';
import { useAction, useLoad } from '../../ui/use-load';
import { common } from '../../words/common';
import { dayOf, number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { adminWords } from './words';

type Policy = RetentionList['items'][number];

/** How long events of each class are kept, what will be removed, and what was. */
export function Retention() {
  const t = wordsOf(adminWords);
  const [changing, setChanging] = useState<Policy | undefined>(undefined);
  const [applying, setApplying] = useState<Policy | undefined>(undefined);
  const list = useLoad((signal) => api.get<RetentionList>('privacy/retention', {}, signal), []);
  const done = () => {
    setChanging(undefined);
    setApplying(undefined);
    list.reload();
    toast(t.done);
  };
  return (
    <div class="stack">
      <Await of={list}>
        {({ items }) => (
          <Table
            label={t.tabs.retention}
            rows={items}
            keyOf={({ retention }) => retention}
            columns={[
              { key: 'class', title: t.class, cell: ({ retention }) => retention },
              { key: 'days', title: t.days, align: 'end', cell: ({ days }) => number(days) },
              { key: 'source', title: t.source, cell: ({ source }) => t.sources[source] },
              { key: 'events', title: t.events, align: 'end', cell: ({ events }) => number(events) },
              {
                key: 'applied',
                title: t.applied,
                cell: ({ applied }) => (applied ? t.appliedOf(number(applied.days)) : '–'),
              },
              ...(may('retention:manage')
                ? [
                    {
                      key: 'acts',
                      title: t.changeRetention,
                      cell: (policy: Policy) => (
                        <span class="row">
                          <Button onClick={() => setChanging(policy)}>{t.changeRetention}</Button>
                          <Button onClick={() => setApplying(policy)}>{t.apply}</Button>
                        </span>
                      ),
                    },
                  ]
                : []),
            ]}
          />
        )}
      </Await>
      <div class="grid">
        <Upcoming />
        <Manifests />
      </div>
      {changing && (
        <Dialog title={`${t.changeRetention}: ${changing.retention}`} onClose={() => setChanging(undefined)}>
          <ChangeForm policy={changing} onDone={done} />
        </Dialog>
      )}
      {applying && (
        <Dialog title={`${t.apply}: ${applying.retention}`} onClose={() => setApplying(undefined)}>
          <ApplyForm policy={applying} onDone={done} />
        </Dialog>
      )}
    </div>
  );
}

interface ActProps {
  policy: Policy;
  onDone: () => void;
}

function ChangeForm({ policy, onDone }: ActProps) {
  const t = wordsOf(adminWords);
  const [days, setDays] = useState(String(policy.days));
  const [reason, setReason] = useState('');
  const save = useAction(async () => {
    const body = { days: days.trim() === '' ? null : Number(days), reason: reason.trim() };
    await api.put(`privacy/retention/${policy.retention}`, body);
    onDone();
  });
  return (
    <Form onSubmit={() => void save.run()}>
      <p>{t.changeLead}</p>
      <TextField type="number" min={1} label={t.days} hint={t.daysHint} value={days} onValue={setDays} />
      <TextField label={wordsOf(common).reason} hint={t.reasonHint} value={reason} onValue={setReason} />
      <ErrorBox error={save.error} />
      <Button type="submit" kind="primary" busy={save.busy} disabled={reason.trim() === ''}>
        {wordsOf(common).save}
      </Button>
    </Form>
  );
}

/** First what it would do, then the act. */
function ApplyForm({ policy, onDone }: ActProps) {
  const t = wordsOf(adminWords);
  const [reason, setReason] = useState('');
  const path = `privacy/retention/${policy.retention}/apply`;
  const [effect, setEffect] = useState<RetentionEffect | undefined>(undefined);
  const body = (dryRun: boolean) => ({ reason: reason.trim(), dryRun });
  const look = useAction(async () => setEffect(await api.post<RetentionEffect>(path, body(true))));
  const apply = useAction(async () => {
    await api.post(path, body(false));
    onDone();
  });
  return (
    <Form onSubmit={() => void look.run()}>
      <p>{t.applyLead}</p>
      <TextField label={wordsOf(common).reason} hint={t.reasonHint} value={reason} onValue={setReason} />
      {effect && <Notice kind="warn">{t.effect(number(effect.due), number(effect.held))}</Notice>}
      <ErrorBox error={look.error ?? apply.error} />
      <div class="row">
        <Button type="submit" busy={look.busy} disabled={reason.trim() === ''}>
          {t.dryRun}
        </Button>
        <Button kind="danger" busy={apply.busy} disabled={!effect} onClick={() => void apply.run()}>
          {t.apply}
        </Button>
      </div>
    </Form>
  );
}

function Upcoming() {
  const t = wordsOf(adminWords);
  const preview = useLoad((signal) => api.get<RetentionPreview>('privacy/retention/preview', { days: 30 }, signal), []);
  return (
    <Card title={t.upcoming}>
      <Await of={preview}>
        {({ items }) => (
          <>
            {items.length === 0 && <p class="quiet">{t.noUpcoming}</p>}
            <ul class="pairs">
              {items.map(({ retention, day, events, held }) => (
                <li key={`${retention} ${day}`}>
                  <span>
                    {dayOf(`${day}T12:00Z`)} {retention}
                  </span>
                  <span>
                    <b>{number(events)}</b> {held > 0 && <span class="quiet">{t.held(number(held))}</span>}
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
      </Await>
    </Card>
  );
}

function Manifests() {
  const t = wordsOf(adminWords);
  const manifests = useLoad((signal) => api.get<RetentionManifestList>('privacy/retention/manifests', {}, signal), []);
  return (
    <Card title={t.manifests}>
      <Await of={manifests}>
        {({ items }) => (
          <>
            {items.length === 0 && <p class="quiet">{t.noManifests}</p>}
            <ul class="pairs">
              {items.map(({ id, retention, leaves, createdAt }) => (
                <li key={id}>
                  <span>
                    <Time at={createdAt} /> {retention}
                  </span>
                  <b>{number(leaves)}</b>
                </li>
              ))}
            </ul>
          </>
        )}
      </Await>
    </Card>
  );
}
