import { useRoute } from 'preact-iso';
import type { AlertRuleList } from '../../../../rules/rules.controller';
import { api } from '../../api';
import { may } from '../../session';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Await } from '../../ui/list';
import { Page } from '../../ui/page';
import { Table } from '../../ui/table';
import { Badge, Cut, Severity, Time } from '../../ui/text';
import { useLoad } from '../../ui/use-load';
import { useQueryState } from '../../ui/use-query-state';
import { common } from '../../words/common';
import { wordsOf } from '../../words/words';
import { ImportRules } from './import-rules';
import { RuleDetail } from './rule-detail';
import { RuleEditor } from './rule-editor';
import { ruleWords } from './words';

/** The rules: their list, a new one, and each under its id. */
export default function Rules() {
  const rest = useRoute().params.rest ?? '';
  if (rest === 'new') return <RuleEditor rule={undefined} />;
  return rest === '' ? <RuleList /> : <RuleDetail id={rest} />;
}

function RuleList() {
  const t = wordsOf(ruleWords);
  const c = wordsOf(common);
  const { query, change } = useQueryState();
  const list = useLoad((signal) => api.get<AlertRuleList>('rules', {}, signal), []);
  return (
    <Page
      title={t.title}
      lead={t.lead}
      actions={
        may('rules:write') && (
          <>
            <Button onClick={() => change({ import: '1' })}>{t.import}</Button>
            <a class="button primary" href="/console/rules/new">
              {t.newRule}
            </a>
          </>
        )
      }
    >
      <Await of={list}>
        {({ items }) => (
          <Table
            label={t.title}
            rows={items}
            keyOf={({ id }) => id}
            hrefOf={({ id }) => `/console/rules/${encodeURIComponent(id)}`}
            columns={[
              { key: 'name', title: t.rule, width: '16rem', cell: ({ name }) => name },
              {
                key: 'severity',
                title: c.severity,
                width: '7rem',
                cell: ({ severity }) => <Severity value={severity} />,
              },
              {
                key: 'enabled',
                title: c.status,
                width: '8rem',
                cell: ({ enabled }) => (
                  <Badge tone={enabled ? 'good' : 'neutral'}>{enabled ? t.enabled : t.disabled}</Badge>
                ),
              },
              {
                key: 'recipients',
                title: t.recipients,
                width: '14rem',
                cell: ({ recipients }) => recipients.join(', '),
              },
              {
                key: 'changed',
                title: t.changed,
                width: '12.5rem',
                cell: ({ changedAt }) => (changedAt ? <Time at={changedAt} /> : t.builtIn),
              },
              {
                key: 'description',
                title: c.description,
                rest: true,
                cell: ({ description }) => <Cut text={description} />,
              },
            ]}
          />
        )}
      </Await>
      {query.import && (
        <Dialog title={t.import} onClose={() => change({ import: undefined })}>
          <ImportRules
            onDone={() => {
              change({ import: undefined });
              list.reload();
            }}
          />
        </Dialog>
      )}
    </Page>
  );
}
