import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { common } from '../words/common';
import { wordsOf } from '../words/words';
import { Button } from './button';
import { Dialog } from './dialog';
import { ErrorBox } from './feedback';
import { Form, TextField } from './form';
import { useAction } from './use-load';

interface Props {
  title: string;
  /** Says what will happen. */
  lead: ComponentChildren;
  act: (reason: string) => Promise<unknown>;
  onClose: () => void;
  /** Absent where the act takes no reason. */
  hint?: string;
  danger?: boolean;
}

/** Asks once more before an act, and why it is done. */
export function ReasonDialog({ title, lead, act, onClose, hint, danger = false }: Props) {
  const [reason, setReason] = useState('');
  const run = useAction(() => act(reason.trim()));
  return (
    <Dialog title={title} onClose={onClose}>
      <Form onSubmit={() => void run.run()}>
        <p>{lead}</p>
        {hint !== undefined && (
          <TextField label={wordsOf(common).reason} hint={hint} value={reason} onValue={setReason} />
        )}
        <ErrorBox error={run.error} />
        <Button
          type="submit"
          kind={danger ? 'danger' : 'primary'}
          busy={run.busy}
          disabled={hint !== undefined && reason.trim() === ''}
        >
          {title}
        </Button>
      </Form>
    </Dialog>
  );
}
