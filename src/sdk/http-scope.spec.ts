import { HttpContextOptions, HttpRequest, HttpScopes } from './http-scope';

const request = (
  headers: Record<string, string> = {},
  remoteAddress = '10.0.0.7',
  more: Partial<HttpRequest> = {},
) => ({
  method: 'GET',
  url: '/a?secret=1',
  headers,
  socket: { remoteAddress },
  ...more,
});
const contextOf = (options: HttpContextOptions, ...args: Parameters<typeof request>) => {
  const scope = new HttpScopes(options).of(request(...args), undefined);
  return { ...scope.late?.(), ...scope.context };
};
const forwarded = { 'x-forwarded-for': '203.0.113.1, 198.51.100.2, 10.0.0.8' };

describe('the context of a request', () => {
  it.each<[string, HttpContextOptions, string]>([
    ['nobody, by default', {}, '10.0.0.7'],
    ['a range', { trustProxy: ['10.0.0.0/8'] }, '198.51.100.2'],
    ['ranges and addresses', { trustProxy: ['10.0.0.0/8', '198.51.100.2'] }, '203.0.113.1'],
    ['one hop', { trustProxy: 1 }, '10.0.0.8'],
    ['two hops', { trustProxy: 2 }, '198.51.100.2'],
    ['more hops than there are', { trustProxy: 9 }, '203.0.113.1'],
    ['others', { trustProxy: ['192.0.2.0/24', '2001:db8::/32'] }, '10.0.0.7'],
  ])('has the address of the nearest that is not trusted: %s', (_, options, expected) => {
    expect(contextOf(options, forwarded).ipAddress).toBe(expected);
  });

  it('does not take rubbish for an address', () => {
    expect(contextOf({ trustProxy: 3 }, { 'x-forwarded-for': '203.0.113.1, evil, 10.0.0.8' }).ipAddress).toBe(
      '10.0.0.8',
    );
    expect(contextOf({ trustProxy: 1 }, { 'x-forwarded-for': '[2001:db8::1]:4711' }).ipAddress).toBe('2001:db8::1');
    expect(contextOf({}, {}, '::ffff:203.0.113.5').ipAddress).toBe('203.0.113.5');
  });

  it('takes the correlation id from the headers if it is one, else makes one', () => {
    expect(contextOf({}, { 'x-request-id': 'req-1' }).correlationId).toBe('req-1');
    expect(contextOf({}, { 'x-request-id': 'a\nb' }).correlationId).toMatch(/^[0-9a-f-]{36}$/);
    expect(contextOf({ correlationHeaders: ['X-Trace'] }, { 'x-trace': 't9' }).correlationId).toBe('t9');
  });

  it('finds the user late, and hashes the id of the session', () => {
    const late: HttpRequest = request();
    const scope = new HttpScopes().of(late, undefined);
    expect(scope.late?.()).toEqual({});
    late.user = { id: 42, name: 'Anna' };
    late.session = { id: 'session-secret' };
    expect(scope.late?.()).toEqual({ userId: '42', sessionId: expect.stringMatching(/^[0-9a-f]{24}$/) as string });
    const own = new HttpScopes({ userId: (r: { user: { name: string } }) => r.user.name, sessionId: () => undefined });
    expect(own.of(late, undefined).late?.()).toEqual({ userId: 'Anna' });
  });

  it('is one for each request, whoever asks', () => {
    const scopes = new HttpScopes();
    const raw = {};
    const first = scopes.of(request({}, '10.0.0.1', { raw }), undefined);
    expect(scopes.of(request({}, '10.0.0.2', { raw }), undefined)).toBe(first);
  });

  it('knows the path without the query', () => {
    expect(new HttpScopes().of(request(), undefined).request).toMatchObject({ method: 'GET', path: '/a' });
  });
});
