import { isIP } from 'node:net';
import type { EventTypeName } from '../../events/event-types';

/** What a message of sshd says. `count` is how often it happened; `user` and `address` where it names them. */
export interface SshdMeaning {
  eventType: EventTypeName;
  severity?: 'info' | 'low' | 'medium' | 'high';
  outcome?: 'success' | 'failure' | 'denied' | 'unknown';
  description: string;
  user?: string;
  address?: string;
  details?: Record<string, string | number | boolean>;
  count?: number;
}
export type SshdReading = SshdMeaning | { skipped: string };

type Groups = Record<string, string | undefined>;
interface Form {
  pattern: RegExp;
  read: (groups: Groups) => SshdReading;
}

const AT = String.raw`(?<address>\S+)(?: port (?<port>\d+))?`;
/** The port is a must here: it marks where a user name, which may hold blanks, ends. */
const USER_AT = String.raw`(?<user>.*) (?<address>\S+) port (?<port>\d+)`;
const PREAUTH = String.raw`(?<preauth> \[preauth\])?$`;

/** Forms of messages, the first that fits counts. User names are chosen by the attacker: they match greedily, up to the last address. */
const FORMS: Form[] = [
  {
    pattern:
      /^Failed (?<method>[\w/-]+) for (?<invalid>invalid user )?(?<user>.*) from (?<address>\S+) port (?<port>\d+)(?: ssh\d*)?(?:: \S+ \S+)?$/,
    read: (g) => ({
      eventType: 'LOGIN_FAILED',
      description: g.invalid ? `Failed ${g.method} for an unknown user` : `Failed ${g.method}`,
      ...who(g),
      details: { ...from(g), method: g.method ?? '', invalidUser: g.invalid !== undefined },
    }),
  },
  {
    pattern:
      /^Accepted (?<method>[\w/-]+) for (?<user>.*) from (?<address>\S+) port (?<port>\d+)(?: ssh\d*)?(?:: (?<credential>.*))?$/,
    read: (g) => ({
      eventType: 'LOGIN_SUCCESS',
      description: `Accepted ${g.method}`,
      ...who(g),
      details: { ...from(g), method: g.method ?? '', ...(g.credential ? { credential: g.credential } : {}) },
    }),
  },
  {
    pattern: new RegExp(`^(?:Invalid|Illegal) user (?<user>.*) from ${AT}$`),
    read: (g) => ({
      eventType: 'ACCESS_DENIED',
      description: 'Login tried with an unknown user',
      ...who(g),
      details: from(g),
    }),
  },
  {
    pattern: new RegExp(`^User (?<user>.*) from ${AT} not allowed because (?<why>.*)$`),
    read: (g) => ({
      eventType: 'ACCESS_DENIED',
      description: 'Login tried by a user who is not allowed in',
      ...who(g),
      details: { ...from(g), reason: g.why ?? '' },
    }),
  },
  {
    pattern:
      /^reverse mapping checking getaddrinfo for (?<claimed>\S+) \[(?<address>[^\]]+)\] failed - POSSIBLE BREAK-IN ATTEMPT!?$/,
    read: breakIn,
  },
  {
    pattern:
      /^Address (?<address>\S+) maps to (?<claimed>\S+), but this does not map back to the address(?: - POSSIBLE BREAK-IN ATTEMPT!?)?\.?$/,
    read: breakIn,
  },
  {
    pattern: new RegExp(
      `^(?:error: kex_exchange_identification|Did not receive identification string from ${AT}|Bad protocol version identification .* from ${AT.replaceAll('address', 'address2').replaceAll('<port', '<port2')})`,
    ),
    read: (g) => ({
      eventType: 'SUSPICIOUS_ACTIVITY',
      severity: 'low',
      description: 'A client connected without speaking SSH',
      ...who({ address: g.address ?? g.address2 }),
      details: from({ port: g.port ?? g.port2 }),
    }),
  },
  {
    pattern:
      /^(?:error: )?(?:PAM: )?maximum authentication attempts exceeded for (?:invalid user )?(?<user>.*) from (?<address>\S+) port (?<port>\d+)(?: ssh\d*)?(?: \[preauth\])?$/,
    read: blocked,
  },
  {
    pattern: new RegExp(
      `^Disconnecting(?: (?:authenticating|invalid) user (?<user2>.*) (?<address>\\S+) port (?<port>\\d+))?: Too many authentication failures(?: for (?:invalid user )?(?<user>.*?))?${PREAUTH}`,
    ),
    read: (g) => blocked({ ...g, user: g.user ?? g.user2 }),
  },
  {
    pattern: /^PAM service\(sshd\) ignoring max retries; (?<tries>\d+) > (?<allowed>\d+)$/,
    read: (g) => ({
      eventType: 'SUSPICIOUS_ACTIVITY',
      severity: 'medium',
      description: 'More authentication attempts on one connection than PAM allows',
      details: { attempts: Number(g.tries), allowed: Number(g.allowed) },
    }),
  },
  {
    pattern: /^pam_unix\(sshd:session\): session opened for user (?<user>.*?)(?:\(uid=\d+\))? by .*$/,
    read: (g) => ({ eventType: 'ACCESS_GRANTED', description: 'Session opened', ...who(g) }),
  },
  {
    pattern: /^pam_unix\(sshd:session\): session closed for user (?<user>.*)$/,
    read: (g) => ({ eventType: 'LOGOUT', description: 'Session closed', ...who(g) }),
  },
  {
    pattern: new RegExp(`^(?:error: )?Received disconnect from ${AT}: ?(?<code>\\d+): ?(?<why>.*?)${PREAUTH}`),
    read: closed,
  },
  {
    pattern: new RegExp(
      `^(?:Connection (?:closed|reset) by|Disconnected from) (?:(?:authenticating|invalid) )?user ${USER_AT}${PREAUTH}`,
    ),
    read: closed,
  },
  { pattern: new RegExp(`^(?:Connection (?:closed|reset) by|Disconnected from) ${AT}${PREAUTH}`), read: closed },
  {
    pattern: new RegExp(
      `^(?:Timeout before authentication for|ssh_dispatch_run_fatal: Connection from|fatal: Timeout before authentication for) ${AT}`,
    ),
    read: closed,
  },
  {
    pattern: /^fatal: (?:Write|Read) (?:failed|from socket failed): (?<why>.*?)(?<preauth> \[preauth\])?$/,
    read: closed,
  },
  {
    pattern: /^pam_unix\(sshd:auth\): authentication failure;/,
    read: () => ({ skipped: 'pam authentication failure (the "Failed …" line counts it)' }),
  },
  {
    pattern: /^PAM \d+ more authentication failures?;/,
    read: () => ({ skipped: 'pam summary of failures (the "Failed …" lines count them)' }),
  },
  {
    pattern: /^(?:error: )?PAM: (?:Authentication failure|User not known)/,
    read: () => ({ skipped: 'pam authentication failure (the "Failed …" line counts it)' }),
  },
  { pattern: /^pam_unix\(sshd:auth\): check pass;/, read: () => ({ skipped: 'pam check pass' }) },
  {
    pattern: /^input_userauth_request: /,
    read: () => ({ skipped: 'input_userauth_request (the "Invalid user" line counts it)' }),
  },
  { pattern: /^Server listening on |^Received signal /, read: () => ({ skipped: 'sshd starting or stopping' }) },
];

const REPEATED = /^message repeated (\d+) times: \[ (.*)\]$/s;
/** No syslog daemon repeats more; a larger number is a forgery. */
const MAX_REPEATS = 100_000;

/** Reads one message of sshd, without its syslog head. */
export function readSshdMessage(message: string): SshdReading {
  const repeated = REPEATED.exec(message);
  if (repeated) {
    const count = Number(repeated[1]);
    if (count > MAX_REPEATS) return { skipped: 'message repeated too often to be true' };
    const inner = readSshdMessage((repeated[2] ?? '').trimEnd());
    return 'skipped' in inner ? inner : { ...inner, count: count * (inner.count ?? 1) };
  }
  for (const { pattern, read } of FORMS) {
    const match = pattern.exec(message);
    if (match) return read(match.groups ?? {});
  }
  return { skipped: 'other message of sshd' };
}

function breakIn(g: Groups): SshdReading {
  return {
    eventType: 'SUSPICIOUS_ACTIVITY',
    severity: 'medium',
    description: 'The name of the address does not map back to it (possible break-in attempt)',
    ...who(g),
    details: g.claimed ? { claimedName: g.claimed } : {},
  };
}

function blocked(g: Groups): SshdReading {
  return {
    eventType: 'LOGIN_BLOCKED',
    description: 'Disconnected for too many authentication failures',
    ...who(g),
    details: from(g),
  };
}

function closed(g: Groups): SshdReading {
  return {
    eventType: 'CONNECTION_CLOSED',
    description: g.preauth ? 'Connection ended before authentication' : 'Connection ended',
    ...who(g),
    details: { ...from(g), ...(g.why ? { reason: g.why } : {}), ...(g.code ? { code: Number(g.code) } : {}) },
  };
}

/** User and address as far as they are named; sshd may be told to log a host's name in place of its address. */
function who(g: Groups): { user?: string; address?: string } {
  const address = g.address?.split('%')[0];
  return {
    ...(g.user ? { user: g.user } : {}),
    ...(address !== undefined && isIP(address) !== 0 ? { address } : {}),
  };
}

function from(g: Groups): Record<string, string | number> {
  const named = g.address !== undefined && isIP(g.address.split('%')[0] ?? '') === 0;
  return { ...(g.port ? { port: Number(g.port) } : {}), ...(named ? { remoteHost: g.address ?? '' } : {}) };
}
