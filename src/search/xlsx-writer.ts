import { once } from 'node:events';
import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { stream, Worksheet } from 'exceljs';
import { EXPORT_COLUMNS } from './export-format';

/** Rows of a sheet in Excel, with its header. */
const SHEET_ROWS = 1_048_576;
/** Characters of a cell in Excel. */
const CELL_CHARACTERS = 32_767;
const CUT = ' … [cut: Excel cells hold no more]';
/** Rows between two looks at whether the reader keeps up. */
const ROWS_AT_ONCE = 200;

const WIDTHS: Partial<Record<string, number>> = { id: 38, description: 50, details: 50, changes: 50 };
const FORMATS = {
  time: 'yyyy-mm-dd hh:mm:ss.000',
  date: 'yyyy-mm-dd',
  number: 'General',
  flag: 'General',
  text: '@',
  list: '@',
};

type Cell = string | number | boolean | null;

/**
 * Writes rows of EXPORT_COLUMNS (times in ms, dates as text) as an Excel workbook in constant memory, on as many sheets
 * as they need, and `about` on a last one. Texts are text cells, never formulas. Resolves when the workbook is whole.
 */
export async function writeWorkbook(
  rows: AsyncIterable<Cell[][]>,
  out: Writable,
  options: { sheetRows?: number; onRow: () => void; about: readonly (readonly [string, string | number])[] },
): Promise<void> {
  const { sheetRows = SHEET_ROWS, onRow, about } = options;
  const workbook = new stream.xlsx.WorkbookWriter({ stream: out, useStyles: true, useSharedStrings: false });
  let sheet = addSheet(workbook, 1);
  let used = 1;
  let sheets = 1;
  let unchecked = 0;
  for await (const some of rows) {
    for (const row of some) {
      if (used === sheetRows) {
        await finish(sheet, used);
        sheet = addSheet(workbook, ++sheets);
        used = 1;
      }
      sheet.addRow(row.map(cellOf)).commit();
      used++;
      onRow();
      if (++unchecked === ROWS_AT_ONCE) {
        unchecked = 0;
        await settle(sheet, out);
      }
    }
  }
  await finish(sheet, used);
  const last = workbook.addWorksheet('Ledger');
  last.columns = [{ width: 30 }, { width: 100, style: { numFmt: FORMATS.text, alignment: { wrapText: true } } }];
  for (const row of about) last.addRow([...row]).commit();
  last.commit();
  await settle(last, out);
  await workbook.commit();

  async function finish(last: Worksheet, rowCount: number): Promise<void> {
    last.autoFilter = { from: { row: 1, column: 1 }, to: { row: rowCount, column: EXPORT_COLUMNS.length } };
    last.commit();
    await settle(last, out);
  }
}

function addSheet(workbook: stream.xlsx.WorkbookWriter, number: number): Worksheet {
  const sheet = workbook.addWorksheet(number === 1 ? 'Events' : `Events ${number}`, {
    views: [{ state: 'frozen', ySplit: 1 }],
  });
  sheet.columns = EXPORT_COLUMNS.map(({ name, kind }) => ({
    header: name,
    key: name,
    width: WIDTHS[name] ?? 20,
    style: { numFmt: FORMATS[kind] },
  }));
  const header = sheet.getRow(1);
  header.font = { bold: true };
  header.commit();
  return sheet;
}

function cellOf(value: Cell, column: number): Cell | Date {
  const kind = EXPORT_COLUMNS[column]?.kind;
  if (value === null || value === '') return null;
  if (typeof value === 'boolean') return value;
  if (kind === 'time' || kind === 'date') return new Date(value);
  if (typeof value !== 'string' || value.length <= CELL_CHARACTERS) return value;
  return value.slice(0, CELL_CHARACTERS - CUT.length) + CUT;
}

/**
 * The writer of exceljs takes rows faster than anyone reads the file, and keeps them all. This waits until the sheet's
 * way into the archive is open and what was put into it has gone on.
 */
async function settle(sheet: Worksheet, out: Writable): Promise<void> {
  const { stream: way } = sheet as unknown as { stream: { pipes: Writable[] } };
  while (way.pipes.length === 0 && !out.destroyed) await nextTurn();
  const [entry] = way.pipes;
  if (entry?.writableNeedDrain && !out.destroyed) {
    const gone = new AbortController();
    const stop = () => gone.abort();
    out.once('close', stop);
    await once(entry, 'drain', { signal: gone.signal }).finally(() => out.off('close', stop));
  }
  if (out.destroyed) throw new Error('the reader of the workbook is gone');
}
