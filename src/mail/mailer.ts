import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import { Config, CONFIG } from '../config/config';

export interface Mail {
  to: string;
  subject: string;
  text: string;
  html: string;
  /** Names the mail for ever; a mail that is sent twice carries the same one. Letters, digits and - only. */
  id: string;
  attachments?: { filename: string; content: Buffer; contentType: string }[];
}

/** Where a mail has gone: to the server, or to a file since no server is named. */
export type MailOutcome = 'accepted' | 'outbox';

/** A mail was not taken. `permanent`: and will not be. */
export class MailError extends Error {
  constructor(
    message: string,
    readonly permanent: boolean,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

const PATIENCE_MS = 20_000;

/** Sends mail by SMTP; without a server, mails are put as files into `outbox` in the data directory. */
@Injectable()
export class Mailer implements OnApplicationShutdown {
  private readonly log = new Logger('Mail');
  private readonly transport: ReturnType<typeof smtpTransport> | undefined;
  private readonly composer = createTransport({ streamTransport: true, buffer: true, newline: 'unix' });
  private readonly from: string;
  private readonly outbox: string;
  private said = false;

  constructor(@Inject(CONFIG) config: Config) {
    this.transport = config.smtp.url === undefined ? undefined : smtpTransport(config.smtp.url, config.smtp.caFile);
    this.from = config.smtp.from;
    this.outbox = join(config.dataDir, 'outbox');
  }

  /** Resolves when the server has taken the mail, or the file is written. @throws MailError */
  async send({ id, ...mail }: Mail): Promise<MailOutcome> {
    const domain = /@([^\s>]+)>?$/.exec(this.from)?.[1] ?? 'mcp-audit.local';
    const message = {
      ...mail,
      from: this.from,
      subject: mail.subject.replace(/[\u0000-\u001f\u007f]+/g, ' '),
      messageId: `<${id}@${domain}>`,
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      // Neither files nor addresses are read on behalf of what stands in a mail.
      disableFileAccess: true,
      disableUrlAccess: true,
    };
    if (!this.transport) {
      await this.toOutbox(id, message);
      return 'outbox';
    }
    try {
      await this.transport.sendMail(message);
      return 'accepted';
    } catch (error) {
      throw mailError(error);
    }
  }

  onApplicationShutdown(): void {
    this.transport?.close();
  }

  private async toOutbox(id: string, message: object): Promise<void> {
    if (!this.said) this.log.warn(`AUDIT_SMTP_URL is not set: mails are written to ${this.outbox}`);
    this.said = true;
    const composed = await this.composer.sendMail(message);
    await mkdir(this.outbox, { recursive: true, mode: 0o700 });
    const half = join(this.outbox, `.${randomUUID()}`);
    await writeFile(half, composed.message as Buffer, { mode: 0o600 });
    await rename(half, join(this.outbox, `${id}.eml`));
  }
}

/** Where a password is given, it is sent over TLS only, unless the URL says `ignoreTLS=true`. */
function smtpTransport(text: string, caFile: string | undefined) {
  const url = new URL(text);
  const secure = url.protocol === 'smtps:';
  const ignoreTLS = url.searchParams.get('ignoreTLS') === 'true';
  const auth = url.username === '' ? undefined : { user: part(url.username), pass: part(url.password) };
  return createTransport({
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    ignoreTLS,
    requireTLS: !secure && !ignoreTLS && (auth !== undefined || url.searchParams.get('requireTLS') === 'true'),
    ...(auth && { auth }),
    tls: caFile === undefined ? {} : { ca: readFileSync(caFile) },
    connectionTimeout: PATIENCE_MS,
    greetingTimeout: PATIENCE_MS,
    socketTimeout: PATIENCE_MS,
  });
}

const part = (text: string) => decodeURIComponent(text);

/** What the server said is left out: it repeats addresses. A refused login is no fault of the mail, and may be mended. */
function mailError(error: unknown): MailError {
  const { code, responseCode } = error as { code?: string; responseCode?: number };
  const permanent = code !== 'EAUTH' && responseCode !== undefined && responseCode >= 500;
  const said = responseCode === undefined ? '' : `, answer ${responseCode}`;
  return new MailError(`the mail server did not take it (${code ?? 'no code'}${said})`, permanent, error);
}
