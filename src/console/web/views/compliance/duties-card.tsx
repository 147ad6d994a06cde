import type { Duties } from '../../../../registers/oversight.controller';
import { api } from '../../api';
import { Await } from '../../ui/list';
import { Card } from '../../ui/page';
import { asQuery, Span } from '../../ui/span';
import { Time } from '../../ui/text';
import { useLoad } from '../../ui/use-load';
import { href } from '../../ui/use-query-state';
import { wordsOf } from '../../words/words';
import { complianceWords } from './words';

/** Segregation of duties: people with two that must be apart, and work that its author approved. */
export function DutiesCard({ span }: { span: Span }) {
  const t = wordsOf(complianceWords);
  const found = useLoad((signal) => api.get<Duties>('compliance/duties', asQuery(span), signal), [span]);
  const person = (userId: string) => (
    <a href={href('/console/search', { userId: encodeURIComponent(userId), ...asQuery(span) })}>{userId}</a>
  );
  return (
    <Card title={t.duties}>
      <p class="quiet">{t.dutiesLead}</p>
      <Await of={found}>
        {({ conflicts, selfApprovals }) => (
          <>
            {conflicts.length + selfApprovals.length === 0 && <p>{t.noConflicts}</p>}
            <ul class="pairs">
              {conflicts.map(({ userId, duties }) => (
                <li key={userId}>
                  <span>
                    {person(userId)} {t.both}
                  </span>
                  <span>{duties.map(({ duty }) => t.dutyNames[duty]).join(', ')}</span>
                </li>
              ))}
              {selfApprovals.map(({ userId, eventType, at, eventIds }) => (
                <li key={eventIds.join()}>
                  <span>
                    {person(userId)} {t.selfApproval}
                  </span>
                  <a href={`/console/events/${eventIds[0]}`}>
                    {eventType}, <Time at={at} />
                  </a>
                </li>
              ))}
            </ul>
          </>
        )}
      </Await>
    </Card>
  );
}
