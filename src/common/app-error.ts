/** One problem with one place of the input. `path` is dotted, as in `context.ipAddress`; empty for the whole. */
export interface FieldProblem {
  path: string;
  message: string;
}

/**
 * The one error that leaves our code on purpose. `code` is stable and machine-readable, `status` the HTTP status,
 * `message` is meant for the caller and names the fix. Anything else that is thrown is a defect and answers 500.
 */
export class AppError extends Error {
  readonly problems: FieldProblem[] | undefined;
  /** Seconds after which a retry makes sense; sent as Retry-After. */
  readonly retryAfter: number | undefined;

  constructor(
    readonly code: string,
    readonly status: number,
    message: string,
    options: { cause?: unknown; problems?: FieldProblem[]; retryAfter?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.problems = options.problems;
    this.retryAfter = options.retryAfter;
  }
}
