import { expand, Surroundings } from '../test/support/grafana-macros';

describe('macros of the ClickHouse plugin', () => {
  const around: Surroundings = {
    from: new Date('2026-11-01T10:00:00.500Z'),
    to: new Date('2026-11-02T00:00:00Z'),
    intervalMs: 90_000,
    variables: { tenant: "o'neill", severity: ['high', 'low'], category: '$__all', user: '' },
  };
  it.each([
    ['$__timeFilter(at)', 'at >= toDateTime(1793527200) AND at <= toDateTime(1793577600)'],
    [
      '$__timeFilter_ms(at)',
      'at >= fromUnixTimestamp64Milli(1793527200500) AND at <= fromUnixTimestamp64Milli(1793577600000)',
    ],
    ['$__dateFilter(day)', "day >= toDate('2026-11-01') AND day <= toDate('2026-11-02')"],
    ['$__fromTime - $__toTime', 'toDateTime(1793527200) - toDateTime(1793577600)'],
    ['$__fromTime_ms', 'fromUnixTimestamp64Milli(1793527200500)'],
    ['$__timeInterval(f(a, b))', 'toStartOfInterval(toDateTime(f(a, b)), INTERVAL 90 second)'],
    ['n / $__interval_s', 'n / 90'],
    ['tenant = ${tenant:singlequote}', "tenant = 'o\\'neill'"],
    ['s IN (${severity:singlequote})', "s IN ('high','low')"],
    ['$__conditionalAll(s IN (${severity:singlequote}), $severity)', "s IN ('high','low')"],
    ['$__conditionalAll(c IN (${category:singlequote}), $category) AND 2', '1=1 AND 2'],
    ['$__conditionalAll(u = ${user:singlequote}, ${user})', '1=1'],
  ])('%s', (sql, expanded) => {
    expect(expand(sql, around)).toBe(expanded);
  });

  it('refuses what Grafana would pass on or misunderstand', () => {
    for (const sql of [
      '$__nothing(1)',
      '$__timeFilter(a, b)',
      '${nobody}',
      '${category:singlequote}',
      '$__timeFilter at',
      '${tenant:raw2}',
    ]) {
      expect(() => expand(sql, around)).toThrow();
    }
  });
});
