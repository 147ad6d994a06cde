import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { SubjectRequest } from '../../../../registers/requests.controller';
import { api, ApiError } from '../../api';
import { Button } from '../../ui/button';
import { ErrorBox, toast } from '../../ui/feedback';
import { Form, problemAt, SelectField, TextArea, TextField } from '../../ui/form';
import { useAction } from '../../ui/use-load';
import { common } from '../../words/common';
import { wordsOf } from '../../words/words';
import { requestWords } from './words';

/** Opens a request that came in by other ways, and leads to it. */
export function NewRequest() {
  const t = wordsOf(requestWords);
  const { route } = useLocation();
  const [fields, setFields] = useState({ law: 'gdpr', right: 'access', subjectId: '', channel: '', note: '' });
  const set = (field: keyof typeof fields) => (value: string) => setFields({ ...fields, [field]: value });
  const save = useAction(async () => {
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
    const request = await api.post<SubjectRequest>('compliance/requests', given);
    toast(t.done);
    route(`/console/requests/${encodeURIComponent(request.id)}`);
  });
  const problems = save.error instanceof ApiError ? save.error.problems : [];
  return (
    <Form onSubmit={() => void save.run()}>
      <SelectField label={t.law} value={fields.law} options={Object.entries(t.laws)} onValue={set('law')} />
      <SelectField label={t.right} value={fields.right} options={Object.entries(t.rights)} onValue={set('right')} />
      <TextField
        label={t.person}
        hint={t.personHint}
        value={fields.subjectId}
        onValue={set('subjectId')}
        problem={problemAt(problems, 'subjectId')}
      />
      <TextField
        label={t.channel}
        value={fields.channel}
        onValue={set('channel')}
        problem={problemAt(problems, 'channel')}
      />
      <TextArea label={t.note} value={fields.note} onValue={set('note')} problem={problemAt(problems, 'note')} />
      <ErrorBox error={save.error} />
      <Button type="submit" kind="primary" busy={save.busy} disabled={fields.subjectId.trim() === ''}>
        {wordsOf(common).save}
      </Button>
    </Form>
  );
}
