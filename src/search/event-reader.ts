import { Injectable } from '@nestjs/common';
import { DateTime } from 'luxon';
import { AppError } from '../common/app-error';
import type { JsonObject } from '../events/canonical-json';
import { isUuid } from '../events/uuid';
import { readCursor, writeCursor } from './cursor';
import { EventItem, ITEM_COLUMNS, ItemRow, toItem } from './event-item';
import { CountQuery, EventFilter, Group, ListQuery, TIME_GROUPS } from './event-query';
import { Where, whereBehind, whereEvents } from './event-where';
import { SearchStore } from './search-store';
import { SubjectLookup } from './subject-lookup';

export interface EventPage {
  items: EventItem[];
  nextCursor: string | null;
}

export interface EventCount {
  total: number;
  groups?: { key: string | null; count: number }[];
}

const startOf = (unit: 'Day' | 'Hour' | 'Minute') =>
  `toUnixTimestamp64Second(toDateTime64(toStartOf${unit}(occurred_at, {timezone:String}), 0, 'UTC'))`;

/** What each group is counted by; stretches of time by their starts as seconds since the epoch. */
const GROUP_KEYS: Record<Group, string> = {
  eventType: 'event_type',
  category: 'category',
  severity: 'toString(severity)',
  outcome: 'outcome',
  userId: 'actor',
  ipAddress: 'ip_address',
  service: 'service',
  resourceType: 'resource_type',
  day: startOf('Day'),
  hour: startOf('Hour'),
  minute: startOf('Minute'),
};

/** Finds and counts the events of one tenant. */
@Injectable()
export class EventReader {
  constructor(
    private readonly store: SearchStore,
    private readonly subjects: SubjectLookup,
  ) {}

  /** The condition for what a filter chooses, with ids of people replaced by their references. */
  async where(tenant: string, filter: EventFilter): Promise<Where> {
    const { userId, subjectId, personId } = filter;
    return whereEvents(tenant, {
      ...filter,
      ...(userId && { userId: await this.subjects.referencesOf(tenant, userId) }),
      ...(subjectId && { subjectId: await this.subjects.referencesOf(tenant, subjectId) }),
      ...(personId && { personId: await this.subjects.referencesOf(tenant, personId) }),
    });
  }

  /** A filter as it may be recorded: references for ids of people, and no text that somebody searched for. */
  async describe(tenant: string, filter: EventFilter): Promise<JsonObject> {
    const { from, to, userId, subjectId, personId, text, ...rest } = filter;
    return {
      ...(from !== undefined && { from: new Date(from).toISOString() }),
      ...(to !== undefined && { to: new Date(to).toISOString() }),
      ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
      ...(userId && { userId: await this.subjects.recorded(tenant, userId) }),
      ...(subjectId && { subjectId: await this.subjects.recorded(tenant, subjectId) }),
      ...(personId && { personId: await this.subjects.recorded(tenant, personId) }),
      ...(text !== undefined && { text: '(not recorded)' }),
    };
  }

  async list(tenant: string, query: Omit<ListQuery, 'reveal' | 'reason'>): Promise<EventPage> {
    const { order, limit } = query;
    const all = await this.where(tenant, query);
    const where = query.cursor === undefined ? all : whereBehind(all, readCursor(query.cursor, order), order);
    const direction = order === 'asc' ? 'ASC' : 'DESC';
    const rows = await this.store.rows<ItemRow & { at: number; event_id: string }>(
      `SELECT ${ITEM_COLUMNS}, toUnixTimestamp64Milli(occurred_at) AS at, id AS event_id
FROM events
WHERE ${where.sql}
ORDER BY occurred_at ${direction}, id ${direction}
LIMIT {rows:UInt32}`,
      { ...where.params, rows: limit + 1 },
    );
    const last = rows[limit - 1];
    const more = rows.length > limit && last !== undefined;
    return {
      items: rows.slice(0, limit).map(toItem),
      nextCursor: more ? writeCursor(order, { occurredAt: last.at, id: last.event_id }) : null,
    };
  }

  /** @throws AppError 404 if the tenant has no such event (yet), 400 for an id that is none. */
  async get(tenant: string, id: string): Promise<EventItem> {
    if (!isUuid(id)) {
      throw new AppError('EVENT_ID_INVALID', 400, 'the id of an event is a UUID', {
        problems: [{ path: 'id', message: 'must be a UUID' }],
      });
    }
    const where = whereEvents(tenant, { id: [id] });
    const [row] = await this.store.rows<ItemRow>(
      `SELECT ${ITEM_COLUMNS} FROM events WHERE ${where.sql} ORDER BY leaf_index LIMIT 1`,
      where.params,
    );
    if (!row) {
      throw new AppError('EVENT_NOT_FOUND', 404, `there is no event ${id}; one just accepted may take a second`);
    }
    return toItem(row);
  }

  async count(tenant: string, query: Omit<CountQuery, 'reveal' | 'reason'>): Promise<EventCount> {
    const where = await this.where(tenant, query);
    if (!query.groupBy) {
      const [row] = await this.store.rows<{ total: number }>(
        `SELECT count() AS total FROM events WHERE ${where.sql}`,
        where.params,
      );
      return { total: row?.total ?? 0 };
    }
    const isTime = TIME_GROUPS.includes(query.groupBy);
    const rows = await this.store.rows<{ key: string | number; n: number; total: number }>(
      `SELECT ${GROUP_KEYS[query.groupBy]} AS key, count() AS n, sum(n) OVER () AS total
FROM events
WHERE ${where.sql}
GROUP BY key
ORDER BY ${isTime ? 'key DESC' : 'n DESC, key ASC'}
LIMIT {top:UInt32}`,
      { ...where.params, top: query.top, ...(isTime && { timezone: query.timezone }) },
    );
    const groups = rows.map(({ key, n }) => ({ key: keyText(key, query), count: n }));
    return { total: rows[0]?.total ?? 0, groups: isTime ? groups.reverse() : groups };
  }
}

/** Days as dates, hours and minutes as local times with their offset; null stands for events without the field. */
function keyText(key: string | number, { groupBy, timezone }: Pick<CountQuery, 'groupBy' | 'timezone'>): string | null {
  if (typeof key === 'string') return key === '' ? null : key;
  const start = DateTime.fromSeconds(key, { zone: timezone });
  return groupBy === 'day' ? start.toISODate() : start.toISO({ suppressMilliseconds: true });
}
