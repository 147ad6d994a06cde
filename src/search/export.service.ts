import { PassThrough, pipeline, Readable, Transform } from 'node:stream';
import { Injectable, Logger } from '@nestjs/common';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import type { JsonObject } from '../events/canonical-json';
import { uuidV7 } from '../events/uuid';
import { SelfAudit } from '../ingest/self-audit';
import { EventFilter, ExportFormat, ExportQuery } from './event-query';
import { EventReader } from './event-reader';
import { ExportBody, ExportEnd } from './export-body';
import { exportStatement, FORMATS } from './export-format';
import { ExportLedger, ExportLedgers } from './export-ledger';
import { RevealAct, RevealService } from './reveal.service';
import { countCsvRecords, countLines, countParquetRows, RowCounter } from './row-counter';
import { OpenQuery, SearchStore } from './search-store';
import { writeWorkbook } from './xlsx-writer';

export interface Export {
  id: string;
  fileName: string;
  contentType: string;
  ledger: ExportLedger;
  body: Readable;
}

type Phase = 'started' | 'completed' | 'aborted';

const COUNTERS: Record<Exclude<ExportFormat, 'xlsx' | 'ndjson'>, () => RowCounter> = {
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
    private readonly reveals: RevealService,
    private readonly ledgers: ExportLedgers,
    private readonly audit: SelfAudit,
    private readonly clock: Clock,
  ) {}

  /**
   * Starts an export: it is recorded as started before its first byte, and as completed or aborted, with its rows,
   * before its last. Destroying the body cancels the query.
   * @throws AppError 503 if the store or the buffer is away: then nothing was given out.
   */
  async open(
    caller: Principal,
    { format, proofs }: Pick<ExportQuery, 'format' | 'proofs'>,
    filter: EventFilter,
    reveal?: RevealAct,
  ): Promise<Export> {
    if (reveal) assertRevealable(format);
    if (proofs) assertProvable(format, reveal);
    const now = this.clock.now();
    const id = uuidV7(now);
    const described = { ...(await this.reader.describe(caller.tenant, filter)), ...(reveal && { reveal: true }) };
    const record = (phase: Phase, end?: ExportEnd) =>
      this.record(caller, { id, format, filter: described, phase, end });
    await record('started');
    const stages: Transform[] = reveal ? [await this.reveals.exportLines(reveal, id)] : [];
    const ledger = await this.ledgers.open(caller.tenant, proofs);
    const where = await this.reader.where(caller.tenant, filter);
    const cancel = new AbortController();
    let query: OpenQuery;
    try {
      query = await this.store.open(
        exportStatement(format, where),
        { ...where.params, sealedTo: ledger.size },
        {
          settings: FORMATS[format].settings,
          signal: cancel.signal,
        },
      );
    } catch (error) {
      await record('aborted', { complete: false, rows: 0, bytes: 0 });
      throw error;
    }
    const onEnd = async (end: ExportEnd) => {
      if (!end.complete) cancel.abort();
      await record(end.complete ? 'completed' : 'aborted', end);
    };
    let body: Readable;
    if (format === 'xlsx') body = this.workbook(query, ledger, onEnd);
    else if (format === 'ndjson') {
      const trailer = this.ledgers.trailer(ledger, { proofs, revealed: reveal !== undefined });
      body = this.direct(query, [...stages, trailer], trailer, onEnd);
    } else body = this.direct(query, stages, COUNTERS[format](), onEnd);
    const stamp = new Date(now).toISOString().slice(0, 19).replaceAll(':', '');
    return {
      id,
      fileName: `audit-${caller.tenant}-${stamp}Z.${format}`,
      contentType: FORMATS[format].contentType,
      ledger,
      body,
    };
  }

  private direct(
    query: OpenQuery,
    stages: Transform[],
    counter: RowCounter,
    onEnd: (end: ExportEnd) => Promise<void>,
  ): Readable {
    const body = new ExportBody(counter, query.exceptionMark, onEnd);
    pipeline([query.body, ...stages, body], (error) => this.ended(error));
    return body;
  }

  private workbook(query: OpenQuery, ledger: ExportLedger, onEnd: (end: ExportEnd) => Promise<void>): Readable {
    let rows = 0;
    const counter: RowCounter = { add: () => undefined, rows: () => rows };
    const file = new PassThrough();
    const body = pipeline(file, new ExportBody(counter, undefined, onEnd), (error) => this.ended(error));
    writeWorkbook(jsonLines(query), file, { onRow: () => rows++, about: ledgerSheet(ledger) }).catch(
      (error: unknown) => {
        query.body.destroy();
        file.destroy(error instanceof Error ? error : new Error(String(error)));
      },
    );
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
    about: { id: string; format: ExportFormat; filter: JsonObject; phase: Phase; end: ExportEnd | undefined },
  ): Promise<void> {
    const { id, format, filter, phase, end } = about;
    await this.audit.record(
      caller.tenant,
      {
        eventType: 'AUDIT_EXPORT',
        outcome: phase === 'started' ? 'unknown' : phase === 'completed' ? 'success' : 'failure',
        description: `An export of events as ${format} was ${phase}`,
        context: { resourceType: 'export', resourceId: id },
        details: { phase, format, filter, ...(end && { bytes: end.bytes }) },
        ...(end?.rows !== undefined && { recordCount: end.rows }),
      },
      caller,
    );
  }
}

/** The other formats hold columns, and columns hold references. */
function assertRevealable(format: ExportFormat): void {
  if (format === 'json' || format === 'ndjson') return;
  const message = `is for the formats json and ndjson, not for ${format}`;
  throw new AppError('QUERY_INVALID', 400, `reveal ${message}`, { problems: [{ path: 'reveal', message }] });
}

/** Proofs are of the bytes that were hashed, and only lines can be followed by what proves them. */
function assertProvable(format: ExportFormat, reveal: RevealAct | undefined): void {
  if (format === 'ndjson' && !reveal) return;
  const message = reveal ? 'cannot be had with reveal, which changes the events' : `is for ndjson, not for ${format}`;
  throw new AppError('QUERY_INVALID', 400, `proofs ${message}`, { problems: [{ path: 'proofs', message }] });
}

/** What the last sheet of a workbook says. */
function ledgerSheet({ tenant, size, checkpoint, publicKeys }: ExportLedger): [name: string, value: string | number][] {
  return [
    ['tenant', tenant],
    ['events under the checkpoint', size],
    ['checkpoint', checkpoint ?? 'nothing is sealed yet'],
    ...publicKeys.map((key): [string, string] => ['public key', key]),
  ];
}

/** The rows of JSONCompactEachRow, as many at once as a chunk brings. */
async function* jsonLines(query: OpenQuery): AsyncGenerator<(string | number | boolean | null)[][]> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of query.body as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield lines.map((line) => JSON.parse(line) as (string | number | boolean | null)[]);
  }
}
