import { useState } from 'preact/hooks';
import type { Breach, BreachDraft } from '../../../../registers/breaches.controller';
import { api } from '../../api';
import { preferences } from '../../preferences';
import { may } from '../../session';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { ErrorBox, toast } from '../../ui/feedback';
import { Form, SelectField, TextArea } from '../../ui/form';
import { Await } from '../../ui/list';
import { Card, Facts, Page } from '../../ui/page';
import { Time } from '../../ui/text';
import { useAction, useLoad } from '../../ui/use-load';
import { number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { BreachForm } from './breach-form';
import { Clocks } from './clocks';
import { breachWords } from './words';

type Act = 'update' | 'notify' | 'close' | 'draft';

/** One breach: its clocks, what is known of it, and the acts on it. */
export function BreachDetail({ id }: { id: string }) {
  const t = wordsOf(breachWords);
  const [act, setAct] = useState<Act | undefined>(undefined);
  const path = `compliance/breaches/${encodeURIComponent(id)}`;
  const breach = useLoad((signal) => api.get<Breach>(path, {}, signal), [id]);
  const done = () => {
    setAct(undefined);
    breach.reload();
    toast(t.done);
  };
  const canAct = may('reports:write') && breach.data?.state === 'open';
  return (
    <Page
      title={breach.data?.title ?? t.breach}
      lead={breach.data && t.states[breach.data.state]}
      actions={
        <>
          <a href="/console/breaches">{t.title}</a>
          <Button onClick={() => setAct('draft')}>{t.draft}</Button>
          {canAct && (
            <>
              <Button kind="primary" onClick={() => setAct('notify')}>
                {t.notify}
              </Button>
              <Button onClick={() => setAct('update')}>{t.update}</Button>
              <Button onClick={() => setAct('close')}>{t.close}</Button>
            </>
          )}
        </>
      }
    >
      <Await of={breach}>
        {(data) => (
          <>
            <Shown breach={data} />
            {act && (
              <Dialog title={t[act]} onClose={() => setAct(undefined)}>
                {act === 'update' && <BreachForm breach={data} onDone={done} />}
                {act === 'notify' && <Notify path={path} onDone={done} />}
                {act === 'close' && <Close path={path} onDone={done} />}
                {act === 'draft' && <Draft path={path} />}
              </Dialog>
            )}
          </>
        )}
      </Await>
    </Page>
  );
}

function Shown({ breach }: { breach: Breach }) {
  const t = wordsOf(breachWords);
  const { affected } = breach;
  return (
    <div class="grid">
      <Card title={t.clocks}>
        <Clocks clocks={breach.clocks} />
      </Card>
      <Card title={t.breach}>
        <Facts
          items={[
            [t.aware, <Time key="aware" at={breach.awareAt} />],
            [t.opened, <Time key="opened" at={breach.openedAt} />],
            [t.risk, t.risks[breach.risk]],
            [t.facts.nature, breach.nature],
            [t.facts.consequences, breach.consequences],
            [t.facts.measures, breach.measures],
            [t.facts.contact, breach.contact],
          ]}
        />
      </Card>
      {affected && (
        <Card title={t.affected}>
          <Facts
            items={[
              [t.affectedEvents, number(affected.events)],
              [t.affectedSubjects, number(affected.subjects)],
              [t.affectedRecords, number(affected.records)],
              [t.affectedData, affected.dataCategories.join(', ')],
            ]}
          />
        </Card>
      )}
      <Card title={t.history} wide>
        <ol class="history">
          {breach.steps.map((step) => (
            <li key={step.eventId}>
              <b>{t.moves[step.move]}</b> <Time at={step.at} />{' '}
              <a href={`/console/events/${step.eventId}`}>{step.by ?? '–'}</a>
            </li>
          ))}
        </ol>
      </Card>
    </div>
  );
}

interface ActProps {
  path: string;
  onDone: () => void;
}

function Notify({ path, onDone }: ActProps) {
  const t = wordsOf(breachWords);
  const [to, setTo] = useState('authority');
  const [note, setNote] = useState('');
  const save = useAction(async () => {
    await api.post(`${path}/notify`, { to, ...(note.trim() && { note: note.trim() }) });
    onDone();
  });
  return (
    <Form onSubmit={() => void save.run()}>
      <SelectField label={t.to} value={to} options={Object.entries(t.told)} onValue={setTo} />
      <TextArea label={t.note} value={note} onValue={setNote} />
      <ErrorBox error={save.error} />
      <Button type="submit" kind="primary" busy={save.busy}>
        {t.notify}
      </Button>
    </Form>
  );
}

function Close({ path, onDone }: ActProps) {
  const t = wordsOf(breachWords);
  const [reason, setReason] = useState('');
  const save = useAction(async () => {
    await api.post(`${path}/close`, { reason: reason.trim() });
    onDone();
  });
  return (
    <Form onSubmit={() => void save.run()}>
      <p>{t.closeLead}</p>
      <TextArea label={t.facts.measures} value={reason} onValue={setReason} />
      <ErrorBox error={save.error} />
      <Button type="submit" kind="primary" busy={save.busy} disabled={reason.trim() === ''}>
        {t.close}
      </Button>
    </Form>
  );
}

function Draft({ path }: { path: string }) {
  const t = wordsOf(breachWords);
  const { language } = preferences.value;
  const [to, setTo] = useState('authority');
  const [law, setLaw] = useState('gdpr');
  const draft = useLoad(
    (signal) => api.get<BreachDraft>(`${path}/draft`, { to, law, language }, signal),
    [to, law, language],
  );
  return (
    <div class="stack">
      <div class="row">
        <SelectField label={t.to} value={to} options={Object.entries(t.told)} onValue={setTo} />
        <SelectField label={t.law} value={law} options={Object.entries(t.laws)} onValue={setLaw} />
      </div>
      <Await of={draft}>{({ text }) => <pre class="block">{text}</pre>}</Await>
    </div>
  );
}
