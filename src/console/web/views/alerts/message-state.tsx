import type { NotificationPage } from '../../../../channels/notifications.controller';
import { Badge, Tone } from '../../ui/text';

type State = NotificationPage['items'][number]['state'];

const TONES: Record<State, Tone> = { sent: 'good', failed: 'bad', queued: 'info', held: 'info', skipped: 'neutral' };

/** What became of a message, in the words of the API. */
export const MessageState = ({ state }: { state: State }) => <Badge tone={TONES[state]}>{state}</Badge>;
