import type { ClickHouseClient } from '@clickhouse/client';
import { differences, differentProjections } from '../support/recount';
import type { Check } from './checks';

const PATIENCE_MS = 60_000;

/**
 * Compares the rollups of every tenant with a recount of the events, made by other queries. They are counted a few seconds after the
 * events have landed, so a difference is one that stays.
 */
export async function checkRollups(clickhouse: ClickHouseClient, database: string): Promise<Check> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await differences(clickhouse, database);
    const faults = Object.entries(found)
      .filter(([, groups]) => groups > 0)
      .map(([dimension, groups]) => `${groups} groups of ${dimension} differ from the events`);
    const projections = await differentProjections(clickhouse, database);
    faults.push(...projections.map((name) => `the projection ${name} differs from the rollups`));
    if (faults.length === 0 || Date.now() > until) {
      const detail = `by ${Object.keys(found).join(', ')}`;
      return { name: 'rollups = recomputed from events', ok: faults.length === 0, detail, faults };
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
