import { alongStarts, partiesSpan, summarize } from './summary';

const point = (
  start: number,
  category: string,
  severity: string,
  outcome: string,
  type: string,
  events: number,
  failures = 0,
) => ({
  start,
  keys: [category, severity, outcome, type],
  events,
  failures,
});

describe('the time of which users, addresses and resources are counted', () => {
  const DAY = 86_400_000;

  it('is widened to whole days from a week on, and as it is below', () => {
    const [from, to] = [3 * DAY + 5, 10 * DAY + 5];
    expect(partiesSpan({ from, to })).toEqual({ from: 3 * DAY, to: 11 * DAY });
    expect(partiesSpan({ from, to: to - 1 })).toEqual({ from, to: to - 1 });
    expect(partiesSpan({ from: -1, to: 8 * DAY })).toEqual({ from: -DAY, to: 8 * DAY });
    expect(partiesSpan({ from: DAY, to: 9 * DAY })).toEqual({ from: DAY, to: 9 * DAY });
  });
});

describe('the summary of events', () => {
  const now = [
    point(0, 'authentication', 'medium', 'failure', 'LOGIN_FAILED', 6, 6),
    point(10, 'authentication', 'info', 'success', 'LOGIN_SUCCESS', 10),
    point(10, 'compliance', 'high', 'success', 'GDPR_REQUEST', 2),
    point(10, 'compliance', 'info', 'success', 'CONSENT_REVOKED', 2),
  ];
  const before = [
    point(-20, 'authentication', 'critical', 'denied', 'LOGIN_BLOCKED', 4, 4),
    point(-20, 'data', 'info', 'unknown', 'DATA_READ', 6),
  ];

  it('adds up, compares with the period before, and keeps what there is no more', () => {
    const summary = summarize(now, before);
    expect(summary.totals).toEqual({
      events: { count: 20, previous: 10, change: 1 },
      failures: { count: 6, previous: 4, change: 0.5 },
      highSeverity: { count: 2, previous: 4, change: -0.5 },
    });
    expect(summary.byCategory).toEqual([
      { key: 'authentication', count: 16, previous: 4, change: 3 },
      { key: 'compliance', count: 4, previous: 0, change: null },
      { key: 'data', count: 0, previous: 6, change: -1 },
    ]);
    expect(summary.bySeverity[0]).toEqual({ key: 'info', count: 12, previous: 6, change: 1 });
    expect(summary.byOutcome.map(({ key, count }) => [key, count])).toEqual([
      ['success', 14],
      ['failure', 6],
      ['denied', 0],
      ['unknown', 0],
    ]);
    expect(alongStarts(now, [0, 10, 20])).toEqual({ events: [6, 14, 0], failures: [6, 0, 0] });
    expect(summary.compliance).toEqual({ failedShare: 0.3, requests: 2, consents: { granted: 0, revoked: 2 } });
  });

  it('says nothing about shares of nothing', () => {
    expect(summarize([], [])).toMatchObject({
      totals: { events: { count: 0, previous: 0, change: null } },
      byCategory: [],
      compliance: { failedShare: null },
    });
  });
});
