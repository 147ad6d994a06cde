import { useState } from 'preact/hooks';
import type { SubjectRequest } from '../../../../registers/requests.controller';
import { api, download } from '../../api';
import { preferences } from '../../preferences';
import { may } from '../../session';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { ErrorBox, toast } from '../../ui/feedback';
import { Form, TextArea } from '../../ui/form';
import { Await } from '../../ui/list';
import { Card, Facts, Page } from '../../ui/page';
import { Time } from '../../ui/text';
import { useAction, useLoad } from '../../ui/use-load';
import { href } from '../../ui/use-query-state';
import { dayOf } from '../../words/format';
import { wordsOf } from '../../words/words';
import { Deadline } from './deadline';
import { requestWords } from './words';

type Act = 'answer' | 'extend' | 'refuse';

/** One request with all that was done, and the acts that are still open. */
export function RequestDetail({ id }: { id: string }) {
  const t = wordsOf(requestWords);
  const [act, setAct] = useState<Act | undefined>(undefined);
  const path = `compliance/requests/${encodeURIComponent(id)}`;
  const request = useLoad((signal) => api.get<SubjectRequest>(path, {}, signal), [id]);
  const done = () => {
    setAct(undefined);
    request.reload();
    toast(t.done);
  };
  const canAct = may('reports:write') && request.data?.state === 'open';
  return (
    <Page
      title={t.request}
      lead={<code>{id}</code>}
      actions={
        <>
          <a href="/console/requests">{t.title}</a>
          {canAct && (
            <>
              <Button kind="primary" onClick={() => setAct('answer')}>
                {t.answer}
              </Button>
              {request.data?.law === 'gdpr' && !request.data.extended && (
                <Button onClick={() => setAct('extend')}>{t.extend}</Button>
              )}
              <Button onClick={() => setAct('refuse')}>{t.refuse}</Button>
            </>
          )}
        </>
      }
    >
      <Await of={request}>{(data) => <Shown request={data} />}</Await>
      {act && (
        <Dialog title={t[act]} onClose={() => setAct(undefined)}>
          <ActForm act={act} path={path} onDone={done} />
        </Dialog>
      )}
    </Page>
  );
}

function ActForm({ act, path, onDone }: { act: Act; path: string; onDone: () => void }) {
  const t = wordsOf(requestWords);
  const [text, setText] = useState('');
  const said = text.trim();
  const run = useAction(async () => {
    await api.post(`${path}/${act}`, act === 'answer' ? { ...(said && { note: said }) } : { reason: said });
    onDone();
  });
  const leads = { answer: t.answerLead, extend: t.extendLead, refuse: t.refuseLead };
  return (
    <Form onSubmit={() => void run.run()}>
      <p>{leads[act]}</p>
      <TextArea label={t.note} value={text} onValue={setText} />
      <ErrorBox error={run.error} />
      <Button type="submit" kind="primary" busy={run.busy} disabled={act !== 'answer' && said === ''}>
        {t[act]}
      </Button>
    </Form>
  );
}

function Shown({ request }: { request: SubjectRequest }) {
  const t = wordsOf(requestWords);
  return (
    <div class="grid">
      <Card title={t.request}>
        <Facts
          items={[
            [t.right, `${t.rights[request.right]}, ${t.laws[request.law]}`],
            [
              t.person,
              <a key="person" href={href('/console/lineage', { userId: request.subjectId })}>
                {request.subjectId}
              </a>,
            ],
            [t.opened, <Time key="opened" at={request.openedAt} />],
            [t.deadline, dayOf(`${request.lastDay}T12:00Z`)],
            ['', request.extended ? t.extended : undefined],
            [t.states[request.state], <Deadline key="deadline" request={request} />],
            [t.closed, request.closedAt && <Time at={request.closedAt} />],
          ]}
        />
      </Card>
      {may('events:reveal') && ['access', 'confirmation', 'portability'].includes(request.right) && (
        <DataPackage id={request.id} />
      )}
      <Card title={t.history} wide>
        <ol class="history">
          {request.steps.map((step) => (
            <li key={step.eventId}>
              <p>
                <b>{t.moves[step.move]}</b> <Time at={step.at} />{' '}
                <a href={`/console/events/${step.eventId}`}>{step.by ?? step.service ?? '–'}</a>
              </p>
              {step.note && <p>{step.note}</p>}
              {!step.counts && <p class="quiet">{t.ignored}</p>}
            </li>
          ))}
        </ol>
      </Card>
    </div>
  );
}

function DataPackage({ id }: { id: string }) {
  const t = wordsOf(requestWords);
  const { language } = preferences.value;
  const save = useAction((format: string) =>
    download(`compliance/requests/${encodeURIComponent(id)}/package`, `data-package.${format}`, { format, language }),
  );
  return (
    <Card title={t.package}>
      <p class="quiet">{t.packageLead}</p>
      <div class="row">
        {['pdf', 'json'].map((format) => (
          <Button key={format} icon="download" busy={save.busy} onClick={() => void save.run(format)}>
            {format}
          </Button>
        ))}
      </div>
      <ErrorBox error={save.error} />
    </Card>
  );
}
