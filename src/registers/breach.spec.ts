import type { JsonObject } from '../events/canonical-json';
import { BreachClock, foldBreach } from './breach';
import type { CaseStep } from './cases';

const at = (text: string): number => Date.parse(text);

function step(time: string, eventType: string, details: JsonObject = {}): CaseStep {
  const rest = { outcome: 'unknown', actor: '', subject: '', service: '', description: 'A laptop was stolen' };
  return { at: at(time), eventId: `${eventType} ${time}`, eventType, ...rest, details };
}
const folded = (steps: CaseStep[], now: string) =>
  foldBreach({ id: 'B-1', openedAt: steps[0]?.at ?? 0, steps }, undefined, at(now));
const states = (clocks: BreachClock[]) => Object.fromEntries(clocks.map((c) => [`${c.law} ${c.to}`, c.state]));

// A Thursday; 20 November is a holiday in Brazil, 21 and 22 are a weekend.
const OPENED = step('2026-11-19T15:00:00Z', 'DATA_BREACH_DETECTED', { awareAt: '2026-11-19T14:00:00Z', risk: 'high' });

describe('a breach', () => {
  it('runs both clocks from the time of awareness', () => {
    const breach = folded([OPENED], '2026-11-22T13:59:59Z');
    expect(breach).toMatchObject({ state: 'open', awareAt: at('2026-11-19T14:00:00Z'), title: 'A laptop was stolen' });
    expect(breach.clocks.map(({ law, to, due }) => [law, to, due?.lastDay ?? null])).toEqual([
      ['gdpr', 'authority', '2026-11-22'],
      ['gdpr', 'subjects', null],
      ['lgpd', 'authority', '2026-11-25'],
      ['lgpd', 'subjects', '2026-11-25'],
    ]);
    expect(new Set(breach.clocks.map(({ state }) => state))).toEqual(new Set(['running']));
    expect(states(folded([OPENED], '2026-11-22T14:00:00Z').clocks)).toMatchObject({
      'gdpr authority': 'missed',
      'lgpd authority': 'running',
    });
  });

  it('keeps the clock of those who were told, of the first time', () => {
    const told = (time: string, details: JsonObject) => step(time, 'DATA_BREACH_NOTIFIED', details);
    const breach = folded(
      [
        OPENED,
        told('2026-11-20T09:00:00Z', { to: 'authority', law: 'gdpr' }),
        told('2026-11-24T09:00:00Z', { to: 'authority', law: 'gdpr' }),
        told('2026-11-26T09:00:00Z', { to: 'subjects' }),
        step('2026-11-27T09:00:00Z', 'DATA_BREACH_CLOSED'),
      ],
      '2026-11-28T00:00:00Z',
    );
    expect(breach.state).toBe('closed');
    expect(states(breach.clocks)).toEqual({
      'gdpr authority': 'kept',
      'gdpr subjects': 'kept',
      'lgpd authority': 'missed',
      'lgpd subjects': 'late',
    });
  });

  it('asks for no more than its risk does, and for one law only if it is told so', () => {
    const with_ = (details: JsonObject) =>
      states(folded([step('2026-11-19T15:00:00Z', 'DATA_BREACH_DETECTED', details)], '2026-11-19T16:00:00Z').clocks);
    expect(with_({ risk: 'none', laws: ['GDPR'] })).toEqual({
      'gdpr authority': 'not_required',
      'gdpr subjects': 'not_required',
    });
    expect(with_({ risk: 'risk' })).toEqual({
      'gdpr authority': 'running',
      'gdpr subjects': 'not_required',
      'lgpd authority': 'running',
      'lgpd subjects': 'running',
    });
  });

  it('believes what was said last', () => {
    const update = step('2026-11-20T15:00:00Z', 'DATA_BREACH_UPDATED', {
      awareAt: '2026-11-18T14:00:00Z',
      measures: 'Keys changed',
      affected: { resourceType: ['customer'] },
    });
    expect(folded([OPENED, update], '2026-11-20T16:00:00Z')).toMatchObject({
      awareAt: at('2026-11-18T14:00:00Z'),
      risk: 'high',
      facts: { measures: 'Keys changed', nature: null },
      affected: { resourceType: ['customer'] },
    });
  });
});
