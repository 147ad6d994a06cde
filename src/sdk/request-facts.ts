import type { RequestFacts, ResponseLike } from './context';

interface RequestLike {
  method: string;
  url: string;
  originalUrl?: string;
  body?: unknown;
}

/** What the handler of a request was called with says of it: Node's, Express's or Fastify's request, and the answer to it. */
export function requestFacts(args: readonly unknown[]): RequestFacts | undefined {
  const request = args.find(isRequest);
  if (!request) return undefined;
  const response = args.map(rawResponse).find((found) => found !== undefined);
  return {
    method: request.method,
    path: pathOf(request),
    body: () => request.body,
    ...(response && { response }),
  };
}

/** Without the query, which may hold secrets. */
export const pathOf = ({ url, originalUrl }: RequestLike): string => (originalUrl ?? url).split(/[?#]/, 1)[0] ?? '';

function isRequest(value: unknown): value is RequestLike {
  const { method, url, headers } = (value ?? {}) as Record<string, unknown>;
  return typeof method === 'string' && typeof url === 'string' && typeof headers === 'object';
}

/** Node's answer below whatever a framework made of it. */
function rawResponse(value: unknown): ResponseLike | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const candidate = (isResponse(value) ? value : (value as { raw?: unknown }).raw) as object | undefined;
  return candidate && isResponse(candidate) ? candidate : undefined;
}

function isResponse(value: object): value is ResponseLike {
  const { statusCode, once, writeHead } = value as Record<string, unknown>;
  return typeof statusCode === 'number' && typeof once === 'function' && typeof writeHead === 'function';
}

/** Notes what a handler sends with `json` or `send` of the answer among its arguments, which go on as they were. */
export function captureResponseBody(args: readonly unknown[]): (() => unknown) | undefined {
  const answer = args.find((value) => rawResponse(value) !== undefined) as Record<string, unknown> | undefined;
  if (!answer) return undefined;
  let body: unknown;
  let known = false;
  for (const name of ['json', 'send']) {
    const original = answer[name];
    if (typeof original !== 'function') continue;
    answer[name] = function (this: unknown, ...sent: unknown[]): unknown {
      // `json` of Express calls `send` with text: what came first is what the handler gave.
      if (!known) [body, known] = [sent[0], true];
      return original.apply(this, sent) as unknown;
    };
  }
  return () => body;
}
