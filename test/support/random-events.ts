import { TestEvent } from './insert-events';

/** Numbers that look random and are the same in each run. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 48_271) % 2_147_483_647) % below;
}

const TYPES = ['LOGIN_FAILED', 'LOGIN_SUCCESS', 'DATA_READ', 'DATA_EXPORTED', 'FINANCIAL_TRANSACTION', 'ROLE_ASSIGNED'];
const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const;
const OUTCOMES = ['success', 'failure', 'denied', 'unknown'] as const;

/** Events of every kind that statistics tell apart, some without user, address or resource, at times in [from, to). */
export function randomEvents(random: (below: number) => number, n: number, from: number, to: number): TestEvent[] {
  const pick = <T>(values: readonly T[]): T => values[random(values.length)] as T;
  return Array.from({ length: n }, () => {
    const context = {
      ...(random(5) > 0 && { userId: `sub_${random(12)}` }),
      ...(random(5) > 0 && { ipAddress: `192.0.2.${random(15)}` }),
      ...(random(3) > 0 && { resourceType: pick(['invoice', 'shipment']), resourceId: `R-${random(20)}` }),
      ...(random(4) > 0 && { service: pick(['portal', 'billing']) }),
    };
    return {
      eventType: pick(TYPES),
      severity: pick(SEVERITIES),
      outcome: pick(OUTCOMES),
      occurredAt: new Date(from + Math.floor((random(1_000_000) / 1_000_000) * (to - from))).toISOString(),
      context,
    };
  });
}
