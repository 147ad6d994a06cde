import { useState } from 'preact/hooks';
import type { ImportedRules } from '../../../../rules/rules.controller';
import { api } from '../../api';
import { Button } from '../../ui/button';
import { ErrorBox, Notice, toast } from '../../ui/feedback';
import { Form, TextArea } from '../../ui/form';
import { useAction } from '../../ui/use-load';
import { wordsOf } from '../../words/words';
import { ruleWords } from './words';

/** Makes rules of Sigma rules; first it shows what would come of them. */
export function ImportRules({ onDone }: { onDone: () => void }) {
  const t = wordsOf(ruleWords);
  const [yaml, setYaml] = useState('');
  const [made, setMade] = useState<ImportedRules['items'] | undefined>(undefined);
  const send = (dryRun: boolean) => api.post<ImportedRules>('rules/import', { yaml, dryRun });
  const preview = useAction(async () => {
    setMade(undefined);
    setMade((await send(true)).items);
  });
  const run = useAction(async () => {
    const { items } = await send(false);
    toast(t.imported(items.length));
    onDone();
  });
  return (
    <Form onSubmit={() => void preview.run()}>
      <TextArea label={t.yaml} hint={t.yamlHint} rows={14} code value={yaml} onValue={setYaml} />
      <ErrorBox error={preview.error ?? run.error} />
      {made && (
        <Notice>
          <strong>{t.wouldMake}</strong>
          <ul>
            {made.map(({ id, name, severity }) => (
              <li key={id}>
                {name} ({id}, {severity})
              </li>
            ))}
          </ul>
        </Notice>
      )}
      <div class="row">
        <Button type="submit" busy={preview.busy} disabled={yaml.trim() === ''}>
          {t.preview}
        </Button>
        <Button kind="primary" busy={run.busy} disabled={!made} onClick={() => void run.run()}>
          {t.importNow}
        </Button>
      </div>
    </Form>
  );
}
