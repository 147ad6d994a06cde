import { rolesOf } from './oidc';

describe('the roles of a person', () => {
  const map = [
    ['auditors', 'viewer'],
    ['dpo', 'officer'],
    ['privacy', 'officer'],
  ] as const;

  it('are those of the groups that the provider names, each once', () => {
    expect(rolesOf(['dpo', 'privacy', 'staff'], map)).toEqual(['officer']);
    expect(rolesOf('auditors', map)).toEqual(['viewer']);
  });

  it('are none for other groups, other forms, and no claim', () => {
    expect(rolesOf(['staff'], map)).toEqual([]);
    expect(rolesOf({ auditors: true }, map)).toEqual([]);
    expect(rolesOf(undefined, map)).toEqual([]);
  });
});
