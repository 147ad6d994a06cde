import { LANGUAGES } from '../compliance/assessment';
import { foldBreach, TOLD } from './breach';
import { draftOf } from './breach-drafts';

const at = (text: string): number => Date.parse(text);
const opening = {
  ...{ at: at('2026-11-19T15:00:00Z'), eventId: 'e-1', eventType: 'DATA_BREACH_DETECTED', outcome: 'unknown' },
  ...{ actor: '', subject: '', service: '', description: '' },
  details: { title: 'A laptop <was> stolen', awareAt: '2026-11-19T14:00:00Z', nature: 'Theft & loss' },
};
const breach = foldBreach({ id: 'B-1', openedAt: opening.at, steps: [opening] }, undefined, opening.at);
const counted = { events: 12, subjects: 3, records: 40, dataCategories: ['contact'], firstAt: 0, lastAt: opening.at };

describe('a draft of a notification', () => {
  const options = { law: 'gdpr', zone: undefined, now: at('2026-11-20T00:00:00Z') } as const;

  it.each(TOLD.flatMap((to) => LANGUAGES.map((language) => [to, language] as const)))(
    'to %s in %s says what is known, as it was written, and marks what is not',
    (to, language) => {
      const text = draftOf(breach, counted, { ...options, to, language });
      expect(text).toContain('Theft & loss');
      expect(text).toContain('2026-11-19 14:00 UTC+00:00');
      expect(text).toContain('contact');
      expect(text).toContain(language === 'en' ? '[to be filled in]' : '[a preencher]');
      expect(text).not.toMatch(/undefined|null|\{\{/);
    },
  );

  it('to the authority counts persons and records, or says that nobody has counted them', () => {
    const draft = (affected: typeof counted | null) =>
      draftOf(breach, affected, { ...options, to: 'authority', language: 'en' });
    expect(draft(counted)).toContain('Data subjects (approximate number): 3\nRecords (approximate number): 40\n');
    expect(draft(null)).toContain('Not yet established');
    expect(draft(counted)).not.toContain('when it was due');
  });

  it('asks for the reasons of a delay, in the zone of the law', () => {
    const late = { law: 'lgpd', zone: undefined, now: at('2026-12-01T00:00:00Z'), to: 'authority' } as const;
    const text = draftOf(breach, counted, { ...late, language: 'pt' });
    expect(text).toContain('Esta comunicação é feita depois de 2026-11-26 00:00 UTC-03:00');
    expect(text).toContain('tomou conhecimento em: 2026-11-19 11:00 UTC-03:00');
  });
});
