import { PassThrough, pipeline, Readable } from 'node:stream';
import { Injectable, Logger } from '@nestjs/common';
import type { Principal } from '../access/principal';
import { Clock } from '../common/clock';
import { uuidV7 } from '../events/uuid';
import { SelfAudit } from '../ingest/self-audit';
import { EventFilter, ExportFormat } from './event-query';
import { EventReader } from './event-reader';
import { ExportBody, ExportEnd } from './export-body';
import { exportStatement, FORMATS } from './export-format';
import { countCsvRecords, countLines, countParquetRows, RowCounter } from './row-counter';
import { OpenQuery, SearchStore } from './search-store';
import { writeWorkbook } from './xlsx-writer';

export interface Export {
  id: string;
  fileName: string;
  contentType: string;
  body: Readable;
}

type Phase = 'started' | 'completed' | 'aborted';

const COUNTERS: Record<Exclude<ExportFormat, 'xlsx'>, () => RowCounter> = {
  ndjson: () => countLines(0),
  json: () => countLines(2),
  csv: countCsvRecords,
  parquet: countParquetRows,
};

/** Gives out all events that a filter chooses, as a file of any size, and records that it did. */
@Injectable()
export class ExportService {
  private readonly log = new Logger('Export');

  constructor(
    private readonly store: SearchStore,
    private readonly reader: EventReader,
    private readonly audit: SelfAudit,
    private readonly clock: Clock,
  ) {}

  /**
   * Starts an export: it is recorded as started before its first byte, and as completed or aborted, with its rows,
   * before its last. Destroying the body cancels the query.
   * @throws AppError 503 if the store or the buffer is away: then nothing was given out.
   */
  async open(caller: Principal, format: ExportFormat, filter: EventFilter): Promise<Export> {
    const now = this.clock.now();
    const id = uuidV7(now);
    const record = (phase: Phase, end?: ExportEnd) => this.record(caller, { id, format, filter, phase, end });
    await record('started');
    const where = await this.reader.where(caller.tenant, filter);
    const cancel = new AbortController();
    let query: OpenQuery;
    try {
      query = await this.store.open(exportStatement(format, where), where.params, {
        settings: FORMATS[format].settings,
        signal: cancel.signal,
      });
    } catch (error) {
      await record('aborted', { complete: false, rows: 0, bytes: 0 });
      throw error;
    }
    const onEnd = async (end: ExportEnd) => {
      if (!end.complete) cancel.abort();
      await record(end.complete ? 'completed' : 'aborted', end);
    };
    const body = format === 'xlsx' ? this.workbook(query, onEnd) : this.direct(query, COUNTERS[format](), onEnd);
    const stamp = new Date(now).toISOString().slice(0, 19).replaceAll(':', '');
    return {
      id,
      fileName: `audit-${caller.tenant}-${stamp}Z.${format}`,
      contentType: FORMATS[format].contentType,
      body,
    };
  }

  private direct(query: OpenQuery, counter: RowCounter, onEnd: (end: ExportEnd) => Promise<void>): Readable {
    return pipeline(query.body, new ExportBody(counter, query.exceptionMark, onEnd), (error) => this.ended(error));
  }

  private workbook(query: OpenQuery, onEnd: (end: ExportEnd) => Promise<void>): Readable {
    let rows = 0;
    const counter: RowCounter = { add: () => undefined, rows: () => rows };
    const file = new PassThrough();
    const body = pipeline(file, new ExportBody(counter, undefined, onEnd), (error) => this.ended(error));
    writeWorkbook(jsonLines(query), file, { onRow: () => rows++ }).catch((error: unknown) => {
      query.body.destroy();
      file.destroy(error instanceof Error ? error : new Error(String(error)));
    });
    return body;
  }

  /** A reader who leaves is no failure of ours; all else is. */
  private ended(error: NodeJS.ErrnoException | null): void {
    if (!error || error.code === 'ERR_STREAM_PREMATURE_CLOSE') return;
    // Messages of parsers and of the store may quote what they read.
    this.log.warn(`an export broke off: ${error.code ?? error.name}`);
  }

  private async record(
    caller: Principal,
    about: { id: string; format: ExportFormat; filter: EventFilter; phase: Phase; end: ExportEnd | undefined },
  ): Promise<void> {
    const { id, format, filter, phase, end } = about;
    await this.audit.record(
      caller.tenant,
      {
        eventType: 'AUDIT_EXPORT',
        outcome: phase === 'started' ? 'unknown' : phase === 'completed' ? 'success' : 'failure',
        description: `An export of events as ${format} was ${phase}`,
        context: { resourceType: 'export', resourceId: id },
        details: { phase, format, filter: describeFilter(filter), ...(end && { bytes: end.bytes }) },
        ...(end?.rows !== undefined && { recordCount: end.rows }),
      },
      caller,
    );
  }
}

/** The filter as the caller gave it: times as text again. */
function describeFilter(filter: EventFilter): Record<string, string | string[]> {
  const { from, to, ...rest } = filter;
  return {
    ...(from !== undefined && { from: new Date(from).toISOString() }),
    ...(to !== undefined && { to: new Date(to).toISOString() }),
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
  };
}

/** The rows of JSONCompactEachRow, as many at once as a chunk brings. */
async function* jsonLines(query: OpenQuery): AsyncGenerator<(string | number | null)[][]> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of query.body as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield lines.map((line) => JSON.parse(line) as (string | number | null)[]);
  }
}
