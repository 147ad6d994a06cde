/** What is known of the rows that wait in Redis. */
export interface BufferState {
  waitingBytes: number;
  /** Age of the oldest segment that waits, ms. */
  oldestMs: number;
  /** Bytes of the tenant that asks. */
  tenantBytes: number;
}

export interface BufferLimits {
  bufferMaxBytes: number;
  bufferMaxAgeMs: number;
  /** 0..1 */
  tenantShare: number;
}

export type Admission = { status: 'ok' } | { status: 503 | 429; retryAfter: number; message: string };

/** Others count as waiting too from this part of the buffer on; a tenant alone may fill all of it. */
const NOTICEABLE = 0.01;

/** Whether more may come in: 503 when the buffer is full or too old, 429 when one tenant takes the room of the others. */
export function admit(state: BufferState, limits: BufferLimits): Admission {
  const { waitingBytes, oldestMs, tenantBytes } = state;
  const max = limits.bufferMaxBytes;
  if (waitingBytes >= max) return refused(503, 'the buffer is full; nothing was stored');
  if (oldestMs >= limits.bufferMaxAgeMs) return refused(503, 'the store has been away too long; nothing was stored');
  const othersWait = waitingBytes - tenantBytes > max * NOTICEABLE;
  if (othersWait && waitingBytes >= max / 2 && tenantBytes >= max * limits.tenantShare) {
    return refused(429, 'this tenant fills its share of the buffer; nothing was stored');
  }
  return { status: 'ok' };
}

const refused = (status: 503 | 429, message: string): Admission => ({ status, retryAfter: 5, message });
