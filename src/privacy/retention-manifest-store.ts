import { Readable } from 'node:stream';
import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { readRows } from '../clickhouse/read-rows';
import type { RetentionManifest } from './retention-manifest';

/** A manifest without its ranges. */
export type ManifestHead = Omit<RetentionManifest, 'ranges'>;

type Row<T extends ManifestHead> = Omit<T, 'publicKey' | 'signature'> & { publicKey: string; signature: string };

const HEAD = `tenant, id, toUnixTimestamp64Milli(created_at) AS createdAt, retention, toString(horizon) AS horizon,
              leaf_count AS leafCount, body, key_number AS keyNumber,
              base64Encode(public_key) AS publicKey, base64Encode(signature) AS signature`;

/** Retention manifests in ClickHouse, where they stay for good. */
@Injectable()
export class RetentionManifestStore {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  async save(manifest: RetentionManifest): Promise<void> {
    const { publicKey, signature, ...rest } = manifest;
    const row = { ...rest, publicKey: publicKey.toString('base64'), signature: signature.toString('base64') };
    const { stream } = await this.clickhouse.exec({
      // JSON cannot say raw bytes.
      query: `INSERT INTO retention_manifests
                (tenant, id, created_at, retention, horizon, leaf_count, ranges, body, key_number, public_key, signature)
              SELECT tenant, toUUID(id), fromUnixTimestamp64Milli(createdAt, 'UTC'), retention, toDate(horizon), leafCount, ranges,
                     body, keyNumber, base64Decode(publicKey), base64Decode(signature)
              FROM input('tenant String, id String, createdAt Int64, retention String, horizon String, leafCount UInt64,
                          ranges Array(Tuple(UInt64, UInt64)), body String, keyNumber UInt32, publicKey String, signature String')
              FORMAT JSONEachRow\n`,
      values: Readable.from([Buffer.from(JSON.stringify(row))], { objectMode: false }),
    });
    for await (const chunk of stream) void chunk;
  }

  /** Without ranges, newest first. */
  async list(tenant: string, limit: number): Promise<ManifestHead[]> {
    const rows = await this.rows<Row<ManifestHead>>(
      `SELECT ${HEAD} FROM retention_manifests WHERE tenant = {tenant:String}
       ORDER BY created_at DESC, id LIMIT 1 BY id LIMIT {limit:UInt32}`,
      { tenant, limit },
    );
    return rows.map(read);
  }

  async find(tenant: string, id: string): Promise<RetentionManifest | undefined> {
    const [row] = await this.rows<Row<RetentionManifest>>(
      `SELECT ${HEAD}, arrayMap(range -> [range.1, range.2], ranges) AS ranges FROM retention_manifests
       WHERE tenant = {tenant:String} AND id = {id:UUID} LIMIT 1`,
      { tenant, id },
    );
    return row && read(row);
  }

  /** With ranges, oldest first. One that is there twice comes twice. */
  async all(tenant: string): Promise<RetentionManifest[]> {
    const rows = await this.rows<Row<RetentionManifest>>(
      `SELECT ${HEAD}, arrayMap(range -> [range.1, range.2], ranges) AS ranges FROM retention_manifests
       WHERE tenant = {tenant:String} ORDER BY created_at, id`,
      { tenant },
    );
    return rows.map(read);
  }

  private rows<T>(query: string, params: Record<string, unknown>): Promise<T[]> {
    return readRows(this.clickhouse, query, params);
  }
}

const read = <T extends ManifestHead>(row: Row<T>): T =>
  ({
    ...row,
    publicKey: Buffer.from(row.publicKey, 'base64'),
    signature: Buffer.from(row.signature, 'base64'),
  }) as unknown as T;
