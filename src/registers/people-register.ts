import type { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { timeOf } from '../search/event-where';
import { SubjectLookup } from '../search/subject-lookup';
import { AT, Range, readRows, within, WITHIN } from './register-reader';

export const MOVES = ['joined', 'changed', 'left', 'returned'] as const;
export type Move = (typeof MOVES)[number];

/** One step in the life of an account. Times in ms since the epoch. */
export interface AccountStep {
  at: number;
  move: Move;
  eventId: string;
  eventType: string;
  /** `details.role` or `details.permission`. */
  right: string;
  /** Who did it: a reference. */
  by: string;
}

/** One account with what happened to it. */
export interface Account {
  /** The id of the account as the events name it: `context.resourceId` of a user, else the reference of the subject. */
  account: string;
  steps: AccountStep[];
  /** Whether it had left at the end of the range. */
  left: boolean;
}

/** What an account did after its person had left. */
export interface LateActivity {
  account: string;
  leftAt: number;
  leftEventId: string;
  events: number;
  firstAt: number;
  lastAt: number;
  /** The earliest, up to five. */
  eventIds: string[];
}

const MOVE_OF: Record<string, Move> = {
  USER_CREATED: 'joined',
  USER_ACTIVATED: 'returned',
  USER_DELETED: 'left',
  USER_DEACTIVATED: 'left',
  ROLE_ASSIGNED: 'changed',
  ROLE_REMOVED: 'changed',
  PERMISSION_GRANTED: 'changed',
  PERMISSION_REVOKED: 'changed',
};
const LEAVING = Object.keys(MOVE_OF).filter((type) => MOVE_OF[type] === 'left');
const COMING = Object.keys(MOVE_OF).filter((type) => MOVE_OF[type] === 'joined' || MOVE_OF[type] === 'returned');

/** Whose account an event is about; empty if it does not say. */
const ACCOUNT = `multiIf(resource_type IN ('user', 'account') AND resource_id != '', resource_id, subject != actor, subject, '')`;
const SUCCEEDED = `outcome NOT IN ('failure', 'denied')`;
/** An account with more steps in one range is cut there. */
const MAX_STEPS = 200;
/** Accounts whose activity is looked for at a time. */
const AT_ONCE = 500;

type Left = { account: string; leftAt: number; eventId: string };

/** Who joined, changed and left, from events on user accounts, roles and permissions. */
@Injectable()
export class PeopleRegister {
  constructor(
    @Inject(CLICKHOUSE) private readonly client: ClickHouseClient,
    private readonly subjects: SubjectLookup,
  ) {}

  /** Accounts to which something happened within a range, by name, behind `after`, at most `limit`. */
  async accounts(tenant: string, range: Range, limit: number, after = ''): Promise<Account[]> {
    type Step = [at: number, leaf: number, eventType: string, eventId: string, right: string, by: string];
    const rows = await readRows<{ account: string; steps: Step[] }>(
      this.client,
      `SELECT account, arraySort(groupArray(${MAX_STEPS})((at, leaf_index, event_type, event_id, right, actor))) AS steps
       FROM
       (
           SELECT ${ACCOUNT} AS account, ${AT} AS at, leaf_index, toString(event_type) AS event_type, toString(id) AS event_id, actor,
                  coalesce(nullIf(JSONExtractString(envelope, 'details', 'role'), ''),
                           JSONExtractString(envelope, 'details', 'permission')) AS right
           FROM events WHERE ${WITHIN} AND events.event_type IN {types:Array(String)} AND ${SUCCEEDED}
       )
       WHERE account > {after:String}
       GROUP BY account ORDER BY account LIMIT {limit:UInt32}`,
      { ...within(tenant, range), types: Object.keys(MOVE_OF), after, limit },
    );
    return rows.map(({ account, steps: found }) => {
      const steps = found.map(([at, , eventType, eventId, right, by]): AccountStep => {
        return { at, move: MOVE_OF[eventType] ?? 'changed', eventId, eventType, right, by };
      });
      return { account, steps, left: steps.findLast(({ move }) => move !== 'changed')?.move === 'left' };
    });
  }

  /** Accounts that acted within a range, with success, after their person had left and not come back; those with most events first. */
  async activeAfterLeaving(tenant: string, range: Range): Promise<LateActivity[]> {
    const gone = await this.gone(tenant, range.to);
    const found: LateActivity[] = [];
    for (let i = 0; i < gone.length; i += AT_ONCE) {
      found.push(...(await this.activity(tenant, range, gone.slice(i, i + AT_ONCE))));
    }
    return found.sort((a, b) => b.events - a.events || (a.account < b.account ? -1 : 1));
  }

  /** Accounts that had left before a time, by the newest event that tells of coming or leaving. */
  private gone(tenant: string, before: number): Promise<Left[]> {
    return readRows<Left>(
      this.client,
      `SELECT ${ACCOUNT} AS account, max(${AT}) AS leftAt, toString(argMax(id, (occurred_at, leaf_index))) AS eventId
       FROM events
       WHERE tenant = {tenant:String} AND occurred_at < ${timeOf('to')} AND event_type IN {types:Array(String)} AND ${SUCCEEDED} AND account != ''
       GROUP BY account HAVING argMax(event_type, (occurred_at, leaf_index)) IN {leaving:Array(String)} ORDER BY account`,
      { tenant, to: within(tenant, { from: 0, to: before }).to, types: [...LEAVING, ...COMING], leaving: LEAVING },
    );
  }

  private async activity(tenant: string, range: Range, gone: Left[]): Promise<LateActivity[]> {
    const known = await this.subjects.referencesById(
      tenant,
      gone.map(({ account }) => account),
    );
    const actors = gone.flatMap((left) => (known.get(left.account) ?? []).map((actor) => ({ ...left, actor })));
    if (actors.length === 0) return [];
    const rows = await readRows<Omit<LateActivity, 'account' | 'leftAt' | 'leftEventId'> & { account: string }>(
      this.client,
      `SELECT transform(actor, {actors:Array(String)}, {accounts:Array(String)}, '') AS account, count() AS events,
              min(${AT}) AS firstAt, max(${AT}) AS lastAt,
              arrayMap(pair -> toString(pair.2), groupArraySorted(5)((${AT}, id))) AS eventIds
       FROM events
       WHERE ${WITHIN} AND actor IN {actors:Array(String)} AND ${SUCCEEDED}
         AND ${AT} > transform(actor, {actors:Array(String)}, {since:Array(Int64)}, toInt64(0))
       GROUP BY account`,
      {
        ...within(tenant, range),
        actors: actors.map(({ actor }) => actor),
        accounts: actors.map(({ account }) => account),
        since: actors.map(({ leftAt }) => leftAt),
      },
    );
    return rows.flatMap((row) => {
      const left = gone.find(({ account }) => account === row.account);
      return left ? [{ ...row, leftAt: left.leftAt, leftEventId: left.eventId }] : [];
    });
  }
}
