import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { Breach } from '../../../../registers/breaches.controller';
import { api, ApiError } from '../../api';
import { preferences } from '../../preferences';
import { Button } from '../../ui/button';
import { ErrorBox, toast } from '../../ui/feedback';
import { Form, problemAt, SelectField, TextArea, TextField } from '../../ui/form';
import { useAction } from '../../ui/use-load';
import { common } from '../../words/common';
import { wordsOf } from '../../words/words';
import { instantOf, wallTime } from '../../words/zoned';
import { breachWords } from './words';

const FACTS = ['nature', 'consequences', 'measures', 'contact'] as const;

/** Opens a breach, or says more of the one that is given. */
export function BreachForm({ breach, onDone }: { breach?: Breach; onDone?: () => void }) {
  const t = wordsOf(breachWords);
  const { zone } = preferences.value;
  const { route } = useLocation();
  const [title, setTitle] = useState(breach?.title ?? '');
  const [risk, setRisk] = useState<string>(breach?.risk ?? 'risk');
  const [aware, setAware] = useState(wallTime(breach ? Date.parse(breach.awareAt) : Date.now(), zone));
  const [facts, setFacts] = useState(Object.fromEntries(FACTS.map((name) => [name, breach?.[name] ?? ''])));
  const save = useAction(async () => {
    const awareAt = instantOf(aware, zone);
    const given = Object.fromEntries(Object.entries(facts).filter(([, text]) => text.trim() !== ''));
    const body = { title, risk, ...given, ...(awareAt !== undefined && { awareAt: new Date(awareAt).toISOString() }) };
    const path = breach ? `compliance/breaches/${encodeURIComponent(breach.id)}/update` : 'compliance/breaches';
    const saved = await api.post<Breach>(path, body);
    toast(t.done);
    if (onDone) onDone();
    else route(`/console/breaches/${encodeURIComponent(saved.id)}`);
  });
  const problems = save.error instanceof ApiError ? save.error.problems : [];
  return (
    <Form onSubmit={() => void save.run()}>
      <TextField label={t.name} value={title} onValue={setTitle} problem={problemAt(problems, 'title')} />
      <TextField
        type="datetime-local"
        label={`${t.aware} (${zone})`}
        value={aware}
        onValue={setAware}
        problem={problemAt(problems, 'awareAt')}
      />
      <SelectField label={t.risk} value={risk} options={Object.entries(t.risks)} onValue={setRisk} />
      {FACTS.map((name) => (
        <TextArea
          key={name}
          rows={2}
          label={t.facts[name]}
          value={facts[name] ?? ''}
          onValue={(text) => setFacts({ ...facts, [name]: text })}
          problem={problemAt(problems, name)}
        />
      ))}
      <ErrorBox error={save.error} />
      <Button type="submit" kind="primary" busy={save.busy} disabled={title.trim() === ''}>
        {wordsOf(common).save}
      </Button>
    </Form>
  );
}
