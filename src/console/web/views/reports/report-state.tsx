import type { ComplianceReport } from '../../../../reports/reports.schema';
import { Badge, Tone } from '../../ui/text';
import { wordsOf } from '../../words/words';
import { reportWords } from './words';

const TONES: Record<ComplianceReport['state'], Tone> = {
  queued: 'info',
  running: 'info',
  finished: 'good',
  failed: 'bad',
};

/** The state of a report, and how far it is while it is made. */
export function ReportState({ report }: { report: ComplianceReport }) {
  const t = wordsOf(reportWords);
  const { progress, state } = report;
  return (
    <span class="row">
      <Badge tone={TONES[state]}>{t.states[state]}</Badge>
      {progress && (
        <>
          <progress max={100} value={progress.percent} aria-label={t.stages[progress.stage]} />
          <span class="quiet">{t.stages[progress.stage]}</span>
        </>
      )}
    </span>
  );
}
