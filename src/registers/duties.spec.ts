import { conflictsOf, Duty, matrixOf, PersonDuties } from './duties';

const person = (name: string, ...duties: Duty[]): PersonDuties => ({
  person: name,
  duties: duties.map((duty) => ({ duty, events: 1, firstAt: 0, lastAt: 0, eventIds: [] })),
});

describe('segregation of duties', () => {
  const people = [
    person('ann', 'prepare_payments'),
    person('bob', 'prepare_payments', 'approve_payments', 'grant_rights'),
    person('cid', 'approve_payments', 'run_controls'),
  ];

  it('names who exercised duties that must be apart', () => {
    const found = conflictsOf(people).map(({ person: name, duties }) => [name, ...duties.map(({ duty }) => duty)]);
    expect(found).toEqual([
      ['bob', 'prepare_payments', 'approve_payments'],
      ['bob', 'prepare_payments', 'grant_rights'],
      ['bob', 'approve_payments', 'grant_rights'],
    ]);
  });

  it('counts people by pairs of duties', () => {
    const pair = (a: Duty, b: Duty) => matrixOf(people).find(({ duties }) => duties[0] === a && duties[1] === b);
    expect(pair('prepare_payments', 'prepare_payments')).toMatchObject({ people: 2, conflict: false });
    expect(pair('prepare_payments', 'approve_payments')).toMatchObject({ people: 1, conflict: true });
    expect(pair('approve_payments', 'run_controls')).toMatchObject({ people: 1, conflict: false });
    expect(matrixOf(people)).toHaveLength(36);
  });
});
