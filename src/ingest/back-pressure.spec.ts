import { admit } from './back-pressure';

const limits = { bufferMaxBytes: 1000, bufferMaxAgeMs: 60_000, tenantShare: 0.4 };
const status = (waitingBytes: number, tenantBytes = 0, oldestMs = 0) =>
  admit({ waitingBytes, tenantBytes, oldestMs }, limits).status;

describe('admit', () => {
  it('lets in below all bounds', () => {
    expect(status(0)).toBe('ok');
    expect(status(999, 100, 59_999)).toBe('ok');
  });

  it('answers 503 with advice when to come again once the buffer is full or too old', () => {
    expect(status(1000)).toBe(503);
    expect(status(10, 0, 60_000)).toBe(503);
    const full = admit({ waitingBytes: 1000, tenantBytes: 0, oldestMs: 0 }, limits);
    expect(full.status !== 'ok' && full.retryAfter).toBeGreaterThan(0);
  });

  it('answers 429 to a tenant past its share, once half is full and others wait', () => {
    expect(status(600, 400)).toBe(429);
    expect(status(600, 399)).toBe('ok');
    expect(status(499, 450)).toBe('ok');
  });

  it('lets a tenant that is alone have all of it', () => {
    expect(status(900, 895)).toBe('ok');
    expect(status(1000, 1000)).toBe(503);
  });
});
