import { Rule, ruleSchema } from './rule';

/**
 * The four rules that every tenant has from the start. A tenant may change, disable or delete its own copy; until it does,
 * what stands here is in force.
 */
export const DEFAULT_RULES: readonly Rule[] = [
  ruleSchema.parse({
    id: 'brute-force',
    name: 'Brute force',
    description: 'Five or more failed logins within 15 minutes, from one address or for one user.',
    severity: 'high',
    triggers: [
      {
        name: 'by address',
        match: { eventTypes: ['LOGIN_FAILED'] },
        groupBy: ['ipAddress'],
        condition: { kind: 'threshold', windowMinutes: 15, count: 5 },
      },
      {
        name: 'by user',
        match: { eventTypes: ['LOGIN_FAILED'] },
        groupBy: ['userId'],
        condition: { kind: 'threshold', windowMinutes: 15, count: 5 },
      },
    ],
    recipients: ['security_team'],
    cooldownMinutes: 60,
    escalation: [{ afterMinutes: 30 }],
  }),
  ruleSchema.parse({
    id: 'critical-security',
    name: 'Critical security violation',
    description: 'Any critical event that concerns security: attacks, access, logins, or the integrity of this log.',
    severity: 'critical',
    triggers: [
      {
        match: { categories: ['security', 'authentication', 'authorization', 'audit'], severities: ['critical'] },
        groupBy: ['eventType', 'userId', 'ipAddress'],
        condition: { kind: 'any' },
      },
    ],
    recipients: ['security_team', 'ciso'],
    cooldownMinutes: 0,
    escalation: [{ afterMinutes: 0 }],
  }),
  ruleSchema.parse({
    id: 'financial-anomaly',
    name: 'Financial anomaly',
    description: 'A transaction of 10,000 or more, or 50 and more transactions of one user within an hour.',
    severity: 'high',
    triggers: [
      {
        name: 'large transaction',
        match: {
          eventTypes: ['FINANCIAL_TRANSACTION'],
          where: {
            any: [
              { field: 'amount', op: 'gte', value: 10_000 },
              { field: 'amount', op: 'lte', value: -10_000 },
            ],
          },
        },
        groupBy: ['userId'],
        condition: { kind: 'any' },
      },
      {
        name: 'many transactions',
        match: { eventTypes: ['FINANCIAL_TRANSACTION'] },
        groupBy: ['userId'],
        condition: { kind: 'threshold', windowMinutes: 60, count: 50 },
      },
    ],
    recipients: ['finance_team', 'compliance'],
    cooldownMinutes: 60,
    escalation: [{ afterMinutes: 60 }],
  }),
  ruleSchema.parse({
    id: 'data-breach',
    name: 'Data breach indicator',
    description: 'An export of 1,000 records or more, or suspicious activity.',
    severity: 'critical',
    triggers: [
      {
        name: 'large export',
        match: { eventTypes: ['DATA_EXPORTED'], where: { field: 'recordCount', op: 'gte', value: 1000 } },
        groupBy: ['userId', 'ipAddress'],
        condition: { kind: 'any' },
      },
      {
        name: 'suspicious activity',
        match: { eventTypes: ['SUSPICIOUS_ACTIVITY'] },
        groupBy: ['userId', 'ipAddress'],
        condition: { kind: 'any' },
      },
    ],
    recipients: ['security_team', 'dpo', 'legal'],
    cooldownMinutes: 60,
    escalation: [{ afterMinutes: 15 }],
  }),
];
