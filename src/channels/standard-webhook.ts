import { hmacSha256 } from '../keys/crypto';
import type { Delivery } from './delivery';
import { shown } from './notice';

/**
 * Headers of Standard Webhooks: an id that a repeat shares, the time of this attempt, and one signature for each secret, so
 * that a receiver can change to a new secret while the old one still works.
 * @param secrets base64, with or without `whsec_`
 */
export function signedHeaders(
  id: string,
  body: string,
  secrets: readonly string[],
  now: number,
): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    return `v1,${hmacSha256(key, `${id}.${timestamp}.${body}`).toString('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

/** What a webhook gets of a step of an alert. Free text of people is left out: it can name somebody. */
export function webhookBody(delivery: Delivery, link: string | undefined): string {
  const { transition, kind, tenant, at } = delivery;
  const timestamp = new Date(at).toISOString();
  if (!transition) return JSON.stringify({ type: `alert.${kind}`, timestamp, data: { tenant } });
  const { id, ruleId, ruleName, severity, status, summary, counter, events, historical } = transition.alert;
  const { group, firstHitAt, lastHitAt, openedAt, escalationLevel, escalationDueAt } = transition.alert;
  const { acknowledgedBy, resolvedBy } = transition.alert;
  const safe = Object.fromEntries(Object.entries(group).map(([field, value]) => [field, shown(field, value)]));
  const iso = (ms: number) => new Date(ms).toISOString();
  return JSON.stringify({
    type: `alert.${kind}`,
    timestamp,
    data: {
      tenant,
      step: transition.id,
      by: transition.by,
      link: link ?? null,
      alert: {
        ...{ id, ruleId, ruleName, severity, status, summary, counter, events, historical, escalationLevel },
        ...{ acknowledgedBy, resolvedBy },
        group: safe,
        firstHitAt: iso(firstHitAt),
        lastHitAt: iso(lastHitAt),
        openedAt: iso(openedAt),
        escalationDueAt: escalationDueAt === null ? null : iso(escalationDueAt),
      },
    },
  });
}
