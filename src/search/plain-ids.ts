import { crc32 } from 'node:zlib';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { SearchStore } from './search-store';

/** Rows that came in this long before a look may have become visible after it, ms. */
const OVERLAP_MS = 3_600_000;

/** Ids of people that stand in events as they are, because encryption was off when those came in. */
@Injectable()
export class PlainIds {
  /** Tenants that have such events, and until when the others were seen to have none, ms since the epoch. */
  private readonly plain = new Set<string>();
  private readonly sealedUntil = new Map<string, number>();

  constructor(
    private readonly store: SearchStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Those among `ids` that may be named to ClickHouse: it writes the queries it gets, with their parameters, into logs and
   * system tables, and an id that is nowhere in plain must not come to stand there. While encryption is off, all may.
   */
  async among(tenant: string, ids: readonly string[]): Promise<string[]> {
    if (!this.config.encryption.enabled || ids.length === 0) return [...ids];
    if (!(await this.hasAny(tenant))) return [];
    const crcs = ids.map((id) => crc32(id));
    const [row] = await this.store.rows<{ found: number[] }>(
      `SELECT arrayUnion(groupUniqArrayIf(CRC32(actor), CRC32(actor) IN {crcs:Array(UInt32)}),
                         groupUniqArrayIf(CRC32(subject), CRC32(subject) IN {crcs:Array(UInt32)})) AS found
       FROM events WHERE tenant = {tenant:String}`,
      { tenant, crcs },
    );
    return ids.filter((_, i) => row?.found.includes(crcs[i] ?? -1));
  }

  private async hasAny(tenant: string): Promise<boolean> {
    if (this.plain.has(tenant)) return true;
    const at = this.clock.now();
    const since = Math.max(0, (this.sealedUntil.get(tenant) ?? 0) - OVERLAP_MS);
    const found = await this.store.rows(
      `SELECT 1 FROM events
       WHERE tenant = {tenant:String} AND received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
         AND (${isPlain('actor')} OR ${isPlain('subject')})
       LIMIT 1`,
      { tenant, since },
    );
    if (found.length > 0) this.plain.add(tenant);
    else this.sealedUntil.set(tenant, at);
    return found.length > 0;
  }
}

/** Neither a reference nor an API key, which acts of the system itself have as their actor. */
const isPlain = (column: string) =>
  `(${column} != '' AND NOT startsWith(${column}, 'sub_') AND NOT startsWith(${column}, 'apikey:'))`;
