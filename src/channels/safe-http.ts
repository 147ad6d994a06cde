import { lookup as resolve, LookupAddress, LookupOptions } from 'node:dns';
import { request as httpRequest, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { VERSION } from '../common/version';
import { Config, CONFIG } from '../config/config';
import { AddressGuard } from '../common/address-guard';
import { DeliveryError, retryAfterMs } from './retry';

const PATIENCE_MS = 10_000;
/** Answers that mean "not now". */
const TEMPORARY = new Set([408, 423, 425, 429]);

export interface Message {
  url: string;
  method?: 'POST' | 'PUT';
  headers: Record<string, string>;
  body: string;
}

/**
 * Sends to addresses that tenants have named, and to public ones only. The addresses of a name are checked as they are
 * connected to, in the resolver that the connection uses, so a name that resolves to something else the next time gains
 * nothing. Redirects are not followed, no proxy is used, and of an answer only its status counts.
 */
@Injectable()
export class SafeHttp {
  private readonly guard: AddressGuard;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly clock: Clock,
  ) {
    this.guard = new AddressGuard(config.notify.allowedNetworks);
  }

  /** Resolves when the receiver has answered with 2xx. @throws DeliveryError */
  async send(message: Message): Promise<void> {
    const { status, retryAfter } = await this.exchange(message);
    if (status >= 200 && status < 300) return;
    if (status >= 300 && status < 400) {
      throw new DeliveryError(`answered ${status}: redirects are not followed; name the address itself`, {
        permanent: true,
      });
    }
    const wait = retryAfterMs(retryAfter, this.clock.now());
    throw new DeliveryError(`answered ${status}`, {
      permanent: status < 500 && !TEMPORARY.has(status),
      ...(wait !== undefined && { retryAfterMs: wait }),
    });
  }

  private exchange(message: Message): Promise<{ status: number; retryAfter: string | undefined }> {
    const url = new URL(message.url);
    const secure = url.protocol === 'https:';
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    // The resolver is not asked about addresses.
    if (isIP(host) !== 0) this.check(host, secure);
    const options: RequestOptions = {
      method: message.method ?? 'POST',
      headers: {
        'user-agent': `mcp-audit/${VERSION}`,
        ...message.headers,
        'content-length': String(Buffer.byteLength(message.body)),
      },
      // No connection is used again: each is made to an address that was checked for it.
      agent: false,
      lookup: (name, wanted, done) => this.lookup(name, wanted, secure, done),
    };
    return new Promise((done, fail) => {
      const request = (secure ? httpsRequest : httpRequest)(url, options, (answer) => {
        clearTimeout(timer);
        answer.on('error', () => undefined);
        done({ status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'] });
        answer.destroy();
      });
      const timer = setTimeout(
        () => request.destroy(new DeliveryError(`no answer within ${PATIENCE_MS / 1000} s`)),
        PATIENCE_MS,
      );
      request.on('error', (error) => {
        clearTimeout(timer);
        fail(error instanceof DeliveryError ? error : unreachable(error));
      });
      request.end(message.body);
    });
  }

  private lookup(
    name: string,
    wanted: LookupOptions,
    secure: boolean,
    done: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
  ): void {
    resolve(name, { ...wanted, all: true }, (error, addresses) => {
      if (error) return done(error, []);
      try {
        for (const { address } of addresses) this.check(address, secure);
      } catch (refused) {
        return done(refused as Error, []);
      }
      const [first] = addresses;
      if (wanted.all) done(null, addresses);
      else done(null, first?.address ?? '', first?.family);
    });
  }

  /** @throws DeliveryError */
  private check(address: string, secure: boolean): void {
    if (!this.guard.isAllowed(address)) {
      throw new DeliveryError(
        'its address is not a public one; the operator can allow it with AUDIT_NOTIFY_ALLOWED_NETWORKS',
        { permanent: true },
      );
    }
    if (!secure && !this.guard.isNamed(address)) {
      throw new DeliveryError('http:// would send this in plain over the Internet; use https://', { permanent: true });
    }
  }
}

function unreachable(error: NodeJS.ErrnoException): DeliveryError {
  // The text of such errors names addresses, the code does not.
  return new DeliveryError(`cannot be reached (${error.code ?? error.name})`, { cause: error });
}
