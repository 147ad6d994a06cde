import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { AlertRule, AlertRuleList } from '../../../../rules/rules.controller';
import { api } from '../../api';
import { may } from '../../session';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { ErrorBox, toast } from '../../ui/feedback';
import { Await } from '../../ui/list';
import { Card, Facts, Page } from '../../ui/page';
import { Badge, Severity, Time } from '../../ui/text';
import { useAction, useLoad } from '../../ui/use-load';
import { href, useQueryState } from '../../ui/use-query-state';
import { common } from '../../words/common';
import { number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { Backtest } from './backtest';
import { RuleEditor } from './rule-editor';
import { ruleWords } from './words';

/** One rule: what it says, its versions, a trial on past events, and the editor at ?edit=1. */
export function RuleDetail({ id }: { id: string }) {
  const { query } = useQueryState();
  const rule = useLoad((signal) => api.get<AlertRule>(`rules/${encodeURIComponent(id)}`, {}, signal), [id, query.edit]);
  if (query.edit && rule.data) return <RuleEditor rule={rule.data} />;
  return (
    <Page
      title={rule.data?.name ?? wordsOf(ruleWords).rule}
      lead={rule.data?.description}
      actions={rule.data && may('rules:write') && <Acts rule={rule.data} onChanged={rule.reload} />}
    >
      <Await of={rule}>{(data) => <Shown rule={data} />}</Await>
    </Page>
  );
}

function Acts({ rule, onChanged }: { rule: AlertRule; onChanged: () => void }) {
  const t = wordsOf(ruleWords);
  const c = wordsOf(common);
  const { route } = useLocation();
  const [asking, setAsking] = useState(false);
  const path = `rules/${encodeURIComponent(rule.id)}`;
  const turn = useAction(async () => {
    await api.post(`${path}/${rule.enabled ? 'disable' : 'enable'}`);
    toast(t.saved);
    onChanged();
  });
  const remove = useAction(async () => {
    await api.delete(path);
    toast(t.gone);
    route('/console/rules');
  });
  return (
    <>
      <a href="/console/rules">{t.title}</a>
      <Button busy={turn.busy} onClick={() => void turn.run()}>
        {rule.enabled ? t.disable : t.enable}
      </Button>
      <a class="button primary" href={`/console/${path}?edit=1`}>
        {t.edit}
      </a>
      <Button kind="danger" onClick={() => setAsking(true)}>
        {c.remove}
      </Button>
      <ErrorBox error={turn.error} />
      {asking && (
        <Dialog title={c.remove} onClose={() => setAsking(false)}>
          <p>{t.removeQuestion(rule.name)}</p>
          <ErrorBox error={remove.error} />
          <Button kind="danger" busy={remove.busy} onClick={() => void remove.run()}>
            {c.remove}
          </Button>
        </Dialog>
      )}
    </>
  );
}

function Shown({ rule }: { rule: AlertRule }) {
  const t = wordsOf(ruleWords);
  const versions = useLoad(
    (signal) => api.get<AlertRuleList>(`rules/${encodeURIComponent(rule.id)}/versions`, {}, signal),
    [rule.id, rule.version],
  );
  return (
    <div class="grid">
      <Card>
        <p class="row">
          <Severity value={rule.severity} />
          <Badge tone={rule.enabled ? 'good' : 'neutral'}>{rule.enabled ? t.enabled : t.disabled}</Badge>
          <a href={href('/console/alerts', { ruleId: rule.id })}>{t.alerts}</a>
        </p>
        <Facts
          items={[
            [t.id, <code key="id">{rule.id}</code>],
            [t.version, rule.version],
            [t.recipients, rule.recipients.join(', ')],
            [t.cooldown, number(rule.cooldownMinutes)],
          ]}
        />
      </Card>
      <Card title={t.versions}>
        <Await of={versions}>
          {({ items }) => (
            <ul class="pairs">
              {items.map(({ version, changedAt, changedBy, builtIn }) => (
                <li key={version}>
                  <span>{t.versionOf(version)}</span>
                  <span class="quiet">
                    {changedAt ? <Time at={changedAt} /> : builtIn && t.builtIn} {changedBy}
                  </span>
                </li>
              ))}
            </ul>
          )}
        </Await>
      </Card>
      <Card title={t.conditions} wide>
        <pre class="block">{JSON.stringify(rule.triggers, null, 2)}</pre>
      </Card>
      <Card title={t.tryIt} wide>
        <Backtest path={`rules/${encodeURIComponent(rule.id)}/test`} body={() => ({})} />
      </Card>
    </div>
  );
}
