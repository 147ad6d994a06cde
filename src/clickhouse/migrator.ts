import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import { AppError } from '../common/app-error';

export interface Migration {
  /** File name, such as `0001_events.sql`. */
  name: string;
  /** SHA-256 of the file as it stands, hex. */
  checksum: string;
  /** Statements with their templates filled in. */
  statements: string[];
}

export interface MigrationStatus {
  name: string;
  state: 'applied' | 'pending';
  appliedAt: string | undefined;
}

interface Applied {
  name: string;
  checksum: string;
  applied_at: string;
}

/** How long a migrator may be silent before another one takes its lock over. */
const LOCK_LEASE_SECONDS = 60;

/**
 * Fills in what differs between one server and a cluster: `{{on_cluster}}` and `{{engine Name arguments}}`. Without a
 * cluster engines are plain; with one they are replicated, and ClickHouse fills in {shard}, {database}, {table}, {replica}.
 */
export function renderSql(sql: string, cluster: string | undefined): string {
  return sql
    .replace(/\{\{on_cluster\}\}/g, cluster ? `ON CLUSTER ${cluster}` : '')
    .replace(/\{\{engine (\w+)([^}]*)\}\}/g, (_, engine: string, rest: string) => {
      const args = rest.trim();
      if (!cluster) return `${engine}(${args})`;
      const path = `'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'`;
      return `Replicated${engine}(${path}${args ? `, ${args}` : ''})`;
    });
}

/** Splits a file into statements: they end with a semicolon at the end of a line. Comments stay with their statement. */
export function splitStatements(sql: string): string[] {
  return sql
    .split(/;[ \t]*(?:\r?\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement.replace(/^\s*--.*$/gm, '').trim() !== '');
}

export async function readMigrations(directory: string, cluster: string | undefined): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  const numbers = new Map<string, string>();
  for (const name of names) {
    const number = /^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1];
    if (!number) throw new AppError('MIGRATION_NAME', 500, `${name}: migrations are named like 0001_what_it_does.sql`);
    const twin = numbers.get(number);
    if (twin) throw new AppError('MIGRATION_NAME', 500, `${name} and ${twin} have the same number`);
    numbers.set(number, name);
  }
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(directory, name), 'utf8');
      return {
        name,
        checksum: createHash('sha256').update(text).digest('hex'),
        statements: splitStatements(renderSql(text, cluster)),
      };
    }),
  );
}

/**
 * Decides what is to be done. Pure. Refuses a changed or vanished file by its name, since the schema would no longer
 * be what the files say, and a new file numbered before one that is applied.
 */
export function planMigrations(files: Migration[], applied: Applied[]): Migration[] {
  for (const done of applied) {
    const file = files.find((f) => f.name === done.name);
    if (!file) {
      throw new AppError(
        'MIGRATION_MISSING',
        500,
        `${done.name} was applied on ${done.applied_at} but its file is gone; restore it`,
      );
    }
    if (file.checksum !== done.checksum) {
      throw new AppError(
        'MIGRATION_CHANGED',
        500,
        `${done.name} was changed after it was applied on ${done.applied_at}; restore the file and put the change into a new migration`,
      );
    }
  }
  const last = applied
    .map((a) => a.name)
    .sort()
    .at(-1);
  const pending = files.filter((file) => !applied.some((a) => a.name === file.name));
  const late = pending.find((file) => last !== undefined && file.name < last);
  if (late)
    throw new AppError(
      'MIGRATION_ORDER',
      500,
      `${late.name} comes before ${last}, which is applied; give it a higher number`,
    );
  return pending;
}

/** Brings the database of `client` to the schema of the files. Safe to run from many processes at once. */
export class Migrator {
  private readonly holder = `${hostname()}/${process.pid}/${randomUUID()}`;

  /**
   * @param server a client of any existing database, to create ours with
   * @param client a client of our database
   */
  constructor(
    private readonly server: ClickHouseClient,
    private readonly client: ClickHouseClient,
    private readonly database: string,
    private readonly directory: string,
    private readonly cluster: string | undefined,
    private readonly report: (line: string) => void = () => {},
  ) {}

  async status(): Promise<MigrationStatus[]> {
    const files = await readMigrations(this.directory, this.cluster);
    const applied = await this.applied();
    planMigrations(files, applied);
    return files.map((file) => {
      const done = applied.find((a) => a.name === file.name);
      return { name: file.name, state: done ? 'applied' : 'pending', appliedAt: done?.applied_at };
    });
  }

  /** What `migrate` would do now; changes nothing. */
  async pending(): Promise<Migration[]> {
    return planMigrations(await readMigrations(this.directory, this.cluster), await this.applied());
  }

  /** Applies what is pending, returns the names. A statement that fails names its file and can be run again. */
  async migrate(): Promise<string[]> {
    if ((await this.pending()).length === 0) return [];
    await this.prepare();
    await this.lock();
    try {
      const pending = await this.pending();
      for (const migration of pending) {
        this.report(`applying ${migration.name}`);
        for (const statement of migration.statements) {
          await this.run(statement).catch((cause: unknown) => {
            const reason = cause instanceof Error ? cause.message : String(cause);
            throw new AppError('MIGRATION_FAILED', 500, `${migration.name}: ${reason}`, { cause });
          });
          await this.renewLock();
        }
        await this.client.insert({
          table: 'schema_migrations',
          values: [{ name: migration.name, checksum: migration.checksum }],
          format: 'JSONEachRow',
          clickhouse_settings: { async_insert: 0 },
        });
      }
      return pending.map((migration) => migration.name);
    } finally {
      await this.run(`DROP TABLE IF EXISTS migration_lock ${this.onCluster} SYNC`);
    }
  }

  private get onCluster(): string {
    return this.cluster ? `ON CLUSTER ${this.cluster}` : '';
  }

  private async run(query: string): Promise<void> {
    await this.client.command({ query });
  }

  private async prepare(): Promise<void> {
    await this.server.command({ query: `CREATE DATABASE IF NOT EXISTS ${this.database} ${this.onCluster}` });
    const ledger = `CREATE TABLE IF NOT EXISTS schema_migrations {{on_cluster}} (name String, checksum String,
      applied_at DateTime('UTC') DEFAULT now()) ENGINE = {{engine MergeTree}} ORDER BY name
      SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`;
    await this.run(renderSql(ledger, this.cluster));
  }

  private async applied(): Promise<Applied[]> {
    const exists = await this.server.query({
      query: `SELECT 1 FROM system.tables WHERE database = {database:String} AND name = 'schema_migrations'`,
      query_params: { database: this.database },
      format: 'JSONEachRow',
    });
    if ((await exists.json()).length === 0) return [];
    const rows = await this.client.query({
      query: `SELECT name, any(checksum) AS checksum, toString(min(schema_migrations.applied_at)) AS applied_at
              FROM schema_migrations GROUP BY name ORDER BY name`,
      format: 'JSONEachRow',
    });
    return rows.json<Applied>();
  }

  /** CREATE TABLE is atomic: whoever creates the lock's table has the lock. Its comment says who and until when. */
  private async lock(): Promise<void> {
    for (;;) {
      try {
        await this.run(
          `CREATE TABLE migration_lock ${this.onCluster} (x UInt8) ENGINE = Memory COMMENT '${this.lockComment()}'`,
        );
        return;
      } catch (error) {
        if (!(error instanceof ClickHouseError && error.type === 'TABLE_ALREADY_EXISTS')) throw error;
      }
      const rows = await this.server.query({
        query: `SELECT comment FROM system.tables WHERE database = {database:String} AND name = 'migration_lock'`,
        query_params: { database: this.database },
        format: 'JSONEachRow',
      });
      const [row] = await rows.json<{ comment: string }>();
      const [holder, until] = row?.comment.split(' ') ?? [];
      if (row && Number(until) < Date.now()) {
        this.report(`the lock of ${holder} has expired; taking it over`);
        await this.run(`DROP TABLE IF EXISTS migration_lock ${this.onCluster} SYNC`);
      } else {
        this.report(`waiting for the migration that ${holder} is running`);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  private async renewLock(): Promise<void> {
    await this.run(`ALTER TABLE migration_lock ${this.onCluster} MODIFY COMMENT '${this.lockComment()}'`);
  }

  private lockComment(): string {
    return `${this.holder} ${Date.now() + LOCK_LEASE_SECONDS * 1000}`;
  }
}
