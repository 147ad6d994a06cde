import { EVENT_TYPES, EventType, nearestTypes } from './event-types';

const ASKED_FOR =
  `LOGIN_SUCCESS LOGIN_FAILED LOGIN_BLOCKED LOGOUT SESSION_EXPIRED PASSWORD_CHANGED PASSWORD_RESET_REQUEST
  TWO_FACTOR_ENABLED TWO_FACTOR_DISABLED ACCESS_GRANTED ACCESS_DENIED PERMISSION_GRANTED PERMISSION_REVOKED ROLE_ASSIGNED
  ROLE_REMOVED DATA_READ DATA_CREATED DATA_UPDATED DATA_DELETED DATA_EXPORTED DATA_IMPORTED BULK_OPERATION
  SUSPICIOUS_ACTIVITY BRUTE_FORCE_DETECTED IP_BLOCKED SECURITY_VIOLATION MALWARE_DETECTED SQL_INJECTION_ATTEMPT XSS_ATTEMPT
  GDPR_REQUEST LGPD_REQUEST DATA_RETENTION_EXPIRED CONSENT_GRANTED CONSENT_REVOKED FINANCIAL_TRANSACTION
  FINANCIAL_REPORT_GENERATED FINANCIAL_DATA_ACCESSED FINANCIAL_CONTROL_EXECUTED USER_CREATED`.split(/\s+/);

describe('the registry of types', () => {
  it('has more than 60 types, with every one that was asked for', () => {
    expect(EVENT_TYPES.size).toBeGreaterThan(60);
    expect(ASKED_FOR.filter((name) => !EVENT_TYPES.has(name))).toEqual([]);
  });

  it('names them as constants', () => {
    expect(EventType.LOGIN_FAILED).toBe('LOGIN_FAILED');
    expect(Object.keys(EventType)).toEqual([...EVENT_TYPES.keys()]);
  });

  it('keeps names to what a column and a query parameter take', () => {
    for (const name of EVENT_TYPES.keys()) expect(name).toMatch(/^[A-Z][A-Z0-9_]{2,63}$/);
  });

  it('gives the types of the system itself, and only those, the prefix AUDIT_', () => {
    for (const [name, type] of EVENT_TYPES) expect(name.startsWith('AUDIT_')).toBe(type.category === 'audit');
  });
});

describe('nearestTypes', () => {
  it.each([
    ['LOGIN_FAILD', 'LOGIN_FAILED'],
    ['login-failed', 'LOGIN_FAILED'],
    ['FAILED_LOGIN', 'LOGIN_FAILED'],
    ['loginSuccess', 'LOGIN_SUCCESS'],
    ['USER_CREATE', 'USER_CREATED'],
    ['PASWORD_CHANGED', 'PASSWORD_CHANGED'],
  ])('finds %s to mean %s', (name, type) => {
    expect(nearestTypes(name)[0]).toBe(type);
  });

  it('gives nothing when nothing comes close', () => {
    expect(nearestTypes('zzzz')).toEqual([]);
    expect(nearestTypes('')).toEqual([]);
  });

  it("finds a tenant's own types too", () => {
    expect(nearestTypes('CONTAINER_WEIGHT', ['CONTAINER_WEIGHED'])).toEqual(['CONTAINER_WEIGHED']);
  });
});
