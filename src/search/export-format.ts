import type { ClickHouseSettings } from '@clickhouse/client';
import type { ExportFormat } from './event-query';
import type { Where } from './event-where';

/** How ClickHouse writes a format by itself, and what an answer says of it. */
export interface FormatDefinition {
  contentType: string;
  /** SELECT list and FORMAT of the query; the xlsx writer reads rows as JSON arrays. */
  select: string;
  clickhouseFormat: string;
  settings: ClickHouseSettings;
}

type Kind = 'text' | 'number' | 'time' | 'date' | 'list' | 'flag';

/** Columns of the tabular formats, in order. Numbers and times keep their types where the format has types. */
export const EXPORT_COLUMNS: readonly { name: string; sql: string; kind: Kind }[] = [
  { name: 'leafIndex', sql: 'leaf_index', kind: 'number' },
  { name: 'id', sql: 'toString(id)', kind: 'text' },
  { name: 'occurredAt', sql: 'occurred_at', kind: 'time' },
  { name: 'receivedAt', sql: 'received_at', kind: 'time' },
  { name: 'eventType', sql: 'toString(event_type)', kind: 'text' },
  { name: 'category', sql: 'toString(category)', kind: 'text' },
  { name: 'severity', sql: 'toString(severity)', kind: 'text' },
  { name: 'outcome', sql: 'toString(outcome)', kind: 'text' },
  { name: 'description', sql: 'description', kind: 'text' },
  { name: 'userId', sql: 'actor', kind: 'text' },
  { name: 'subjectId', sql: 'subject', kind: 'text' },
  { name: 'sessionId', sql: 'session_id', kind: 'text' },
  { name: 'ipAddress', sql: 'ip_address', kind: 'text' },
  { name: 'userAgent', sql: "JSONExtractString(envelope, 'context', 'userAgent')", kind: 'text' },
  { name: 'resourceType', sql: 'toString(resource_type)', kind: 'text' },
  { name: 'resourceId', sql: 'resource_id', kind: 'text' },
  { name: 'correlationId', sql: 'correlation_id', kind: 'text' },
  { name: 'service', sql: 'toString(service)', kind: 'text' },
  { name: 'amount', sql: 'amount', kind: 'number' },
  { name: 'currency', sql: 'toString(currency)', kind: 'text' },
  { name: 'recordCount', sql: 'record_count', kind: 'number' },
  { name: 'legalBasis', sql: 'toString(legal_basis)', kind: 'text' },
  { name: 'purpose', sql: 'purpose', kind: 'text' },
  { name: 'consentId', sql: 'consent_id', kind: 'text' },
  { name: 'dataCategories', sql: 'data_categories', kind: 'list' },
  { name: 'details', sql: "JSONExtractRaw(envelope, 'details')", kind: 'text' },
  { name: 'changes', sql: "JSONExtractRaw(envelope, 'changes')", kind: 'text' },
  { name: 'retention', sql: 'toString(retention)', kind: 'text' },
  { name: 'retainUntil', sql: 'retain_until', kind: 'date' },
  { name: 'checksum', sql: 'lower(hex(checksum))', kind: 'text' },
  { name: 'keyId', sql: 'nullIf(key_id, 0)', kind: 'number' },
  { name: 'signature', sql: "if(key_id = 0, '', lower(hex(signature)))", kind: 'text' },
  { name: 'leafHash', sql: 'lower(hex(SHA256(concat(char(0), envelope))))', kind: 'text' },
  { name: 'underCheckpoint', sql: '(leaf_index < {sealedTo:UInt64})::Bool', kind: 'flag' },
];

/** One event with the very bytes that were hashed and signed, on one line: canonical JSON has no line breaks. */
const LINE = `concat('{"leafIndex":', toString(leaf_index),
  ',"leafHash":"', lower(hex(SHA256(concat(char(0), envelope)))),
  '","underCheckpoint":', if(leaf_index < {sealedTo:UInt64}, 'true', 'false'), ',"checksum":"', lower(hex(checksum)), '","keyId":',
  if(key_id = 0, 'null', toString(key_id)), ',"signature":',
  if(key_id = 0, 'null', concat('"', lower(hex(signature)), '"')), ',"event":', envelope, '}')`;

/** Each row is a line as it is; `between` stands ahead of all lines but the first. */
const lines = (before: string, between: string, after: string): ClickHouseSettings => ({
  format_custom_escaping_rule: 'Raw',
  format_custom_result_before_delimiter: before,
  format_custom_row_after_delimiter: '\n',
  format_custom_row_between_delimiter: between,
  format_custom_result_after_delimiter: after,
});

/** A cell that a spreadsheet would take for a formula gets an apostrophe ahead. */
const harmless = (sql: string) => `concat(if(ascii(${sql}) IN (${FORMULA}), '\\'', ''), ${sql})`;
/** The codes of = + - @ tab CR. */
const FORMULA = [...'=+-@\t\r'].map((sign) => sign.charCodeAt(0)).join();
const joined = (sql: string) => `arrayStringConcat(${sql}, '; ')`;

const columns = (write: (column: (typeof EXPORT_COLUMNS)[number]) => string) =>
  EXPORT_COLUMNS.map((column) => `${write(column)} AS "${column.name}"`).join(',\n  ');

export const FORMATS: Record<ExportFormat, FormatDefinition> = {
  ndjson: {
    contentType: 'application/x-ndjson',
    select: LINE,
    clickhouseFormat: 'CustomSeparated',
    settings: lines('', '', ''),
  },
  json: {
    contentType: 'application/json',
    select: LINE,
    clickhouseFormat: 'CustomSeparated',
    settings: lines('[\n', ',', ']\n'),
  },
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    select: columns(({ sql, kind }) => {
      if (kind === 'text') return harmless(sql);
      return kind === 'list' ? harmless(joined(sql)) : sql;
    }),
    clickhouseFormat: 'CSVWithNames',
    settings: {
      date_time_output_format: 'iso',
      format_csv_null_representation: '',
      output_format_csv_crlf_end_of_line: 1,
    },
  },
  parquet: {
    contentType: 'application/vnd.apache.parquet',
    select: `${columns(({ sql }) => sql)},\n  envelope`,
    clickhouseFormat: 'Parquet',
    // A group is held in memory as a whole: a million rows, the default, would take a gigabyte.
    settings: { output_format_parquet_row_group_size: '100000', output_format_parquet_compression_method: 'zstd' },
  },
  xlsx: {
    contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    select: columns(({ sql, kind }) => {
      if (kind === 'time') return `toUnixTimestamp64Milli(${sql})`;
      if (kind === 'list') return joined(sql);
      return kind === 'number' ? `toFloat64(${sql})` : sql;
    }),
    clickhouseFormat: 'JSONCompactEachRow',
    settings: {},
  },
};

/** Everything that matches, oldest first; `sealedTo` is the size of the ledger under its checkpoint. Names are columns before they are aliases, so that the order is the key's. */
export function exportStatement(format: ExportFormat, where: Where): string {
  const { select, clickhouseFormat } = FORMATS[format];
  return `SELECT
  ${select}
FROM events
WHERE ${where.sql}
ORDER BY occurred_at, id
SETTINGS prefer_column_name_to_alias = 1
FORMAT ${clickhouseFormat}`;
}
