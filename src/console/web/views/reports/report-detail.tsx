import { useEffect } from 'preact/hooks';
import type { ControlStatus } from '../../../../compliance/assessment';
import type { ComplianceReport } from '../../../../reports/reports.schema';
import { api, download } from '../../api';
import { Button } from '../../ui/button';
import { ErrorBox, Notice } from '../../ui/feedback';
import { Await } from '../../ui/list';
import { Card, Facts, Page } from '../../ui/page';
import { Code, Time } from '../../ui/text';
import { useAction, useLoad } from '../../ui/use-load';
import { bytes, dayOf, number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { ControlState } from '../compliance/control-state';
import { complianceWords } from '../compliance/words';
import { MessageState } from '../alerts/message-state';
import { periodOf } from './period';
import { ReportState } from './report-state';
import { reportWords } from './words';

const LOOK_MS = 1000;

/** One report: how far it is, its files, and what it found. Looks again by itself until it is made. */
export function ReportDetail({ id }: { id: string }) {
  const t = wordsOf(reportWords);
  const report = useLoad(
    (signal) => api.get<ComplianceReport>(`compliance/reports/${encodeURIComponent(id)}`, {}, signal),
    [id],
  );
  const making = report.data?.state === 'queued' || report.data?.state === 'running';
  useEffect(() => {
    if (!making || report.loading) return;
    const timer = setTimeout(report.reload, LOOK_MS);
    return () => clearTimeout(timer);
  }, [making, report.loading]);
  const lead =
    report.data && `${wordsOf(complianceWords).regulations[report.data.regulation]}, ${periodOf(report.data)}`;
  return (
    <Page title={t.report} {...(lead ? { lead } : {})} actions={<a href="/console/reports">{t.list}</a>}>
      <Await of={report}>{(data) => <Made report={data} />}</Await>
    </Page>
  );
}

function Made({ report }: { report: ComplianceReport }) {
  const t = wordsOf(reportWords);
  return (
    <div class="grid">
      <Card title={t.report}>
        <ReportState report={report} />
        {report.reason && <Notice kind={report.state === 'failed' ? 'bad' : 'warn'}>{report.reason}</Notice>}
        <Facts
          items={[
            [t.made, report.generatedAt && <Time at={report.generatedAt} />],
            [t.by, report.schedule ?? report.createdBy],
            [t.zone, report.timeZone],
            [t.language, t.languages[report.language]],
            [t.events, report.events === null ? undefined : number(report.events)],
            [t.findings, report.findings === null ? undefined : number(report.findings)],
            [t.hash, report.contentHash && <Code text={report.contentHash} short={24} />],
            [t.kept, dayOf(report.keptUntil)],
          ]}
        />
        {report.contentHash && <p class="quiet">{t.hashHint}</p>}
      </Card>
      {report.files.length > 0 && <Files report={report} />}
      {report.statuses && (
        <Card title={t.controls}>
          <ul class="pairs">
            {Object.entries(report.statuses).map(([status, count]) => (
              <li key={status}>
                <ControlState status={status as ControlStatus} />
                <b>{number(count)}</b>
              </li>
            ))}
          </ul>
        </Card>
      )}
      {report.deliveries.length > 0 && (
        <Card title={t.deliveries}>
          <ul class="pairs">
            {report.deliveries.map(({ to, group, state, reason, sentAt }) => (
              <li key={`${group} ${to}`}>
                <span>
                  {group} {to}
                </span>
                <span>
                  <MessageState state={state} /> {sentAt ? <Time at={sentAt} /> : reason}
                </span>
              </li>
            ))}
          </ul>
        </Card>
      )}
    </div>
  );
}

function Files({ report }: { report: ComplianceReport }) {
  const t = wordsOf(reportWords);
  const save = useAction((format: string) =>
    download(`compliance/reports/${report.id}/download`, `report.${format}`, { format }),
  );
  return (
    <Card title={t.files}>
      <ul class="stack">
        {report.files.map(({ format, bytes: size, sha256 }) => (
          <li key={format} class="row">
            <Button icon="download" busy={save.busy} onClick={() => void save.run(format)}>
              {format}
            </Button>
            <span class="quiet">{bytes(size)}</span>
            <Code text={sha256} short={12} />
          </li>
        ))}
      </ul>
      <ErrorBox error={save.error} />
    </Card>
  );
}
