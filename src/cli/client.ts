import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AppError, FieldProblem } from '../common/app-error';
import type { CliEnvironment } from '../config/cli-environment';
import { readRuntime } from '../supervisor/runtime-file';

/** Where the API is and how to be let in. */
export interface Connection {
  url: string;
  apiKey: string;
}

/**
 * Finds the system: AUDIT_URL and AUDIT_API_KEY, else the one that runs on the data directory, with the key in its file
 * `admin-api-key`. Throws AppError `NOT_RUNNING` or `API_KEY_MISSING`, saying what to do.
 */
export async function locateSystem(env: CliEnvironment): Promise<Connection> {
  const url = env.url ?? (await runningUrl(env.dataDir));
  const apiKey = env.apiKey ?? (await adminKey(env.dataDir, env.url !== undefined));
  return { url, apiKey };
}

async function runningUrl(dataDir: string): Promise<string> {
  const runtime = await readRuntime(dataDir);
  if (runtime) return runtime.url.replace(/\/+$/, '');
  throw new AppError(
    'NOT_RUNNING',
    503,
    `no system is running on ${resolve(dataDir)}; start it with "npm start", or set AUDIT_URL and AUDIT_API_KEY ` +
      'to reach one elsewhere (AUDIT_DATA_DIR names another data directory)',
  );
}

async function adminKey(dataDir: string, remote: boolean): Promise<string> {
  const file = join(dataDir, 'admin-api-key');
  const fix = remote ? 'set AUDIT_API_KEY' : `set AUDIT_API_KEY, or run this as the user who may read ${resolve(file)}`;
  if (remote) throw new AppError('API_KEY_MISSING', 401, `AUDIT_URL is set but no API key; ${fix}`);
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new AppError('API_KEY_MISSING', 401, `there is no API key to use; ${fix}`, { cause: error });
  }
}

export interface RequestOptions {
  query?: URLSearchParams;
  body?: string | Buffer;
  /** A body to be sent as JSON, instead of `body`. */
  json?: unknown;
  headers?: Record<string, string>;
  /** Whether repeating the request does no harm; default: for GET and DELETE. Only those are retried. */
  repeatable?: boolean;
  /** How long to go on retrying, ms. */
  retryForMs?: number;
  signal?: AbortSignal;
  /** Told before each wait, with the reason. */
  onRetry?: (reason: string, waitMs: number) => void;
}

const problemDocument = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  code: z.string().optional(),
  problems: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
const RETRIED = new Set([429, 502, 503, 504]);

/** Speaks to the REST API. Every failure is an AppError that a person can act on. */
export class AuditClient {
  constructor(
    private readonly connection: Connection,
    private readonly tenant: string | undefined,
    /** 0..1, for the jitter of waits. */
    private readonly random: () => number = Math.random,
  ) {}

  get url(): string {
    return this.connection.url;
  }

  async json<T>(method: string, path: string, schema: z.ZodType<T>, options: RequestOptions = {}): Promise<T> {
    const response = await this.request(method, path, options);
    const body: unknown = await response.json();
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new AppError(
      'UNEXPECTED_ANSWER',
      502,
      `${method} ${path} answered in a form that this version of the command line does not know ` +
        `(${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}); use the command line of the running version`,
    );
  }

  /** The response, of a status below 400 or of 422 when `accept` holds it; otherwise throws. */
  async request(method: string, path: string, options: RequestOptions = {}, accept: number[] = []): Promise<Response> {
    const repeatable = options.repeatable ?? (method === 'GET' || method === 'DELETE');
    const until = Date.now() + (options.retryForMs ?? 15_000);
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.attempt(method, path, options, accept);
      if (!(outcome instanceof AppError)) return outcome;
      const wait = retryDelay(attempt, outcome.retryAfter, this.random());
      if (!repeatable || !RETRIED.has(outcome.status) || Date.now() + wait > until) throw outcome;
      options.onRetry?.(outcome.message, wait);
      await sleep(wait, undefined, options.signal ? { signal: options.signal } : {});
    }
  }

  private async attempt(
    method: string,
    path: string,
    options: RequestOptions,
    accept: number[],
  ): Promise<Response | AppError> {
    const query = options.query?.toString();
    const target = `${this.connection.url}/audit/api/${path}${query ? `?${query}` : ''}`;
    const headers: Record<string, string> = { authorization: `Bearer ${this.connection.apiKey}`, ...options.headers };
    const { json, body = json === undefined ? undefined : JSON.stringify(json) } = options;
    if (json !== undefined) headers['content-type'] = 'application/json';
    if (this.tenant !== undefined) headers['x-tenant'] = this.tenant;
    let response: Response;
    try {
      response = await fetch(target, { method, headers, body, signal: options.signal });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      return new AppError(
        'UNREACHABLE',
        503,
        `cannot reach ${this.connection.url} (${reason}); is the system running?`,
        {
          cause: error,
        },
      );
    }
    if (response.status < 400 || accept.includes(response.status)) return response;
    return refusal(response.status, await response.text(), response.headers.get('retry-after'));
  }
}

/** Milliseconds to wait before the next attempt: what the server asked for, else doubling from 250 ms to 10 s, ± 25 %. */
export function retryDelay(attempt: number, retryAfter: number | undefined, random: number): number {
  const base = retryAfter !== undefined ? retryAfter * 1000 : Math.min(10_000, 250 * 2 ** attempt);
  return Math.round(base * (retryAfter !== undefined ? 1 + random / 4 : 0.75 + random / 2));
}

/** The error that a refused request stands for, from its problem document (RFC 9457) if it has one. */
export function refusal(status: number, body: string, retryAfterHeader: string | null): AppError {
  const document = problemDocument.safeParse(parseJson(body));
  const said = document.success ? document.data : {};
  const problems: FieldProblem[] | undefined = said.problems;
  const message = said.detail ?? said.title ?? (body.slice(0, 200).trim() || 'no reason was given');
  const retryAfter = retryAfterHeader !== null && /^\d+$/.test(retryAfterHeader) ? Number(retryAfterHeader) : undefined;
  return new AppError(said.code ?? 'REFUSED', status, `${message} (HTTP ${status})`, { problems, retryAfter });
}

/** Undefined for text that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
