import { Readable } from 'node:stream';
import { ClickHouseClient, ClickHouseError, ClickHouseSettings, EXCEPTION_TAG_HEADER_NAME } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { AppError } from '../common/app-error';

/** Seconds that a query which somebody waits for may run. */
const MAX_SECONDS = 15;

const SETTINGS: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 0,
  // Days before 1970 and after 2149 would wrap around otherwise.
  enable_extended_results_for_datetime_functions: 1,
  cancel_http_readonly_queries_on_client_close: 1,
};

/** The answer to an export's query while ClickHouse still makes it. */
export interface OpenQuery {
  body: Readable;
  /** Ahead of the error that ClickHouse appends when it fails after the first byte. */
  exceptionMark: string | undefined;
}

/** Runs the queries of the read side within limits; their failures become errors that a caller understands. */
@Injectable()
export class SearchStore {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  /**
   * All rows of a short query.
   * @throws AppError 504 if it takes longer than 15 s, 503 if ClickHouse is away or busy.
   */
  async rows<Row>(query: string, params: Record<string, unknown>): Promise<Row[]> {
    // A server that hangs does not keep its own time limit.
    const patience = AbortSignal.timeout((MAX_SECONDS + 5) * 1000);
    try {
      const result = await this.clickhouse.query({
        query,
        query_params: params,
        format: 'JSONEachRow',
        abort_signal: patience,
        clickhouse_settings: { ...SETTINGS, max_execution_time: MAX_SECONDS, timeout_overflow_mode: 'throw' },
      });
      return await result.json<Row>();
    } catch (error) {
      throw patience.aborted ? unavailable(error) : searchError(error);
    }
  }

  /**
   * The bytes of an answer of any size, as fast as they are read. `query` names its FORMAT. Destroying the body or
   * aborting the signal cancels the query. Resolves with the first bytes.
   */
  async open(
    query: string,
    params: Record<string, unknown>,
    options: { settings: ClickHouseSettings; signal: AbortSignal },
  ): Promise<OpenQuery> {
    try {
      const result = await this.clickhouse.exec({
        query,
        query_params: params,
        abort_signal: options.signal,
        // A reader may pause for long: a minute is not much for a person who looks at a download dialogue.
        clickhouse_settings: { ...SETTINGS, http_send_timeout: 600, ...options.settings },
      });
      const mark = result.response_headers[EXCEPTION_TAG_HEADER_NAME];
      return { body: result.stream, exceptionMark: typeof mark === 'string' ? mark : undefined };
    } catch (error) {
      throw searchError(error);
    }
  }
}

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** What a failed query means to the caller; anything unknown is given back as it is. */
export function searchError(error: unknown): unknown {
  if (error instanceof ClickHouseError) {
    switch (error.code) {
      case '159': // TIMEOUT_EXCEEDED
      case '160': // TOO_SLOW
        return new AppError(
          'QUERY_TIMEOUT',
          504,
          `the search took longer than ${MAX_SECONDS} s; narrow the time range with from and to, or add a filter`,
          { cause: error },
        );
      case '241': // MEMORY_LIMIT_EXCEEDED
        return new AppError(
          'QUERY_TOO_LARGE',
          503,
          'the store has not enough memory for this search now; narrow the time range with from and to',
          { cause: error, retryAfter: 10 },
        );
      case '202': // TOO_MANY_SIMULTANEOUS_QUERIES
        return new AppError('STORE_BUSY', 503, 'the store answers too many queries now; try again', {
          cause: error,
          retryAfter: 2,
        });
      case '236': // ABORTED: it is about to end
        return unavailable(error);
      default:
        return error;
    }
  }
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && NETWORK.has(code) ? unavailable(error) : error;
}

function unavailable(cause: unknown): AppError {
  return new AppError('STORE_UNAVAILABLE', 503, 'the store of events does not answer; try again in a moment', {
    cause,
    retryAfter: 5,
  });
}
