import { AlertTransition } from '../../src/alerts/transition';

let made = 0;

/** A step of an alert, as it comes from the queue. */
export function transitionOf(
  over: Partial<Omit<AlertTransition, 'alert'>> & { alert?: Partial<AlertTransition['alert']> } = {},
): AlertTransition {
  const id = over.alert?.id ?? `0197f2a0-5b7e-7c3a-9d1e-${String(++made).padStart(12, '0')}`;
  const at = over.at ?? Date.UTC(2026, 10, 23, 9);
  return {
    id: `${id}/1`,
    kind: 'opened',
    tenant: 'acme',
    at,
    by: 'mcp-audit',
    recipients: ['security_team'],
    ...over,
    alert: {
      id,
      ruleId: 'brute-force',
      ruleName: 'Brute force',
      severity: 'high',
      status: 'open',
      group: { ipAddress: '203.0.113.9' },
      summary: 'LOGIN_FAILED: 5 times within 15 minutes',
      firstHitAt: at - 60_000,
      lastHitAt: at,
      counter: 3,
      openedAt: at,
      escalationLevel: 0,
      escalationDueAt: at + 1_800_000,
      historical: false,
      events: [],
      acknowledgedBy: null,
      resolvedBy: null,
      assignee: null,
      ...over.alert,
    },
  };
}
