import { cronFault, dueRun, nextDue } from './schedule-times';

const at = (iso: string) => Date.parse(iso);
const MONTHLY = '0 6 1 * *';

describe('the run that is owed', () => {
  const since = at('2026-08-15T00:00:00Z');

  it('is none before the first time has come', () => {
    expect(dueRun(MONTHLY, 'UTC', since, at('2026-09-01T05:59:59.999Z'))).toBeUndefined();
  });

  it('is owed from its very moment on', () => {
    expect(dueRun(MONTHLY, 'UTC', since, at('2026-09-01T06:00:00Z'))).toBe(at('2026-09-01T06:00:00Z'));
    expect(dueRun(MONTHLY, 'UTC', since, at('2026-09-20T00:00:00Z'))).toBe(at('2026-09-01T06:00:00Z'));
  });

  it('is the latest one when several were missed', () => {
    expect(dueRun(MONTHLY, 'UTC', since, at('2026-11-23T00:00:00Z'))).toBe(at('2026-11-01T06:00:00Z'));
  });

  it('is none of the time before the schedule was made or changed', () => {
    expect(dueRun(MONTHLY, 'UTC', at('2026-11-01T06:00:00Z'), at('2026-11-23T00:00:00Z'))).toBeUndefined();
  });

  it('goes by the clocks of the zone, through summer time', () => {
    const lisbon = (now: string) => dueRun('30 1 * * *', 'Europe/Lisbon', since, at(now));
    expect(lisbon('2026-08-20T00:30:00Z')).toBe(at('2026-08-20T00:30:00Z'));
    expect(lisbon('2026-11-20T01:30:00Z')).toBe(at('2026-11-20T01:30:00Z'));
  });
});

it('tells when a schedule is due next', () => {
  expect(nextDue(MONTHLY, 'America/Sao_Paulo', at('2026-11-01T08:00:00Z'))).toBe(at('2026-11-01T09:00:00Z'));
});

describe('cronFault', () => {
  it.each(['0 6 1 * *', '*/5 * * * MON-FRI', '@monthly'])('takes %s', (text) => {
    expect(cronFault(text)).toBeUndefined();
  });
  it.each(['', 'monthly', '* * *', '0 0 6 1 * *', '61 * * * *', '0 6 31 2 *'])('refuses "%s"', (text) => {
    expect(cronFault(text)).toEqual(expect.any(String));
  });
});
