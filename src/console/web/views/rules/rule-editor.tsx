import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { Severity, SEVERITIES } from '../../../../events/event-types';
import type { AlertRule } from '../../../../rules/rules.controller';
import { api, ApiError } from '../../api';
import { Button } from '../../ui/button';
import { ErrorBox, toast } from '../../ui/feedback';
import { CheckField, Form, problemAt, SelectField, TextArea, TextField } from '../../ui/form';
import { Card, Page } from '../../ui/page';
import { useAction } from '../../ui/use-load';
import { common } from '../../words/common';
import { wordsOf } from '../../words/words';
import { Backtest } from './backtest';
import { draftOf, Faults, Kind, RuleDraft, ruleOf, STARTS } from './draft';
import { ruleWords } from './words';

/** Makes a rule, or changes the one that is given, beside a trial of what is written on past events. */
export function RuleEditor({ rule }: { rule: AlertRule | undefined }) {
  const t = wordsOf(ruleWords);
  const c = wordsOf(common);
  const { route } = useLocation();
  const [draft, setDraft] = useState(() => draftOf(rule));
  const [faults, setFaults] = useState<Faults>({});
  const set = (field: keyof RuleDraft) => (value: string) => setDraft({ ...draft, [field]: value });
  const written = () => {
    const said = ruleOf(draft);
    setFaults('faults' in said ? said.faults : {});
    return 'rule' in said ? said.rule : undefined;
  };
  const save = useAction(async () => {
    const body = written();
    if (!body) return;
    const path = `rules/${encodeURIComponent(body.id)}`;
    // Somebody else's change since is not overwritten but told.
    if (rule) await api.put(`${path}?version=${rule.version}`, body);
    else await api.post('rules', body);
    toast(t.saved);
    route(`/console/${path}`);
  });
  const problems = save.error instanceof ApiError ? save.error.problems : [];
  const at = (path: string) => problemAt(problems, path);
  const below = (path: string) => {
    const found = problems.filter((problem) => problem.path === path || problem.path.startsWith(`${path}.`));
    return found.map((problem) => `${problem.path}: ${problem.message}`).join('; ') || undefined;
  };
  const rest = below('escalation') ?? below('suppress') ?? below('tags');
  return (
    <Page
      title={rule ? rule.name : t.newRule}
      actions={<a href={rule ? `/console/rules/${encodeURIComponent(rule.id)}` : '/console/rules'}>{c.cancel}</a>}
    >
      <div class="grid">
        <Card>
          <Form onSubmit={() => void save.run()}>
            {!rule && (
              <TextField label={t.id} hint={t.idHint} value={draft.id} onValue={set('id')} problem={at('id')} />
            )}
            <TextField label={t.name} value={draft.name} onValue={set('name')} problem={at('name')} />
            <TextArea
              label={c.description}
              rows={2}
              value={draft.description}
              onValue={set('description')}
              problem={at('description')}
            />
            <SelectField
              label={c.severity}
              value={draft.severity}
              options={SEVERITIES.map((name) => [name, c.severities[name]])}
              onValue={(severity) => setDraft({ ...draft, severity: severity as Severity })}
            />
            <TextField
              label={t.recipients}
              hint={t.recipientsHint}
              value={draft.recipients}
              onValue={set('recipients')}
              problem={below('recipients')}
            />
            <TextField
              type="number"
              min={0}
              label={t.cooldown}
              hint={t.cooldownHint}
              value={draft.cooldownMinutes}
              onValue={set('cooldownMinutes')}
              problem={at('cooldownMinutes')}
            />
            {!rule && (
              <SelectField
                label={t.kind}
                value={kindOf(draft)}
                options={Object.entries(t.kinds)}
                onValue={(kind) => set('triggers')(JSON.stringify([STARTS[kind as Kind]], null, 2))}
              />
            )}
            <TextArea
              label={t.triggers}
              hint={t.triggersHint}
              rows={16}
              code
              value={draft.triggers}
              onValue={set('triggers')}
              problem={faults.triggers ? t.badJson : below('triggers')}
            />
            <TextArea
              label={t.rest}
              rows={6}
              code
              value={draft.rest}
              onValue={set('rest')}
              problem={faults.rest ? t.badJson : rest}
            />
            <CheckField
              label={t.inForce}
              checked={draft.enabled}
              onValue={(enabled) => setDraft({ ...draft, enabled })}
            />
            <ErrorBox error={save.error} />
            <Button type="submit" kind="primary" busy={save.busy}>
              {c.save}
            </Button>
          </Form>
        </Card>
        <Card title={t.tryIt}>
          <Backtest
            path="rules/test"
            body={() => {
              const body = written();
              // A rule can be tried before it has a name.
              return body && { rule: { ...body, id: body.id || 'draft', name: body.name || 'draft' } };
            }}
          />
        </Card>
      </div>
    </Page>
  );
}

/** The kind of the first trigger, or threshold while it cannot be read. */
function kindOf(draft: RuleDraft): Kind {
  const said = ruleOf(draft);
  const kind = 'rule' in said ? said.rule.triggers[0]?.condition.kind : undefined;
  return kind !== undefined && kind in STARTS ? kind : 'threshold';
}
