import { sampleAssessment, sampleCircumstances, samplePopulation } from '../../test/support/sample-assessment';
import { buildReport, coveringVerifications, integrityOf, VerifiedRange } from './content';

const range = (first: number, end: number, faults = 0): VerifiedRange => ({
  ...{ id: `${first}-${end}`, kind: 'incremental', first, end, faults, finishedAt: '2026-11-02T03:00:00.000Z' },
});
const period = { ...samplePopulation, first: 100, last: 199 };

describe('the content of a report', () => {
  it('has the same hash whoever makes it, and whenever', () => {
    const one = buildReport(sampleAssessment(), samplePopulation, sampleCircumstances);
    const other = buildReport(sampleAssessment(), samplePopulation, {
      ...{ reportId: 'another', generatedAt: '2027-01-01T00:00:00.000Z', generatedBy: 'apikey:other' },
      ...{ verifications: [], publicUrl: null },
    });
    expect(other.contentHash).toBe(one.contentHash);
    expect(one.contentHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('has another hash when what it says is different', () => {
    const hash = (events: number, missing: number) =>
      buildReport(sampleAssessment({ events }), { ...samplePopulation, missing }, sampleCircumstances).contentHash;
    expect(new Set([hash(1, 0), hash(2, 0), hash(1, 1)]).size).toBe(3);
  });
});

describe('integrity', () => {
  it.each([
    ['is sound when verifications together cover the period', [range(150, 300), range(0, 150)], 'sound'],
    ['is partly verified when a leaf is left out', [range(150, 300), range(0, 149)], 'partly_verified'],
    ['is partly verified when the last event is left out', [range(0, 199)], 'partly_verified'],
    ['is not verified when none touches it', [range(0, 100), range(200, 300)], 'not_verified'],
    ['has faults when one that touches it found any', [range(0, 300), range(150, 160, 2)], 'faults'],
    ['is not spoilt by faults elsewhere', [range(0, 300), range(200, 300, 2)], 'sound'],
  ])('%s', (_, verifications, expected) => {
    expect(integrityOf(period, verifications)).toBe(expected);
  });

  it('has nothing to say about a period without events', () => {
    expect(integrityOf({ ...period, first: null, last: null }, [range(0, 300)])).toBe('no_events');
  });

  it('rests on the newest verifications that cover the period', () => {
    const all = [range(180, 400), range(120, 180), range(500, 600), range(0, 500), range(0, 150)];
    expect(coveringVerifications(all, period).map(({ id }) => id)).toEqual(['180-400', '120-180', '0-500']);
    expect(coveringVerifications(all, { first: null, last: null })).toEqual([]);
  });
});
