import { useState } from 'preact/hooks';
import { api, ApiError } from '../../api';
import { session } from '../../session';
import { Button } from '../../ui/button';
import { ErrorBox } from '../../ui/feedback';
import { Form, SelectField, TextArea } from '../../ui/form';
import { useAction } from '../../ui/use-load';
import { wordsOf } from '../../words/words';
import { alertWords } from './words';

export type AlertAct = 'acknowledge' | 'resolve' | 'reopen' | 'assign' | 'comment';

/** The name of the text in the body of each act; of the first two it may be left out. */
const MEMBERS = { acknowledge: 'comment', reopen: 'reason', resolve: 'reason', assign: 'assignee', comment: 'comment' };
const OPTIONAL: readonly AlertAct[] = ['acknowledge', 'reopen'];

interface Props {
  act: AlertAct;
  path: string;
  onDone: () => void;
  /** Somebody else was first: the alert is another by now. */
  onLost: () => void;
}

export function AlertActForm({ act, path, onDone, onLost }: Props) {
  const t = wordsOf(alertWords);
  const [text, setText] = useState(act === 'assign' ? (session.value?.name ?? '') : '');
  const [resolution, setResolution] = useState('true_positive');
  const said = text.trim();
  const run = useAction(async () => {
    const body = { ...(said && { [MEMBERS[act]]: said }), ...(act === 'resolve' && { resolution }) };
    try {
      await api.post(`${path}/${act}`, body);
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) onLost();
      throw error;
    }
    onDone();
  });
  const leads: Record<AlertAct, string> = {
    acknowledge: t.acknowledgeLead,
    resolve: t.resolveLead,
    reopen: t.reopenLead,
    assign: t.assignLead,
    comment: t.commentLead,
  };
  return (
    <Form onSubmit={() => void run.run()}>
      <p>{leads[act]}</p>
      {act === 'resolve' && (
        <SelectField
          label={t.resolution}
          value={resolution}
          options={Object.entries(t.resolutions)}
          onValue={setResolution}
        />
      )}
      <TextArea label={act === 'assign' ? t.assignee : t.text} value={text} onValue={setText} />
      <ErrorBox error={run.error} />
      <Button type="submit" kind="primary" busy={run.busy} disabled={said === '' && !OPTIONAL.includes(act)}>
        {t[act]}
      </Button>
    </Form>
  );
}
