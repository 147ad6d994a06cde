import { signal } from '@preact/signals';

/** One faulty field of a refused request. */
export interface FieldProblem {
  path: string;
  message: string;
}

/** What the API answered instead of what was asked for. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly problems: readonly FieldProblem[] = [],
  ) {
    super(message);
  }
}

export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

/** The tenant that a system key has chosen to look at; undefined is the key's own. */
export const chosenTenant = signal<string | undefined>(undefined);

/** Counts the answers that said that nobody is signed in; the shell then shows the sign-in. */
export const signedOut = signal(0);

const BASE = '/audit/api';

/** `path` below /audit/api with the query's defined entries; lists repeat their name. */
export function apiUrl(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === '') continue;
    for (const item of Array.isArray(value) ? (value as readonly string[]) : [value]) search.append(name, String(item));
  }
  const text = search.toString();
  return `${BASE}/${path}${text ? `?${text}` : ''}`;
}

interface Send {
  method?: string;
  query?: Query;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** The answer of the API, or an ApiError. Every request carries the header without which the API takes no cookie for a write. */
export async function send(
  path: string,
  { method = 'GET', query, body, headers, signal }: Send = {},
): Promise<Response> {
  const tenant = chosenTenant.value;
  const response = await fetch(apiUrl(path, query), {
    method,
    credentials: 'same-origin',
    headers: {
      'x-audit-console': '1',
      ...(tenant ? { 'x-tenant': tenant } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
  if (response.ok) return response;
  const error = await problemOf(response);
  if (error.status === 401 && path !== 'session') signedOut.value += 1;
  throw error;
}

async function problemOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    const problem = JSON.parse(text) as { code?: string; detail?: string; problems?: FieldProblem[] };
    const message = problem.detail ?? `HTTP ${response.status}`;
    return new ApiError(response.status, problem.code ?? `HTTP_${response.status}`, message, problem.problems);
  } catch {
    return new ApiError(response.status, `HTTP_${response.status}`, text.slice(0, 300) || `HTTP ${response.status}`);
  }
}

async function json<T>(path: string, options: Send): Promise<T> {
  const response = await send(path, options);
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal) =>
    json<T>(path, { ...(query ? { query } : {}), ...(signal ? { signal } : {}) }),
  post: <T>(path: string, body: unknown = {}) => json<T>(path, { method: 'POST', body }),
  put: <T>(path: string, body: unknown) => json<T>(path, { method: 'PUT', body }),
  delete: <T>(path: string, body?: unknown) => json<T>(path, { method: 'DELETE', body }),
};

/** Saves what `path` answers as a file, under the name that the answer gives or else `name`. */
export async function download(path: string, name: string, query?: Query): Promise<void> {
  const response = await send(path, query ? { query } : {});
  const given = /filename="?([^";]+)"?/.exec(response.headers.get('content-disposition') ?? '')?.[1];
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = given ?? name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
