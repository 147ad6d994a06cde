import { plainCopy } from './plain';
import { Redactor } from './redact';

const clean = (value: unknown, redactor = new Redactor()) => plainCopy(value, redactor);

describe('redaction', () => {
  it.each([
    'password',
    'userPassword',
    'PASSWD',
    'client_secret',
    'access-token',
    'refreshToken',
    'Authorization',
    'Cookie',
    'set-cookie',
    'x-api-key',
    'apiKey',
    'privateKey',
    'cvv',
    'card_number',
    'pin',
    'otp',
    'ssn',
    'credentials',
  ])('hides what stands under %s', (name) => {
    expect(clean({ outer: [{ [name]: { a: 'x' } }] })).toEqual({ outer: [{ [name]: '[redacted]' }] });
  });

  it.each(['passport', 'tokenCount', 'pinned', 'author', 'shipping', 'secretaryId', 'panel', 'keyboard', 'token_type'])(
    'shows what stands under %s',
    (name) => {
      expect(clean({ [name]: 'value' })).toEqual({ [name]: 'value' });
    },
  );

  it.each([
    ['Authorization: Bearer abcdef0123456789', 'Authorization: [redacted]'],
    ['token eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abc-def_1', 'token [redacted]'],
    ['postgres://app:s3cret@db/x', 'postgres://app:[redacted]@db/x'],
    ['GET /cb?state=1&access_token=abc123&x=2', 'GET /cb?state=1&access_token=[redacted]&x=2'],
    ['card 4111 1111 1111 1111 used', 'card [redacted] used'],
    ['order 4111 1111 1111 1112 shipped', 'order 4111 1111 1111 1112 shipped'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----!', '[redacted]!'],
    ['key AKIAIOSFODNN7EXAMPLE', 'key [redacted]'],
    ['task-1234567890 is done', 'task-1234567890 is done'],
  ])('finds secrets in text: %s', (text, expected) => {
    expect(clean({ text })).toEqual({ text: expected });
  });

  it('takes names and patterns of the application, and lets it allow some', () => {
    const redactor = new Redactor({ keys: ['iban2', /^x_/i], values: [/INT-\d+/g], allow: ['token'] });
    expect(clean({ IBAN_2: 'a', X_y: 'b', note: 'see INT-77', token: 't' }, redactor)).toEqual({
      IBAN_2: '[redacted]',
      X_y: '[redacted]',
      note: 'see [redacted]',
      token: 't',
    });
  });

  it('is quick on long text that was made to be slow', () => {
    const begun = performance.now();
    for (const part of ['-----BEGIN A PRIVATE KEY-----', 'eyJ', 'a://', '1 ', 'Bearer ', '?key=']) {
      clean(part.repeat(16_384 / part.length));
    }
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});
