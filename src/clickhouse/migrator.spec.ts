import { Migration, planMigrations, renderSql, splitStatements } from './migrator';

const file = (name: string, checksum = name): Migration => ({ name, checksum, statements: [] });
const applied = (name: string, checksum = name) => ({ name, checksum, applied_at: '2026-01-01 00:00:00' });

describe('rendering a migration', () => {
  const sql = 'CREATE TABLE t {{on_cluster}} (a Int8) ENGINE = {{engine ReplacingMergeTree version}} ORDER BY a';

  it('gives plain engines on a single server', () => {
    expect(renderSql(sql, undefined)).toBe('CREATE TABLE t  (a Int8) ENGINE = ReplacingMergeTree(version) ORDER BY a');
  });

  it('replicates on a cluster and leaves the macros to ClickHouse', () => {
    expect(renderSql(sql, 'main')).toBe(
      "CREATE TABLE t ON CLUSTER main (a Int8) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', version) ORDER BY a",
    );
  });
});

describe('splitting a file into statements', () => {
  it('ends statements at semicolons that end a line, and drops what is only comment', () => {
    const sql =
      "-- why\nCREATE TABLE a (x String DEFAULT ';x') ENGINE = Memory;\n\n-- then\nDROP TABLE b;\n-- the end\n";
    expect(splitStatements(sql)).toEqual([
      "-- why\nCREATE TABLE a (x String DEFAULT ';x') ENGINE = Memory",
      '-- then\nDROP TABLE b',
    ]);
  });
});

describe('planning migrations', () => {
  it('runs what is not applied, in order', () => {
    const files = [file('0001_a.sql'), file('0002_b.sql'), file('0003_c.sql')];
    expect(planMigrations(files, [applied('0001_a.sql')]).map((m) => m.name)).toEqual(['0002_b.sql', '0003_c.sql']);
  });

  it('refuses an applied file that was changed, by its name', () => {
    expect(() => planMigrations([file('0001_a.sql', 'new')], [applied('0001_a.sql', 'old')])).toThrow(
      /0001_a\.sql was changed after it was applied on 2026-01-01/,
    );
  });

  it('refuses when an applied file is gone', () => {
    expect(() => planMigrations([], [applied('0001_a.sql')])).toThrow(/0001_a\.sql .* its file is gone/);
  });

  it('refuses a new file that is numbered before an applied one', () => {
    expect(() => planMigrations([file('0001_a.sql'), file('0002_b.sql')], [applied('0002_b.sql')])).toThrow(
      /0001_a\.sql comes before 0002_b\.sql/,
    );
  });
});
