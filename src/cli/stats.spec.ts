import { render } from './stats';

const trend = (count: number, previous: number, change: number | null) => ({ count, previous, change });
const empty: Parameters<typeof render>[0] = {
  from: '2026-11-01T00:00:00.000Z',
  to: '2026-12-01T00:00:00.000Z',
  timezone: 'UTC',
  parties: { from: '2026-11-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z' },
  totals: {
    ...{ events: trend(0, 0, null), failures: trend(0, 0, null), highSeverity: trend(0, 0, null) },
    ...{ users: 0, addresses: 0, resources: 0 },
  },
  ...{ byCategory: [], bySeverity: [], byOutcome: [], topUsers: [], topAddresses: [], topResources: [] },
  alerts: { open: 0, acknowledged: 0, bySeverity: [] },
  compliance: {
    ...{ failedShare: null, requests: 0, erasures: { done: 0, underway: 0 }, legalHolds: 0 },
    integrity: { treeSize: 0, signedAt: null, lastVerification: null },
  },
  pipeline: { waiting: 0, deadLettered: 0, unaccounted: 0, uncountedBatches: 0 },
};

describe('mcp-audit stats', () => {
  it('leaves out tables without rows, and says that nothing was verified', () => {
    const text = render(empty);
    expect(text).toMatch(/^all +0 +0 +-$/m);
    expect(text).not.toMatch(/CATEGORY|USER|ADDRESS|ALERTS/);
    expect(text).toContain('0 events sealed, not verified yet');
    expect(text).not.toContain('not counted yet');
  });

  it('says so where users, addresses and resources are of whole days, and the rest is not', () => {
    const text = render({ ...empty, from: '2026-11-01T05:00:00.000Z' });
    expect(text).toContain('0 resources (of whole days, 2026-11-01 to before 2026-12-01 UTC)');
    expect(render(empty)).not.toContain('whole days');
  });

  it('shows signs of changes, kinds of resources, ages of alerts and what is not counted', () => {
    const text = render({
      ...empty,
      totals: { ...empty.totals, events: trend(30, 20, 0.5), failures: trend(5, 10, -0.5) },
      byCategory: [{ key: null, ...trend(3, 0, null) }],
      topResources: [{ key: 'R-1', resourceType: 'invoice', events: 4, failures: 1 }],
      alerts: {
        open: 2,
        acknowledged: 1,
        bySeverity: [
          { severity: 'critical', open: 2, acknowledged: 1, age: { under1h: 1, under24h: 0, under7d: 2, older: 0 } },
        ],
      },
      pipeline: { ...empty.pipeline, uncountedBatches: 7 },
    });
    expect(text).toMatch(/^all +30 +20 +\+50\.0 %$/m);
    expect(text).toMatch(/^failed or denied +5 +10 +-50\.0 %$/m);
    expect(text).toMatch(/^\(none\) +3 +0 +-$/m);
    expect(text).toMatch(/^invoice R-1 +4 +1$/m);
    expect(text).toMatch(/^critical +2 +1 +1 +0 +2 +0$/m);
    expect(text).toContain('7 batches are not counted yet');
  });
});
