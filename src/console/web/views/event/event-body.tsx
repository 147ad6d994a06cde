import { useState } from 'preact/hooks';
import type { EventItem } from '../../../../search/event-item';
import { api } from '../../api';
import { may } from '../../session';
import { Button } from '../../ui/button';
import { ErrorBox, Loading, Notice } from '../../ui/feedback';
import { Form, TextField } from '../../ui/form';
import { Facts } from '../../ui/page';
import { Code, Outcome, Severity, Time } from '../../ui/text';
import { useAction, useLoad } from '../../ui/use-load';
import { href } from '../../ui/use-query-state';
import { common } from '../../words/common';
import { dayOf, number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { changesBetween, inOneLine } from './changes';
import { ProofCheck } from './proof-check';
import { eventWords } from './words';
import './event.css';

/** All of one event. `known` is shown at once, without asking again. */
export function EventBody({ id, known }: { id: string; known: EventItem | undefined }) {
  const loaded = useLoad(
    (signal) => (known ? Promise.resolve(known) : api.get<EventItem>(`events/${encodeURIComponent(id)}`, {}, signal)),
    [id],
  );
  const [revealed, setRevealed] = useState<EventItem | undefined>(undefined);
  if (loaded.error !== undefined) return <ErrorBox error={loaded.error} retry={loaded.reload} />;
  const event = revealed?.id === id ? revealed : loaded.data;
  if (!event) return <Loading />;
  return (
    <article class="event stack">
      <header class="stack">
        <p class="row">
          <Severity value={event.severity} /> <Outcome value={event.outcome} /> <strong>{event.eventType}</strong>
        </p>
        <p class="said">{event.description}</p>
      </header>
      <Who event={event} />
      <Sealed event={event} onRevealed={setRevealed} shown={event === revealed} />
      <Changes event={event} />
      {event.details && <Block title={wordsOf(eventWords).details} value={event.details} />}
      <ProofCheck event={event} />
      <details>
        <summary>{wordsOf(eventWords).raw}</summary>
        <pre class="block">{JSON.stringify(event, null, 2)}</pre>
      </details>
    </article>
  );
}

/** Who did it to what, from where, and for what; each name leads to everything else under it. */
function Who({ event }: { event: EventItem }) {
  const t = wordsOf(eventWords);
  const c = wordsOf(common);
  const { context = {}, compliance = {} } = event;
  const find = (name: string, value: string | undefined) =>
    value && (
      <a href={href('/console/search', { [name]: encodeURIComponent(value), range: '30d' })} title={t.allOf(value)}>
        {value}
      </a>
    );
  const amount = event.amount === undefined ? undefined : `${number(event.amount, 4)} ${event.currency ?? ''}`;
  return (
    <Facts
      items={[
        [c.time, <Time at={event.occurredAt} />],
        [t.received, <Time at={event.receivedAt} />],
        [c.user, find('userId', context.userId)],
        [t.subject, event.subjectId === context.userId ? undefined : find('subjectId', event.subjectId)],
        [c.address, find('ipAddress', context.ipAddress)],
        [c.service, find('service', context.service)],
        [c.resource, resource(context, find)],
        [t.session, find('sessionId', context.sessionId)],
        [t.correlation, find('correlationId', context.correlationId)],
        [t.agent, context.userAgent],
        [c.category, event.category],
        [t.amount, amount],
        [t.records, event.recordCount === undefined ? undefined : number(event.recordCount)],
        [t.basis, compliance.legalBasis],
        [t.purpose, compliance.purpose],
        [t.consent, compliance.consentId],
        [t.data, compliance.dataCategories?.join(', ')],
        [t.retained, dayOf(event.retainUntil)],
        ['Id', <Code text={event.id} />],
      ]}
    />
  );
}

type Find = (name: string, value: string | undefined) => preact.ComponentChildren;

function resource({ resourceType, resourceId }: NonNullable<EventItem['context']>, find: Find) {
  if (!resourceType && !resourceId) return undefined;
  return (
    <>
      {find('resourceType', resourceType)} {find('resourceId', resourceId)}
    </>
  );
}

/** What is sealed, and the form that opens it for those who may. */
function Sealed({
  event,
  shown,
  onRevealed,
}: {
  event: EventItem;
  shown: boolean;
  onRevealed: (event: EventItem) => void;
}) {
  const t = wordsOf(eventWords);
  const [reason, setReason] = useState('');
  const show = useAction(async () => {
    onRevealed(await api.get<EventItem>(`events/${event.id}`, { reveal: true, reason }));
  });
  if (shown) return <Notice kind="good">{t.revealed}</Notice>;
  if (!Array.isArray(event.sealed) || event.sealed.length === 0) return null;
  return (
    <section class="stack">
      <h3>{t.sealed}</h3>
      <p>{t.sealedHint(event.sealed.join(', '))}</p>
      {may('events:reveal') ? (
        <Form inline onSubmit={() => void show.run()}>
          <TextField label={t.revealReason} hint={t.revealHint} value={reason} onValue={setReason} />
          <Button type="submit" busy={show.busy} disabled={reason.trim() === ''}>
            {t.reveal}
          </Button>
        </Form>
      ) : (
        <p class="quiet">{t.forbidden}</p>
      )}
      <ErrorBox error={show.error} />
    </section>
  );
}

function Changes({ event }: { event: EventItem }) {
  const t = wordsOf(eventWords);
  if (!event.changes) return null;
  const changes = changesBetween(event.changes.before, event.changes.after);
  return (
    <section class="stack">
      <h3>{t.changes}</h3>
      <div class="table" tabIndex={0} role="region" aria-label={t.changes}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t.field}</th>
              <th scope="col">{t.before}</th>
              <th scope="col">{t.after}</th>
            </tr>
          </thead>
          <tbody>
            {changes.map(({ path, before, after }) => (
              <tr key={path}>
                <td>
                  <code>{path || '*'}</code>
                </td>
                <td>{inOneLine(before)}</td>
                <td>{inOneLine(after)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const Block = ({ title, value }: { title: string; value: unknown }) => (
  <section class="stack">
    <h3>{title}</h3>
    <pre class="block">{JSON.stringify(value, null, 2)}</pre>
  </section>
);
