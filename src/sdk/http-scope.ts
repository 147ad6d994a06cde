import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { plainAddress } from './build-event';
import { mergeContexts, ResponseLike, runInScope, Scope } from './context';
import { currentAuditLogger } from './global';
import { pathOf } from './request-facts';
import type { AuditContext } from './types';
import { quietly } from './wrap-method';

/** How the context is read from a request. */
export interface HttpContextOptions {
  /**
   * Proxies whose X-Forwarded-For is believed: addresses or CIDR ranges, or how many of them stand in front. Default: none, since
   * anyone can send that header.
   */
  trustProxy?: readonly string[] | number;
  /** Headers that carry the correlation id, the first that is there counts; default x-request-id, x-correlation-id. */
  correlationHeaders?: readonly string[];
  /** Who acts; asked when events are recorded. Default: `id`, `sub` or `userId` of the request's `user`. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- requests of any framework
  userId?: (request: any) => string | number | undefined;
  /** Default: a hash of the request's session id, since the id itself would let a reader of the log in. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- requests of any framework
  sessionId?: (request: any) => string | undefined;
  /** Records every answer 401 and 403 as `ACCESS_DENIED`; default false. */
  recordDenied?: boolean;
}

/** A request as a framework has it; `raw` is Node's. */
export interface HttpRequest {
  method?: string;
  url?: string;
  originalUrl?: string;
  headers: IncomingMessage['headers'];
  socket?: { remoteAddress?: string | undefined };
  raw?: object;
  body?: unknown;
  user?: unknown;
  session?: unknown;
  sessionID?: unknown;
}

const CORRELATION_HEADERS = ['x-request-id', 'x-correlation-id'];
const CORRELATION_ID = /^[\w.:+/=@-]{1,128}$/;

/** Makes the scope of each request, once, whoever asks first: middleware, guard or interceptor. */
export class HttpScopes {
  private readonly scopes = new WeakMap<object, Scope>();
  private readonly trusted: (address: string, hop: number) => boolean;

  constructor(private readonly options: HttpContextOptions = {}) {
    this.trusted = trust(options.trustProxy ?? []);
  }

  of(request: HttpRequest, response: ResponseLike | undefined): Scope {
    const key = request.raw ?? request;
    const known = this.scopes.get(key);
    if (known) return known;
    const scope = this.begin(request, response);
    this.scopes.set(key, scope);
    return scope;
  }

  private begin(request: HttpRequest, response: ResponseLike | undefined): Scope {
    const { method = '', url = '', originalUrl } = request;
    const path = pathOf({ method, url, ...(originalUrl !== undefined && { originalUrl }) });
    const userAgent = request.headers['user-agent'];
    const ipAddress = this.addressOf(request);
    const scope: Scope = {
      context: {
        ...(ipAddress !== undefined && { ipAddress }),
        ...(userAgent !== undefined && { userAgent }),
        correlationId: this.correlationOf(request),
      },
      request: { method, path, body: () => request.body, ...(response && { response }) },
      late: () => this.lateOf(request),
    };
    if (this.options.recordDenied) response?.once('finish', () => recordDenied(scope, response.statusCode));
    return scope;
  }

  private lateOf(request: HttpRequest): AuditContext {
    const { userId = usualUser, sessionId = usualSession } = this.options;
    const user = quietly(() => userId(request));
    const session = quietly(() => sessionId(request));
    const id = user === undefined || user === null ? undefined : String(user);
    return mergeContexts({}, { userId: id, sessionId: session });
  }

  private correlationOf({ headers }: HttpRequest): string {
    for (const name of this.options.correlationHeaders ?? CORRELATION_HEADERS) {
      const value = headers[name.toLowerCase()];
      if (typeof value === 'string' && CORRELATION_ID.test(value)) return value;
    }
    return randomUUID();
  }

  /** The nearest address that is no trusted proxy. */
  private addressOf(request: HttpRequest): string | undefined {
    const socket = request.socket ?? (request.raw as { socket?: { remoteAddress?: string } } | undefined)?.socket;
    let address = plainAddress(socket?.remoteAddress ?? '');
    const header = request.headers['x-forwarded-for'];
    const hops = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').reverse();
    for (const [n, hop] of hops.entries()) {
      if (address === undefined || !this.trusted(address, n)) break;
      const next = plainAddress(hop);
      if (next === undefined) break;
      address = next;
    }
    return address;
  }
}

function trust(proxies: readonly string[] | number): (address: string, hop: number) => boolean {
  if (typeof proxies === 'number') return (_, hop) => hop < proxies;
  const list = new BlockList();
  for (const proxy of proxies) {
    const [net = '', bits] = proxy.split('/');
    const family = isIP(net) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(net, family);
    else list.addSubnet(net, Number(bits), family);
  }
  return (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function recordDenied(scope: Scope, status: number): void {
  if (status !== 401 && status !== 403) return;
  const { method = '', path = '' } = scope.request ?? {};
  runInScope(scope, () => {
    const fields = { details: { method, path, status } };
    void currentAuditLogger()?.log('ACCESS_DENIED', `${method} ${path} was refused`, fields);
  });
}

function usualUser({ user }: HttpRequest): string | number | undefined {
  const { id, sub, userId } = (typeof user === 'object' && user !== null ? user : {}) as Record<string, unknown>;
  return [id, sub, userId, user].find((value) => typeof value === 'string' || typeof value === 'number');
}

function usualSession({ session, sessionID }: HttpRequest): string | undefined {
  const { id, sessionId } = (typeof session === 'object' && session !== null ? session : {}) as Record<string, unknown>;
  const secret = [sessionID, sessionId, id].find((value) => typeof value === 'string');
  return secret ? createHash('sha256').update(secret).digest('hex').slice(0, 24) : undefined;
}
