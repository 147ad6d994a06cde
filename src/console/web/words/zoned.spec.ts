import { instantOf, wallTime } from './zoned';

describe('the clock of a zone', () => {
  it('shows an instant and leads back to it', () => {
    const at = Date.parse('2026-11-23T18:30:00Z');
    expect(wallTime(at, 'America/Sao_Paulo')).toBe('2026-11-23T15:30');
    expect(instantOf('2026-11-23T15:30', 'America/Sao_Paulo')).toBe(at);
    expect(instantOf('2026-11-24', 'Asia/Kolkata')).toBe(Date.parse('2026-11-23T18:30:00Z'));
  });

  it('takes the first of the hours that come twice, and goes on past those that do not come', () => {
    expect(instantOf('2026-10-25T01:30', 'Europe/Lisbon')).toBe(Date.parse('2026-10-25T00:30:00Z'));
    expect(instantOf('2026-03-29T01:30', 'Europe/Lisbon')).toBe(Date.parse('2026-03-29T01:30:00Z'));
  });

  it('knows no instant for what is no time', () => {
    expect(instantOf('yesterday', 'UTC')).toBeUndefined();
  });
});
