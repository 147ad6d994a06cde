import { useRef } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import { SEVERITIES } from '../../../../events/event-types';
import type { AlertView } from '../../../../alerts/alert-view';
import { api } from '../../api';
import { session } from '../../session';
import { Empty, ErrorBox } from '../../ui/feedback';
import { CheckField, Form, SelectField } from '../../ui/form';
import { PagedTable } from '../../ui/list';
import { Page, Tabs } from '../../ui/page';
import { Badge, Severity, Time } from '../../ui/text';
import { useLoad, usePages } from '../../ui/use-load';
import { href, useQueryState } from '../../ui/use-query-state';
import { common } from '../../words/common';
import { number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { AlertDetail } from './alert-detail';
import { groupText } from './group';
import { useAlertSteps } from './use-alert-steps';
import { alertWords } from './words';
import './alerts.css';

interface AlertPage {
  items: AlertView[];
  nextCursor: string | null;
}

/** The board of alerts, and single ones under their ids. */
export default function Alerts() {
  const id = useRoute().params.rest ?? '';
  return id === '' ? <Overview /> : <AlertDetail id={id} />;
}

function Overview() {
  const t = wordsOf(alertWords);
  const { query } = useQueryState();
  const resolved = query.list === 'resolved';
  const filter = {
    severity: query.severity,
    ruleId: query.ruleId,
    assignee: query.mine ? session.value?.name : undefined,
  };
  const tab = (list: string | undefined) => href('/console/alerts', { ...query, list });
  return (
    <Page title={t.title} lead={t.lead}>
      <Tabs
        label={t.title}
        items={[
          { href: tab(undefined), title: t.unresolved, current: !resolved },
          { href: tab('resolved'), title: t.resolved, current: resolved },
        ]}
      />
      <Filters />
      {resolved ? <Resolved filter={filter} /> : <Board filter={filter} />}
    </Page>
  );
}

interface Filter {
  severity: string | undefined;
  ruleId: string | undefined;
  assignee: string | undefined;
}

function Filters() {
  const t = wordsOf(alertWords);
  const c = wordsOf(common);
  const { query, change } = useQueryState();
  const rules = useLoad((signal) => api.get<{ items: { id: string; name: string }[] }>('rules', {}, signal), []);
  return (
    <div class="filter-bar">
      <Form inline onSubmit={() => undefined}>
        <SelectField
          label={c.severity}
          value={query.severity ?? ''}
          options={[['', t.anySeverity], ...SEVERITIES.map((name) => [name, c.severities[name]] as const)]}
          onValue={(severity) => change({ severity: severity || undefined })}
        />
        <SelectField
          label={t.rule}
          value={query.ruleId ?? ''}
          options={[['', t.anyRule], ...(rules.data?.items ?? []).map(({ id, name }) => [id, name] as const)]}
          onValue={(ruleId) => change({ ruleId: ruleId || undefined })}
        />
        <CheckField
          label={t.mine}
          checked={query.mine !== undefined}
          onValue={(mine) => change({ mine: mine ? '1' : undefined })}
        />
      </Form>
    </div>
  );
}

/** Unresolved alerts in two columns; any step of any alert has them read again. */
function Board({ filter }: { filter: Filter }) {
  const t = wordsOf(alertWords);
  const c = wordsOf(common);
  const list = useLoad(
    (signal) => api.get<AlertPage>('alerts', { ...filter, status: ['open', 'acknowledged'], limit: 500 }, signal),
    [JSON.stringify(filter)],
  );
  const reload = useRef(list.reload);
  reload.current = list.reload;
  const stream = useAlertSteps(() => reload.current());
  const items = list.data?.items ?? [];
  const column = (status: AlertView['status'], empty: string) => {
    const shown = items.filter((alert) => alert.status === status);
    return (
      <section>
        <h2>
          {t.statuses[status]} <span class="quiet">{number(shown.length)}</span>
        </h2>
        {shown.length === 0 && <p class="quiet">{empty}</p>}
        <ul class="stack">
          {shown.map((alert) => (
            <li key={alert.id}>
              <AlertCard alert={alert} />
            </li>
          ))}
        </ul>
      </section>
    );
  };
  return (
    <>
      <p role="status" class="board-state">
        <Badge tone={stream === 'open' ? 'good' : 'warn'}>{stream === 'open' ? c.live : c.cut}</Badge>
      </p>
      <ErrorBox error={list.error} retry={list.reload} />
      {list.data && items.length === 0 ? (
        <Empty icon="alerts" title={t.none}>
          {t.noneHint}
        </Empty>
      ) : (
        <div class="board" aria-busy={list.loading}>
          {column('open', t.noneOpen)}
          {column('acknowledged', t.noneTaken)}
        </div>
      )}
    </>
  );
}

function AlertCard({ alert }: { alert: AlertView }) {
  const t = wordsOf(alertWords);
  return (
    <a class={`alert-card ${alert.severity}`} href={`/console/alerts/${alert.id}`}>
      <span class="row">
        <Severity value={alert.severity} /> <b>{alert.ruleName}</b>
      </span>
      <span>{alert.summary}</span>
      <span class="group">{groupText(alert.group)}</span>
      <span class="row quiet">
        <Time at={alert.openedAt} ago />
        <span>{t.hits(alert.counter)}</span>
        {alert.historical && <span>{t.historical}</span>}
        {alert.assignee && <span>{alert.assignee}</span>}
      </span>
    </a>
  );
}

function Resolved({ filter }: { filter: Filter }) {
  const t = wordsOf(alertWords);
  const c = wordsOf(common);
  const pages = usePages<AlertView>(
    async (cursor, signal) => {
      const page = await api.get<AlertPage>('alerts', { ...filter, status: 'resolved', cursor }, signal);
      return { items: page.items, next: page.nextCursor ?? undefined };
    },
    [filter],
  );
  return (
    <PagedTable
      label={t.resolved}
      pages={pages}
      keyOf={({ id }) => id}
      hrefOf={({ id }) => `/console/alerts/${id}`}
      empty={<Empty icon="alerts" title={t.none} />}
      columns={[
        { key: 'rule', title: t.rule, width: '14rem', cell: ({ ruleName }) => ruleName },
        { key: 'severity', title: c.severity, width: '7rem', cell: ({ severity }) => <Severity value={severity} /> },
        { key: 'about', title: t.about, cell: ({ group }) => groupText(group) },
        { key: 'opened', title: t.opened, width: '12.5rem', cell: ({ openedAt }) => <Time at={openedAt} /> },
        {
          key: 'resolved',
          title: t.resolved,
          width: '12.5rem',
          cell: ({ resolvedAt }) => (resolvedAt ? <Time at={resolvedAt} /> : '–'),
        },
        { key: 'reason', title: c.reason, cell: ({ reason }) => reason ?? '–' },
      ]}
    />
  );
}
