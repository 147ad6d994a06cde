import type { NotificationPage } from '../../../../channels/notifications.controller';
import { Badge, Tone } from '../../ui/text';
import { wordsOf } from '../../words/words';
import { alertWords } from './words';

type State = NotificationPage['items'][number]['state'];

const TONES: Record<State, Tone> = { sent: 'good', failed: 'bad', queued: 'info', held: 'info', skipped: 'neutral' };

/** What became of a message. */
export const MessageState = ({ state }: { state: State }) => (
  <Badge tone={TONES[state]}>{wordsOf(alertWords).messageStates[state]}</Badge>
);
