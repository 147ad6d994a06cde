import type { DashboardSummary } from '../../../../statistics/dashboard.schema';
import { Card, Facts } from '../../ui/page';
import { Badge, Severity, Time } from '../../ui/text';
import { number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { overviewWords } from './words';

export function AlertsCard({ alerts }: { alerts: DashboardSummary['alerts'] }) {
  const t = wordsOf(overviewWords);
  const unresolved = alerts.bySeverity.filter(({ open, acknowledged }) => open + acknowledged > 0);
  return (
    <Card title={t.alerts}>
      {unresolved.length === 0 && <p class="quiet">{t.noAlerts}</p>}
      <ul class="stack">
        {unresolved.map(({ severity, open, acknowledged }) => (
          <li key={severity} class="row">
            <a href={`/console/alerts?severity=${severity}`} class="row">
              <Severity value={severity} /> <b>{number(open)}</b>
            </a>
            {acknowledged > 0 && <span class="quiet">{t.acknowledged(number(acknowledged))}</span>}
          </li>
        ))}
      </ul>
      {alerts.oldestOpenAt && <Facts items={[[t.oldest, <Time at={alerts.oldestOpenAt} ago />]]} />}
    </Card>
  );
}

export function ComplianceCard({ facts }: { facts: DashboardSummary['compliance'] }) {
  const t = wordsOf(overviewWords);
  const { integrity, consents, erasures, retention } = facts;
  const last = integrity.lastVerification;
  return (
    <Card title={t.compliance}>
      <Facts
        items={[
          [t.requests, number(facts.requests)],
          [t.consents, `${number(consents.granted)}, ${number(consents.revoked)}`],
          [t.erasures, `${number(erasures.underway)}, ${number(erasures.inPeriod)}`],
          [t.holds, number(facts.legalHolds)],
          [t.removed, number(retention.removed)],
          [t.sealed, number(integrity.treeSize)],
          [
            t.verified,
            last ? (
              <>
                <Time at={last.finishedAt} ago />{' '}
                <Badge tone={last.faults === 0 ? 'good' : 'critical'}>
                  {last.faults === 0 ? t.noFaults : t.faults(last.faults)}
                </Badge>
              </>
            ) : (
              t.never
            ),
          ],
        ]}
      />
    </Card>
  );
}

/** Accepted = stored + on the way + set aside; whatever is left over is an alarm. */
export function AccountingCard({ pipeline }: { pipeline: DashboardSummary['pipeline'] }) {
  const t = wordsOf(overviewWords);
  return (
    <Card title={t.pipeline}>
      <Facts
        items={[
          [t.accepted, number(pipeline.accepted)],
          [t.stored, number(pipeline.stored)],
          [t.duplicates, number(pipeline.duplicates)],
          [t.waiting, number(pipeline.waiting)],
          [t.deadLettered, number(pipeline.deadLettered)],
          [
            t.unaccounted,
            <Badge key="unaccounted" tone={pipeline.unaccounted === 0 ? 'good' : 'critical'}>
              {number(pipeline.unaccounted)}
            </Badge>,
          ],
        ]}
      />
    </Card>
  );
}
