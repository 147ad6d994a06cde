import { useRef, useState } from 'preact/hooks';
import type { AlertDetail as Alert } from '../../../../alerts/alert-view';
import type { NotificationPage } from '../../../../channels/notifications.controller';
import { api } from '../../api';
import { may } from '../../session';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { toast } from '../../ui/feedback';
import { Await } from '../../ui/list';
import { Card, Facts, Page } from '../../ui/page';
import { Badge, Severity, Time, Tone } from '../../ui/text';
import { useLoad } from '../../ui/use-load';
import { href } from '../../ui/use-query-state';
import { number, relative } from '../../words/format';
import { wordsOf } from '../../words/words';
import { AlertAct, AlertActForm } from './alert-act-form';
import { MessageState } from './message-state';
import { useAlertSteps } from './use-alert-steps';
import { alertWords } from './words';

const STATUS_TONES: Record<Alert['status'], Tone> = { open: 'bad', acknowledged: 'info', resolved: 'good' };

/** One alert with everything about it, and the acts on it. */
export function AlertDetail({ id }: { id: string }) {
  const t = wordsOf(alertWords);
  const [act, setAct] = useState<AlertAct | undefined>(undefined);
  const path = `alerts/${encodeURIComponent(id)}`;
  const alert = useLoad((signal) => api.get<Alert>(path, {}, signal), [id]);
  const reload = useRef(alert.reload);
  reload.current = alert.reload;
  useAlertSteps(() => reload.current());
  const acts = alert.data && may('alerts:write') ? openActs(alert.data.status) : [];
  const done = () => {
    setAct(undefined);
    alert.reload();
    toast(t.done);
  };
  return (
    <Page
      title={alert.data?.ruleName ?? t.title}
      lead={alert.data?.summary}
      actions={
        <>
          <a href="/console/alerts">{t.title}</a>
          {acts.map((name, at) => (
            <Button key={name} kind={at === 0 ? 'primary' : 'plain'} onClick={() => setAct(name)}>
              {t[name]}
            </Button>
          ))}
        </>
      }
    >
      <Await of={alert}>{(data) => <Shown alert={data} />}</Await>
      {act && (
        <Dialog title={t[act]} onClose={() => setAct(undefined)}>
          <AlertActForm act={act} path={path} onDone={done} onLost={alert.reload} />
        </Dialog>
      )}
    </Page>
  );
}

function openActs(status: Alert['status']): AlertAct[] {
  if (status === 'open') return ['acknowledge', 'resolve', 'assign', 'comment'];
  return status === 'acknowledged' ? ['resolve', 'assign', 'comment'] : ['reopen', 'comment'];
}

function Shown({ alert }: { alert: Alert }) {
  const t = wordsOf(alertWords);
  const { events } = alert;
  const about = { ...alert.group, from: alert.firstHitAt, to: new Date(Date.parse(alert.lastHitAt) + 1).toISOString() };
  return (
    <div class="grid">
      <Card>
        <p class="row">
          <Severity value={alert.severity} />
          <Badge tone={STATUS_TONES[alert.status]}>{t.statuses[alert.status]}</Badge>
          {alert.historical && <span class="quiet">{t.historical}</span>}
        </p>
        <Facts
          items={[
            [
              t.rule,
              <a key="rule" href={`/console/rules/${encodeURIComponent(alert.ruleId)}`}>
                {alert.ruleName}, {t.version(alert.ruleVersion)}
              </a>,
            ],
            ...Object.entries(alert.group).map(([name, value]) => [name, <code key={name}>{value}</code>] as const),
            [t.hitCount, number(alert.counter)],
            [t.peak, number(alert.peak, 2)],
            [t.first, <Time key="first" at={alert.firstHitAt} />],
            [t.last, <Time key="last" at={alert.lastHitAt} />],
            [t.opened, <Time key="opened" at={alert.openedAt} />],
            [t.assignee, alert.assignee],
            [t.resolution, alert.resolution && t.resolutions[alert.resolution]],
            [t.statuses.resolved, alert.reason],
          ]}
        />
        <p class="row">
          <a href={href('/console/search', about)}>{t.search}</a>
          {events[0] && <a href={`/console/events/${events[0]}`}>{t.firstEvent}</a>}
          {events.length > 1 && <a href={`/console/events/${events.at(-1)}`}>{t.lastEvent}</a>}
        </p>
      </Card>
      <Escalation alert={alert} />
      <Messages alert={alert} />
      <Card title={t.history} wide>
        <ol class="history">
          {alert.history.map(({ kind, at, by, text }) => (
            <li key={`${at} ${kind}`}>
              <p>
                <b>{t.kinds[kind]}</b> <Time at={at} /> <span class="quiet">{by}</span>
              </p>
              {text && <p>{text}</p>}
            </li>
          ))}
        </ol>
      </Card>
    </div>
  );
}

/** The chain of people, how far it was gone, and when the next are told. */
function Escalation({ alert }: { alert: Alert }) {
  const t = wordsOf(alertWords);
  const stateOf = (step: number): string => {
    if (step < alert.escalationLevel) return t.taken;
    if (alert.escalationDueAt === null) return t.stopped;
    return step === alert.escalationLevel ? t.due(relative(alert.escalationDueAt)) : '';
  };
  return (
    <Card title={t.escalation}>
      <Facts items={[[t.recipients, alert.recipients.join(', ') || '–']]} />
      {alert.escalation.length === 0 && <p class="quiet">{t.noEscalation}</p>}
      <ol class="history">
        {alert.escalation.map(({ afterMinutes, recipients }, step) => (
          <li key={step}>
            <b>{afterMinutes === 0 ? t.atOnce : t.step(number(afterMinutes))}</b>{' '}
            {recipients.join(', ') || t.sameGroups} <span class="quiet">{stateOf(step)}</span>
          </li>
        ))}
      </ol>
    </Card>
  );
}

function Messages({ alert }: { alert: Alert }) {
  const t = wordsOf(alertWords);
  const sent = useLoad(
    (signal) => api.get<NotificationPage>('notifications', { alertId: alert.id }, signal),
    [alert.id, alert.revision],
  );
  return (
    <Card title={t.notifications}>
      <Await of={sent}>
        {({ items }) => (
          <>
            {items.length === 0 && <p class="quiet">{t.noNotifications}</p>}
            <ul class="pairs">
              {items.map(({ id, group, type, destination, state, reason, sentAt }) => (
                <li key={id}>
                  <span>
                    {group} {type} {destination}
                    {reason && <small class="quiet"> {reason}</small>}
                  </span>
                  <span>
                    <MessageState state={state} /> {sentAt && <Time at={sentAt} />}
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
