/** The events of the bench: about 500 bytes each, half of them with personal data beside the user's id. Deterministic. */
const TYPES = [
  'DATA_READ',
  'DATA_UPDATED',
  'LOGIN_SUCCESS',
  'API_CALL',
  'DATA_CREATED',
  'DATA_READ',
  'CONSENT_GRANTED',
  'API_CALL',
];
/** One of 200 each, all from the same 25 people: enough for alerts, and no attack on everyone. */
const RARE = new Map([
  [3, 'LOGIN_FAILED'],
  [71, 'FINANCIAL_TRANSACTION'],
  [138, 'DATA_EXPORTED'],
]);

export const SERVICE = 'freight-api';

export function sampleEvent(n: number) {
  const user = n % 5000;
  const person = n % 2 === 0;
  return {
    eventType: RARE.get(n % 200) ?? TYPES[n % TYPES.length],
    description: `Shipment ${n % 20_000} was opened from the dispatch board`,
    context: {
      userId: `user-${user}`,
      sessionId: `session-${n % 1000}`,
      ipAddress: `10.${user % 250}.${n % 250}.7`,
      resourceType: 'shipment',
      resourceId: `shipment-${n % 20_000}`,
      correlationId: `request-${n}`,
      service: SERVICE,
      ...(person && { userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36' }),
    },
    details: {
      path: `/api/v1/shipments/${n % 20_000}`,
      durationMs: n % 400,
      ...(person && { email: `person.${user}@example.com` }),
    },
    recordCount: n % 50,
  };
}

/** An NDJSON body of `count` events. */
export function sampleBody(first: number, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, (_, i) => JSON.stringify(sampleEvent(first + i))).join('\n'));
}
