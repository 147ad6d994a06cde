import type { RuleInput } from '../../../../rules/rule';

/** A rule as the editor holds it: plain fields, and the rest as JSON text, which may be unfinished. */
export interface RuleDraft {
  id: string;
  name: string;
  description: string;
  severity: RuleInput['severity'];
  enabled: boolean;
  recipients: string;
  cooldownMinutes: string;
  triggers: string;
  rest: string;
}

type Trigger = RuleInput['triggers'][number];
export type Kind = Trigger['condition']['kind'];

/** A trigger of each kind to start from. */
export const STARTS: Record<Kind, Trigger> = {
  threshold: {
    match: { eventTypes: ['LOGIN_FAILED'] },
    groupBy: ['ipAddress'],
    condition: { kind: 'threshold', windowMinutes: 15, count: 5 },
  },
  any: { match: { minSeverity: 'critical' }, groupBy: ['userId'], condition: { kind: 'any' } },
  new_value: {
    match: { eventTypes: ['LOGIN_SUCCESS'] },
    groupBy: ['userId'],
    condition: { kind: 'new_value', field: 'ipAddress', memoryDays: 90 },
  },
  absence: {
    match: { eventTypes: ['BACKUP_COMPLETED'] },
    groupBy: ['service'],
    condition: { kind: 'absence', windowMinutes: 1560 },
  },
  sequence: {
    match: {},
    groupBy: ['ipAddress'],
    condition: {
      kind: 'sequence',
      windowMinutes: 30,
      steps: [
        { match: { eventTypes: ['LOGIN_FAILED'] }, count: 5 },
        { match: { eventTypes: ['LOGIN_SUCCESS'] }, count: 1 },
      ],
    },
  },
  rate: { match: {}, groupBy: ['userId'], condition: { kind: 'rate', perSecond: 20, windowMinutes: 1 } },
};

const pretty = (value: unknown): string => JSON.stringify(value, null, 2);

/** The draft of a stored rule, or of a new one. */
export function draftOf(rule: Partial<RuleInput> = {}): RuleDraft {
  const { escalation = [], suppress = [], tags = [] } = rule;
  return {
    id: rule.id ?? '',
    name: rule.name ?? '',
    description: rule.description ?? '',
    severity: rule.severity ?? 'high',
    enabled: rule.enabled ?? true,
    recipients: (rule.recipients ?? ['security_team']).join(', '),
    cooldownMinutes: String(rule.cooldownMinutes ?? 60),
    triggers: pretty(rule.triggers ?? [STARTS.threshold]),
    rest: pretty({ escalation, suppress, tags, ...(rule.source !== undefined && { source: rule.source }) }),
  };
}

export interface Faults {
  triggers?: true;
  rest?: true;
}

/** The rule that a draft says, or which of its texts are no JSON. What the fields mean is for the API to judge. */
export function ruleOf(draft: RuleDraft): { rule: RuleInput } | { faults: Faults } {
  const triggers = parsed(draft.triggers);
  const rest = parsed(draft.rest);
  if (triggers === undefined || typeof rest !== 'object' || rest === null) {
    return {
      faults: { ...(triggers === undefined && { triggers: true }), ...(typeof rest !== 'object' && { rest: true }) },
    };
  }
  const { id, name, description, severity, enabled } = draft;
  return {
    rule: {
      ...rest,
      ...{ id, name, description, severity, enabled },
      recipients: draft.recipients
        .split(',')
        .map((group) => group.trim())
        .filter(Boolean),
      cooldownMinutes: Number(draft.cooldownMinutes),
      triggers: triggers as RuleInput['triggers'],
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
