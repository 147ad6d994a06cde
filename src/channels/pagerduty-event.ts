import type { AlertTransition } from '../alerts/transition';
import type { Delivery } from './delivery';
import { Notice, shown } from './notice';

const SEVERITY = { info: 'info', low: 'warning', medium: 'warning', high: 'error', critical: 'critical' } as const;
const ACTION: Partial<Record<AlertTransition['kind'], 'trigger' | 'acknowledge' | 'resolve'>> = {
  opened: 'trigger',
  escalated: 'trigger',
  reopened: 'trigger',
  acknowledged: 'acknowledge',
  resolved: 'resolve',
};

/** An event of the Events API v2. All steps of an alert share its `dedup_key`, so they make one incident, whatever comes twice. */
export function pagerDutyEvent({ transition, ...delivery }: Delivery, notice: Notice, routingKey: string): object {
  const base = { routing_key: routingKey, client: 'MCP Audit System', ...(notice.link && { client_url: notice.link }) };
  if (!transition) {
    // A test leaves nothing open: it resolves what it never triggered.
    return { ...base, event_action: 'resolve', dedup_key: `mcp-audit/${delivery.tenant}/test` };
  }
  const { alert, tenant } = transition;
  const details = Object.fromEntries(Object.entries(alert.group).map(([field, value]) => [field, shown(field, value)]));
  return {
    ...base,
    event_action: ACTION[transition.kind] ?? 'trigger',
    dedup_key: `mcp-audit/${tenant}/${alert.id}`,
    payload: {
      summary: notice.title.slice(0, 1024),
      source: `mcp-audit/${tenant}`,
      severity: SEVERITY[alert.severity],
      timestamp: new Date(transition.at).toISOString(),
      class: alert.ruleId,
      custom_details: { ...details, hits: alert.counter, level: alert.escalationLevel },
    },
    ...(notice.link && { links: [{ href: notice.link, text: 'Open the alert' }] }),
  };
}
