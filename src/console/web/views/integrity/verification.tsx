import { useState } from 'preact/hooks';
import type { LedgerState } from '../../../../ledger/ledger.controller';
import type { VerificationProgress, VerificationReport } from '../../../../ledger/verify-report';
import { api, send } from '../../api';
import { linesOf } from '../../ledger/verification';
import { Button } from '../../ui/button';
import { ErrorBox, Notice } from '../../ui/feedback';
import { Card, Facts } from '../../ui/page';
import { Table } from '../../ui/table';
import { Badge, Time } from '../../ui/text';
import { useAction, useLoad } from '../../ui/use-load';
import { number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { integrityWords } from './words';

/** The last verification with its findings, and one of the whole ledger on demand, with its progress. */
export function Verification({ ledger, onDone }: { ledger: LedgerState; onDone: () => void }) {
  const t = wordsOf(integrityWords);
  const [progress, setProgress] = useState<VerificationProgress | undefined>(undefined);
  const [made, setMade] = useState<VerificationReport | undefined>(undefined);
  const path = `ledger/${encodeURIComponent(ledger.tenant)}/verifications`;
  const run = useAction(async () => {
    setMade(undefined);
    const response = await send(path, { method: 'POST', body: {} });
    for await (const line of linesOf(response)) {
      if (line.error) throw new Error(line.error.message);
      if (line.progress) setProgress(line.progress);
      if (line.report) setMade(line.report);
    }
    setProgress(undefined);
    onDone();
  });
  const last = ledger.verification;
  return (
    <Card title={t.verification}>
      <p class="quiet">{t.verifyLead}</p>
      <div class="row">
        <Button kind="primary" icon="check" busy={run.busy} onClick={() => void run.run()}>
          {t.verify}
        </Button>
        {run.busy && progress && (
          <>
            <progress max={progress.total} value={progress.done} aria-label={t.verification} />
            <span class="quiet">{t.progress(number(progress.done), number(progress.total))}</span>
          </>
        )}
      </div>
      <ErrorBox error={run.error} />
      {made ? <Report report={made} /> : last ? <Stored path={`${path}/${last.id}`} id={last.id} /> : <p>{t.never}</p>}
    </Card>
  );
}

function Stored({ path, id }: { path: string; id: string }) {
  const report = useLoad((signal) => api.get<VerificationReport>(path, {}, signal), [id]);
  if (report.error !== undefined) return <ErrorBox error={report.error} retry={report.reload} />;
  return report.data ? <Report report={report.data} /> : null;
}

function Report({ report }: { report: VerificationReport }) {
  const t = wordsOf(integrityWords);
  return (
    <div class="stack">
      <Notice kind={report.sound ? 'good' : 'bad'}>
        <strong>{report.sound ? t.sound : t.unsound(report.faults.total)}</strong>
      </Notice>
      <Facts
        items={[
          [t.last, <Time key="last" at={report.finishedAt} />],
          [t.kind, t.kinds[report.kind]],
          [t.hashed, number(report.events)],
          [t.signatures, number(report.signatures)],
        ]}
      />
      <Findings title={t.faults} findings={report.faults} bad />
      <Findings title={t.notes} findings={report.notes} />
    </div>
  );
}

function Findings({
  title,
  findings,
  bad = false,
}: {
  title: string;
  findings: VerificationReport['faults'] | VerificationReport['notes'];
  bad?: boolean;
}) {
  const t = wordsOf(integrityWords);
  if (findings.total === 0) return null;
  return (
    <section class="stack">
      <h3>
        {title}: {number(findings.total)}
      </h3>
      <Table
        label={title}
        rows={[...findings.listed]}
        keyOf={({ kind, leafIndex, eventId, reference }) => `${kind} ${leafIndex} ${eventId} ${reference}`}
        columns={[
          { key: 'kind', title: t.kind, cell: ({ kind }) => <Badge tone={bad ? 'critical' : 'neutral'}>{kind}</Badge> },
          { key: 'leaf', title: t.leaf, align: 'end', cell: ({ leafIndex }) => leafIndex ?? '–' },
          {
            key: 'event',
            title: t.event,
            cell: ({ eventId }) => (eventId ? <a href={`/console/events/${eventId}`}>{eventId}</a> : '–'),
          },
          { key: 'detail', title: t.detail, cell: ({ detail }) => detail },
        ]}
      />
    </section>
  );
}
