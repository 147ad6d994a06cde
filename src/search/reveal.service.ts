import { Transform, TransformCallback } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { isAllowed } from '../access/permissions';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import type { JsonObject } from '../events/canonical-json';
import { SelfAudit } from '../ingest/self-audit';
import { Revealer } from '../keys/revealer';
import { sealedPaths, type StoredEvent } from '../keys/seal-event';
import type { EventItem } from './event-item';

/** How an item shows that it has sealed fields: their names. With `reveal` they stand in their places instead. */
export function withSealedNames(item: EventItem): EventItem {
  return item.sealed && !Array.isArray(item.sealed) ? { ...item, sealed: sealedPaths(item.sealed) } : item;
}

/** Events of an export that are opened at a time. */
const GROUP = 500;

/** Somebody who may see personal data, and why they want to. */
export interface RevealAct {
  caller: Principal;
  reason: string;
}

/** Shows personal data to those who may see it, and records that it did, each time. */
@Injectable()
export class RevealService {
  constructor(
    private readonly revealer: Revealer,
    private readonly audit: SelfAudit,
  ) {}

  /**
   * Undefined if nothing is to be revealed.
   * @throws AppError 403 without the permission, 400 without a reason
   */
  authorize(caller: Principal, reveal: boolean, reason: string | undefined): RevealAct | undefined {
    if (!reveal) return undefined;
    if (!isAllowed(caller.roles, 'events:reveal')) {
      throw new AppError(
        'FORBIDDEN',
        403,
        `reveal needs the permission events:reveal, which the roles of this key (${caller.roles.join(', ')}) do not give`,
      );
    }
    if (reason !== undefined) return { caller, reason };
    const message = 'is needed with reveal=true: say why, such as a ticket, and name no person';
    throw new AppError('QUERY_INVALID', 400, `reason ${message}`, { problems: [{ path: 'reason', message }] });
  }

  /** Items with their sealed fields open; recorded before they are given. */
  async items(act: RevealAct, items: EventItem[], filter: JsonObject): Promise<EventItem[]> {
    const events = items.map((item) => item.id);
    await this.record(act, `${items.length} event(s)`, { filter, events }, items.length);
    return await this.revealer.reveal(act.caller.tenant, items as (EventItem & StoredEvent)[]);
  }

  /** The ids of people behind references, for groups of a count; those erased stay references. */
  async ids(act: RevealAct, references: string[], filter: JsonObject): Promise<Map<string, string>> {
    await this.record(act, `the people of ${references.length} group(s)`, { filter }, references.length);
    const people = await this.revealer.people(act.caller.tenant, references);
    return new Map([...people].map(([reference, { id }]) => [reference, id]));
  }

  /** Opens the lines of a JSON or NDJSON export on their way. The act is recorded as a reveal of its own. */
  async exportLines(act: RevealAct, exportId: string): Promise<Transform> {
    await this.record(act, 'the events of an export', { exportId });
    return new RevealLines((events) => this.revealer.reveal(act.caller.tenant, events));
  }

  private async record(act: RevealAct, what: string, about: JsonObject, recordCount?: number): Promise<void> {
    await this.audit.record(
      act.caller.tenant,
      {
        eventType: 'AUDIT_REVEAL',
        description: `Personal data of ${what} was shown`,
        details: { reason: act.reason, ...about },
        ...(recordCount !== undefined && { recordCount }),
      },
      act.caller,
    );
  }
}

/** Lines `{…,"event":{…}}`, maybe with a comma ahead, with their events opened; lines without an object pass as they are. */
class RevealLines extends Transform {
  private rest = '';
  private readonly decoder = new TextDecoder();
  private lines: string[] = [];

  constructor(private readonly open: (events: StoredEvent[]) => Promise<StoredEvent[]>) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    const lines = (this.rest + this.decoder.decode(chunk, { stream: true })).split('\n');
    this.rest = lines.pop() ?? '';
    this.lines.push(...lines);
    if (this.lines.length < GROUP) return callback();
    this.emitLines().then(() => callback(), callback);
  }

  override _flush(callback: TransformCallback): void {
    if (this.rest !== '') this.lines.push(this.rest);
    this.emitLines().then(() => callback(), callback);
  }

  private async emitLines(): Promise<void> {
    const lines = this.lines;
    this.lines = [];
    const parsed = lines.map((line) => {
      const at = line.indexOf('{');
      return at === -1 ? undefined : { ahead: line.slice(0, at), row: parseRow(line.slice(at)) };
    });
    const opened = await this.open(parsed.flatMap((p) => (p ? [p.row.event] : [])));
    let next = 0;
    const text = lines.map((line, i) => {
      const p = parsed[i];
      return p ? p.ahead + JSON.stringify({ ...p.row, event: opened[next++] }) : line;
    });
    if (text.length > 0) this.push(`${text.join('\n')}\n`);
  }
}

function parseRow(line: string): { event: StoredEvent } {
  try {
    return JSON.parse(line) as { event: StoredEvent };
  } catch (cause) {
    // ClickHouse appends its errors to what it has sent.
    throw new AppError('EXPORT_BROKEN', 502, 'the store failed in the middle of the export; try again', { cause });
  }
}
