import { z } from 'zod';
import { SEVERITIES } from '../events/event-types';
import type { RuleInput } from './rule';
import { isMap, SigmaFault } from './sigma-fault';

const form = z.strictObject({
  id: z.string().min(1),
  name: z.string().min(1),
  description: z.string().default(''),
  event_types: z.array(z.string()).min(1),
  severity: z.enum(SEVERITIES).default('medium'),
  conditions: z.strictObject({
    data_volume_threshold: z.number().positive().optional(),
    count_threshold: z.number().int().min(1).optional(),
    time_window_minutes: z.number().positive().optional(),
  }),
  group_by: z.array(z.string()).default(['userId']),
  recipients: z.array(z.string()).optional(),
  cooldown_minutes: z.number().min(0).default(60),
});

/** Whether a document is a rule in the short form `{id, name, event_types, conditions, recipients, cooldown_minutes}`. */
export const isSourceForm = (value: unknown): value is Record<string, unknown> =>
  isMap(value) && 'event_types' in value && 'conditions' in value;

/**
 * A rule in the short form: `data_volume_threshold` records (`recordCount`) and `count_threshold` events, both within
 * `time_window_minutes`, by user; without a window, one event with that many records. @throws SigmaFault
 */
export function readSourceForm(value: unknown): RuleInput {
  const parsed = form.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new SigmaFault(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const { id, name, description, severity, event_types: eventTypes, conditions, recipients } = parsed.data;
  return {
    id: id.toLowerCase().replaceAll('_', '-'),
    ...{ name, description, severity },
    ...(recipients && { recipients }),
    triggers: [{ ...triggerOf(eventTypes, conditions), groupBy: parsed.data.group_by }],
    cooldownMinutes: parsed.data.cooldown_minutes,
  };
}

function triggerOf(
  eventTypes: string[],
  conditions: z.output<typeof form>['conditions'],
): Omit<RuleInput['triggers'][number], 'groupBy'> {
  const { data_volume_threshold: volume, count_threshold: count, time_window_minutes: windowMinutes } = conditions;
  if (windowMinutes !== undefined && (volume !== undefined || count !== undefined)) {
    return {
      match: { eventTypes },
      condition: {
        kind: 'threshold',
        windowMinutes,
        ...(count !== undefined && { count }),
        ...(volume !== undefined && { sum: { field: 'recordCount', atLeast: volume } }),
      },
    };
  }
  if (count !== undefined && count > 1) throw new SigmaFault('conditions: count_threshold needs time_window_minutes');
  return {
    match: { eventTypes, ...(volume !== undefined && { where: { field: 'recordCount', op: 'gte', value: volume } }) },
    condition: { kind: 'any' },
  };
}
