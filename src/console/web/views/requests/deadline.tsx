import type { SubjectRequestPage } from '../../../../registers/requests.controller';
import { Badge } from '../../ui/text';
import { relative } from '../../words/format';
import { wordsOf } from '../../words/words';
import { requestWords } from './words';

type Request = SubjectRequestPage['items'][number];

/** How the deadline of a request stands, in words as well as by its colour. */
export function Deadline({ request }: { request: Request }) {
  const t = wordsOf(requestWords);
  if (request.state !== 'open') {
    return <Badge tone={request.overdue ? 'bad' : 'good'}>{request.overdue ? t.tooLate : t.inTime}</Badge>;
  }
  return request.overdue ? <Badge tone="critical">{t.late}</Badge> : <span>{t.left(relative(request.dueBefore))}</span>;
}
