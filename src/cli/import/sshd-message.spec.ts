import { validateEvent } from '../../events/validate-event';
import { readSshdMessage, SshdMeaning } from './sshd-message';
import { SshdParser } from './sshd';

const read = (message: string) => readSshdMessage(message) as SshdMeaning;

describe('readSshdMessage', () => {
  it.each([
    ['Failed password for root from 203.0.113.5 port 4242 ssh2', 'root', 'password', false],
    ['Failed password for invalid user bob from 203.0.113.5 port 4242 ssh2', 'bob', 'password', true],
    ['Failed none for invalid user 0 from 203.0.113.5 port 4242 ssh2', '0', 'none', true],
    ['Failed password for invalid user  0101 from 203.0.113.5 port 4242 ssh2', ' 0101', 'password', true],
    ['Failed password for invalid user a b c from 203.0.113.5 port 4242 ssh2', 'a b c', 'password', true],
    [
      'Failed keyboard-interactive/pam for root from 203.0.113.5 port 4242 ssh2',
      'root',
      'keyboard-interactive/pam',
      false,
    ],
    ['Failed publickey for git from 203.0.113.5 port 4242 ssh2: ED25519 SHA256:abc', 'git', 'publickey', false],
  ])('reads "%s" as one failed login', (message, user, method, invalidUser) => {
    expect(read(message)).toMatchObject({
      eventType: 'LOGIN_FAILED',
      user,
      address: '203.0.113.5',
      details: { port: 4242, method, invalidUser },
    });
  });

  it('takes the last address, so that a user name cannot forge one', () => {
    const message = 'Failed password for invalid user x from 192.0.2.1 port 1 ssh2 from 203.0.113.5 port 4242 ssh2';
    expect(read(message)).toMatchObject({ user: 'x from 192.0.2.1 port 1 ssh2', address: '203.0.113.5' });
  });

  it('leaves out an empty user name', () => {
    const meaning = read('Failed password for invalid user  from 203.0.113.5 port 4242 ssh2');
    expect(meaning.eventType).toBe('LOGIN_FAILED');
    expect(meaning.user).toBeUndefined();
  });

  it('reads accepted logins with their credential', () => {
    expect(read('Accepted publickey for ann from 2001:db8::7 port 5 ssh2: RSA SHA256:xyz')).toMatchObject({
      eventType: 'LOGIN_SUCCESS',
      user: 'ann',
      address: '2001:db8::7',
      details: { port: 5, method: 'publickey', credential: 'RSA SHA256:xyz' },
    });
  });

  it('counts a repeated message as often as it says', () => {
    const message = 'message repeated 5 times: [ Failed password for root from 203.0.113.5 port 4242 ssh2]';
    expect(read(message)).toMatchObject({ eventType: 'LOGIN_FAILED', user: 'root', count: 5 });
  });

  it.each([
    ['Invalid user bob from 203.0.113.5', 'ACCESS_DENIED'],
    ['Invalid user bob from 203.0.113.5 port 22', 'ACCESS_DENIED'],
    ['User root from 203.0.113.5 not allowed because not listed in AllowUsers', 'ACCESS_DENIED'],
    [
      'reverse mapping checking getaddrinfo for a.example [203.0.113.5] failed - POSSIBLE BREAK-IN ATTEMPT!',
      'SUSPICIOUS_ACTIVITY',
    ],
    [
      'Address 203.0.113.5 maps to a.example, but this does not map back to the address - POSSIBLE BREAK-IN ATTEMPT!',
      'SUSPICIOUS_ACTIVITY',
    ],
    ['Did not receive identification string from 203.0.113.5', 'SUSPICIOUS_ACTIVITY'],
    ["Bad protocol version identification 'GET / HTTP/1.1' from 203.0.113.5 port 9", 'SUSPICIOUS_ACTIVITY'],
    [
      'error: maximum authentication attempts exceeded for root from 203.0.113.5 port 9 ssh2 [preauth]',
      'LOGIN_BLOCKED',
    ],
    [
      'Disconnecting authenticating user root 203.0.113.5 port 9: Too many authentication failures [preauth]',
      'LOGIN_BLOCKED',
    ],
    ['Received disconnect from 203.0.113.5: 11: Bye Bye [preauth]', 'CONNECTION_CLOSED'],
    ['Received disconnect from 203.0.113.5 port 9:11: Bye Bye [preauth]', 'CONNECTION_CLOSED'],
    [
      'error: Received disconnect from 203.0.113.5: 14: No more user authentication methods available. [preauth]',
      'CONNECTION_CLOSED',
    ],
    ['Connection closed by 203.0.113.5 [preauth]', 'CONNECTION_CLOSED'],
    ['Connection closed by invalid user bob 203.0.113.5 port 9 [preauth]', 'CONNECTION_CLOSED'],
    ['Connection closed by authenticating user root 203.0.113.5 port 9 [preauth]', 'CONNECTION_CLOSED'],
    ['Disconnected from user ann 203.0.113.5 port 9', 'CONNECTION_CLOSED'],
  ])('reads "%s" as %s from its address', (message, eventType) => {
    expect(read(message)).toMatchObject({ eventType, address: '203.0.113.5' });
  });

  it.each([
    ['Disconnecting: Too many authentication failures for root [preauth]', 'LOGIN_BLOCKED', 'root'],
    ['PAM service(sshd) ignoring max retries; 6 > 3', 'SUSPICIOUS_ACTIVITY', undefined],
    ['pam_unix(sshd:session): session opened for user ann by (uid=0)', 'ACCESS_GRANTED', 'ann'],
    ['pam_unix(sshd:session): session opened for user ann(uid=1000) by (uid=0)', 'ACCESS_GRANTED', 'ann'],
    ['pam_unix(sshd:session): session closed for user ann', 'LOGOUT', 'ann'],
    ['fatal: Write failed: Connection reset by peer [preauth]', 'CONNECTION_CLOSED', undefined],
  ])('reads "%s" as %s', (message, eventType, user) => {
    const meaning = read(message);
    expect([meaning.eventType, meaning.user]).toEqual([eventType, user]);
  });

  it.each([
    'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.5  user=root',
    'PAM 5 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.5  user=root',
    'pam_unix(sshd:auth): check pass; user unknown',
    'input_userauth_request: invalid user bob [preauth]',
    'message repeated 3 times: [ pam_unix(sshd:auth): check pass; user unknown]',
    'something nobody has ever seen',
  ])('skips "%s" and says why', (message) => {
    expect(readSshdMessage(message)).toEqual({ skipped: expect.stringMatching(/.+/) as string });
  });

  it('makes events that the server takes', () => {
    const parser = new SshdParser({ year: 2015, reference: 0, zone: 'UTC', service: 'sshd' });
    const line =
      'Dec 10 06:55:46 gate sshd[42]: Failed password for invalid user  0101 from 203.0.113.5 port 4242 ssh2';
    const parsed = parser.parse(Buffer.from(line));
    if (parsed.kind !== 'events') throw new Error(parsed.kind);
    expect(parsed.events).toHaveLength(1);
    expect(validateEvent(parsed.events[0], { now: Date.now() })).toMatchObject({ ok: true });
  });
});
