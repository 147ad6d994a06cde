import type { SearchStore } from '../search/search-store';
import type { Evidence } from './assessment';
import { EvidenceFilter, IN_PERIOD, Scope, scopeParams } from './check';
import type { EvidenceQuery } from './control';

/** Events of a period that have these in common. */
export interface TallyRow {
  eventType: string;
  category: string;
  severity: string;
  outcome: string;
  events: number;
  /** (-ms, id) of the five newest. */
  newest: [minusAt: number, id: string][];
}

/** All events of a period in a few hundred rows; one pass over the columns that are small. */
export function readTally(store: SearchStore, scope: Scope): Promise<TallyRow[]> {
  return store.rows<TallyRow>(
    `SELECT event_type AS eventType, category, toString(severity) AS severity, outcome, count() AS events,
            groupArraySorted(${SAMPLES})((-toUnixTimestamp64Milli(occurred_at), toString(id))) AS newest
     FROM events WHERE ${IN_PERIOD}
     GROUP BY event_type, category, events.severity, outcome
     ORDER BY event_type, category, events.severity, outcome`,
    scopeParams(scope),
  );
}

const SAMPLES = 5;

/** What a query finds among all events of the period. Pure. */
export function evidenceOf(query: EvidenceQuery, tally: readonly TallyRow[], scope: Scope): Evidence {
  const found = tally.filter((row) => matches(row, query.filter));
  return {
    id: query.id,
    title: query.title,
    count: found.reduce((sum, row) => sum + row.events, 0),
    filters: filtersOf(query.filter, scope),
    samples: found
      .flatMap((row) => row.newest)
      .sort(([a, idA], [b, idB]) => a - b || (idA < idB ? -1 : 1))
      .slice(0, SAMPLES)
      .map(([, id]) => id),
  };
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
