import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  to: string[];
  user: string;
  secure: boolean;
  raw: string;
  subject: string;
  messageId: string;
}

/** What a mail server answers to the next mail instead of taking it. */
export interface Refusal {
  code: number;
  /** Takes the mail, and only then breaks the connection, so that its answer is lost. */
  afterTaking?: boolean;
}

/** A mail server on loopback that speaks TLS, wants a login and keeps what it gets. */
export interface MailServer {
  mails: ReceivedMail[];
  /** Settings of a system that sends through it. */
  env: Record<string, string>;
  refuseNext: (...refusals: Refusal[]) => void;
  close: () => Promise<void>;
}

export async function startMailServer(): Promise<MailServer> {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-audit-mail-'));
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  );
  const mails: ReceivedMail[] = [];
  const refusals: Refusal[] = [];
  const server = new SMTPServer({
    key: readFileSync(key),
    cert: readFileSync(cert),
    authMethods: ['PLAIN', 'LOGIN'],
    onAuth: ({ username, password }, _session, done) =>
      username === 'audit' && password === 'pass:word/1'
        ? done(null, { user: username })
        : done(new Error('wrong login')),
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const refusal = refusals.shift();
        if (refusal && !refusal.afterTaking)
          return done(Object.assign(new Error('no'), { responseCode: refusal.code }));
        const raw = Buffer.concat(chunks).toString('utf8');
        mails.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          user: String(session.user),
          secure: session.secure,
          raw,
          subject: headerOf(raw, 'Subject'),
          messageId: headerOf(raw, 'Message-ID'),
        });
        if (refusal) return done(Object.assign(new Error('later'), { responseCode: refusal.code }));
        done();
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', () => ready()));
  const { port } = server.server.address() as AddressInfo;
  return {
    mails,
    env: {
      AUDIT_SMTP_URL: `smtp://audit:${encodeURIComponent('pass:word/1')}@localhost:${port}`,
      AUDIT_SMTP_FROM: 'Audit <audit@example.org>',
      AUDIT_SMTP_CA_FILE: cert,
    },
    refuseNext: (...next) => void refusals.push(...next),
    close: async () => {
      await new Promise<void>((done) => server.close(() => done()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A header, unfolded and with its encoded words decoded. */
function headerOf(raw: string, name: string): string {
  const head = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ');
  const line = head.split('\r\n').find((l) => l.toLowerCase().startsWith(`${name.toLowerCase()}:`)) ?? '';
  return line
    .slice(name.length + 1)
    .trim()
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?(q|b)\?([^?]*)\?=/gi, (_, how: string, text: string) =>
      how.toLowerCase() === 'b' ? Buffer.from(text, 'base64').toString('utf8') : quoted(text.replaceAll('_', ' ')),
    );
}

const quoted = (text: string): string =>
  Buffer.from(
    text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');

/** The text part of a mail. */
export function textOf({ raw }: ReceivedMail): string {
  const boundary = /boundary="([^"]+)"/.exec(raw)?.[1] ?? '';
  const part = raw.split(`--${boundary}`).find((p) => /content-type: text\/plain/i.test(p)) ?? '';
  const [head = '', ...body] = part.split('\r\n\r\n');
  const text = body.join('\r\n\r\n');
  if (/base64/i.test(head)) return Buffer.from(text, 'base64').toString('utf8');
  return /quoted-printable/i.test(head) ? quoted(text.replace(/=\r\n/g, '')) : text;
}
