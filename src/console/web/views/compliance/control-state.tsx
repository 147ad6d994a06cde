import type { ControlStatus } from '../../../../compliance/assessment';
import { Badge, Tone } from '../../ui/text';
import { wordsOf } from '../../words/words';
import { complianceWords } from './words';

/** "No events" is as grey as what nobody has attested: only what is shown is green. */
const TONES: Record<ControlStatus, Tone> = {
  exception: 'critical',
  partial: 'warn',
  no_events: 'neutral',
  attestation_needed: 'info',
  evidenced: 'good',
};

export const ControlState = ({ status }: { status: ControlStatus }) => (
  <Badge tone={TONES[status]}>{wordsOf(complianceWords).statuses[status]}</Badge>
);
