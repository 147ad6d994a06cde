import { DateTime } from 'luxon';
import type { ImportedEvent } from '../import/parser';
import { ZONE } from './company';
import { Incident, plantIncidents } from './incidents';
import { byTime, workingDay } from './working-day';

export interface DemoOptions {
  /** Calendar days, the last of them the one that `end` falls on. */
  days: number;
  seed: string;
  eventsPerDay: number;
  /** ms; nothing happens after it. */
  end: number;
}

export interface Demo {
  incidents: Incident[];
  /** Events of one day after the other, ordered by time; what an incident needs of the time before comes first. */
  eventsByDay: () => Generator<ImportedEvent[]>;
}

/** The demo as a function of its options: the same ones give the same events, byte for byte. */
export function generateDemo(options: DemoOptions): Demo {
  const lastDay = DateTime.fromMillis(options.end, { zone: ZONE }).startOf('day');
  const firstDay = lastDay.minus({ days: options.days - 1 });
  const incidents = plantIncidents(lastDay, options.seed);
  const planted = incidents.flatMap((incident) => incident.events);
  const between = (from: DateTime | undefined, to: DateTime) => {
    const [low, high] = [from?.toUTC().toISO() ?? '', to.toUTC().toISO() ?? ''];
    return planted.filter((e) => e.occurredAt >= low && e.occurredAt < high);
  };
  function* eventsByDay() {
    const before = between(undefined, firstDay).sort(byTime);
    if (before.length > 0) yield before;
    const last = new Date(options.end).toISOString();
    for (let day = firstDay; day <= lastDay; day = day.plus({ days: 1 })) {
      const events = [...workingDay(day, options), ...between(day, day.plus({ days: 1 }))];
      yield events.filter((event) => event.occurredAt <= last).sort(byTime);
    }
  }
  return { incidents, eventsByDay };
}
