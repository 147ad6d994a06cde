import type { JsonObject } from '../events/canonical-json';
import type { Case, CaseStep } from './cases';
import { foldRequest } from './request';

const at = (text: string): number => Date.parse(text);
const NOW = at('2026-11-23T12:00:00Z');

function step(time: string, eventType: string, details: JsonObject = {}, outcome = 'unknown'): CaseStep {
  const people = { actor: 'apikey:1', subject: 'sub_a' };
  return {
    at: at(time),
    eventId: `${eventType} ${time}`,
    eventType,
    outcome,
    ...people,
    service: '',
    description: '',
    details,
  };
}
const folded = (steps: CaseStep[], now = NOW) => {
  const found: Case = { id: 'R-1', openedAt: steps[0]?.at ?? 0, steps };
  return foldRequest(found, undefined, now);
};
const GDPR = step('2026-10-05T09:00:00Z', 'GDPR_REQUEST', { right: 'access' });
const DONE = 'DATA_SUBJECT_REQUEST_COMPLETED';

describe('a request of a data subject', () => {
  it('is open until its month has passed, and overdue from then on', () => {
    const before = folded([GDPR], at('2026-11-05T23:59:59Z'));
    expect(before).toMatchObject({ law: 'gdpr', right: 'access', state: 'open', overdue: false, subject: 'sub_a' });
    expect(before.due.lastDay).toBe('2026-11-05');
    expect(folded([GDPR], at('2026-11-06T00:00:00Z')).overdue).toBe(true);
  });

  it('of the LGPD has fifteen days, counted in Brazil', () => {
    const request = folded([step('2026-10-06T01:00:00Z', 'LGPD_REQUEST', { right: 'erasure' })]);
    // The evening of 5 October in Brazil.
    expect(request).toMatchObject({ law: 'lgpd', right: 'erasure', due: { lastDay: '2026-10-20' }, overdue: true });
  });

  it('is answered in time or late, whatever the time of asking', () => {
    expect(folded([GDPR, step('2026-11-05T22:00:00Z', DONE)])).toMatchObject({ state: 'answered', overdue: false });
    const late = folded([GDPR, step('2026-11-06T01:00:00Z', DONE)]);
    expect(late).toMatchObject({ state: 'answered', overdue: true, closedAt: at('2026-11-06T01:00:00Z') });
  });

  it.each<[JsonObject, string, string]>([
    [{ status: 'refused' }, 'success', 'refused'],
    [{}, 'denied', 'refused'],
    [{ status: 'Withdrawn' }, 'success', 'withdrawn'],
    [{ status: 'in progress' }, 'success', 'open'],
    [{}, 'failure', 'open'],
  ])('whose completion says %j with the outcome %s is %s', (details, outcome, state) => {
    expect(folded([GDPR, step('2026-10-20T09:00:00Z', DONE, details, outcome)]).state).toBe(state);
  });

  it('may be extended once, in time, and under the GDPR only', () => {
    const extension = (time: string, type = 'GDPR_REQUEST') => step(time, type, { status: 'extended' });
    expect(folded([GDPR, extension('2026-10-30T09:00:00Z')])).toMatchObject({
      extended: true,
      due: { lastDay: '2027-01-05' },
    });
    const tooLate = folded([GDPR, extension('2026-11-10T09:00:00Z')]);
    expect(tooLate).toMatchObject({ extended: false, overdue: true });
    expect(tooLate.steps[1]).toMatchObject({ move: 'extended', ignored: true });
    const twice = folded([GDPR, extension('2026-10-20T09:00:00Z'), extension('2026-10-21T09:00:00Z')]);
    expect(twice.steps.map(({ ignored }) => ignored)).toEqual([false, false, true]);
    const brazil = folded([
      step('2026-10-05T09:00:00Z', 'LGPD_REQUEST'),
      extension('2026-10-06T09:00:00Z', 'LGPD_REQUEST'),
    ]);
    expect(brazil.extended).toBe(false);
  });

  it('is closed by the first that closes it', () => {
    const request = folded([
      GDPR,
      step('2026-10-10T09:00:00Z', DONE),
      step('2026-10-11T09:00:00Z', DONE, { status: 'refused' }),
      step('2026-10-12T09:00:00Z', 'GDPR_REQUEST', { right: 'access' }),
    ]);
    expect(request).toMatchObject({ state: 'answered', closedAt: at('2026-10-10T09:00:00Z'), openedAt: GDPR.at });
    expect(request.steps.map(({ ignored }) => ignored)).toEqual([false, false, true, true]);
  });

  it.each([
    ['Right of access', 'access'],
    ['data portability', 'portability'],
    ['consent-withdrawal', 'consent_withdrawal'],
    ['something else', 'other'],
  ])('that names the right "%s" is about %s', (right, known) => {
    expect(folded([step('2026-10-05T09:00:00Z', 'GDPR_REQUEST', { right })]).right).toBe(known);
  });
});
