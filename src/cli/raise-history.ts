import { z } from 'zod';
import type { AuditClient } from './client';

const evaluated = z.object({ events: z.number(), opened: z.number(), raised: z.number() });
export type Evaluated = z.output<typeof evaluated>;

/** Has the alerts of stored events raised. Those that came in soon after they occurred have raised theirs already. */
export async function raiseHistory(
  client: AuditClient,
  span: { from: string; to: string } | undefined,
): Promise<Evaluated> {
  if (!span) return { events: 0, opened: 0, raised: 0 };
  return client.json('POST', 'rules/evaluate', evaluated, { json: span, repeatable: true });
}
