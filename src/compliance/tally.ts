import { conditionOf, EvidenceFilter, IN_PERIOD, Read, Scope, scopeParams } from './check';

/** Events of a period that have these in common. */
export interface TallyRow {
  eventType: string;
  category: string;
  severity: string;
  outcome: string;
  events: number;
}

/** All events of a period in a few hundred rows; one pass over the columns that are small. */
export function readTally(read: Read, scope: Scope): Promise<TallyRow[]> {
  return read<TallyRow>(
    `SELECT event_type AS eventType, category, toString(severity) AS severity, outcome, count() AS events
     FROM events WHERE ${IN_PERIOD}
     GROUP BY event_type, category, events.severity, outcome
     ORDER BY event_type, category, events.severity, outcome`,
    scopeParams(scope),
  );
}

/** Ids of up to five of the events that a query finds, the newest first. Reads backwards and stops early. */
export async function readSamples(read: Read, scope: Scope, filter: EvidenceFilter): Promise<string[]> {
  const rows = await read<{ id: string }>(
    `SELECT toString(id) AS id FROM events WHERE ${IN_PERIOD}${conditionOf(filter)}
     ORDER BY occurred_at DESC, events.id DESC LIMIT 5`,
    { ...scopeParams(scope), ...filter },
  );
  return rows.map(({ id }) => id);
}

/** How many events of the period a filter finds. */
export function countOf(filter: EvidenceFilter, tally: readonly TallyRow[]): number {
  return tally.reduce((sum, row) => sum + (matches(row, filter) ? row.events : 0), 0);
}

function matches(row: TallyRow, filter: EvidenceFilter): boolean {
  return FIELDS.every((field) => (filter[field] as readonly string[] | undefined)?.includes(row[field]) ?? true);
}

/** The query string of `GET /audit/api/events` that finds the same events. */
export function filtersOf(filter: EvidenceFilter, { from, to }: Scope): string {
  const query = new URLSearchParams({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });
  for (const field of FIELDS) for (const value of filter[field] ?? []) query.append(field, value);
  return query.toString();
}

const FIELDS = ['eventType', 'category', 'severity', 'outcome'] as const;
