import { Workbook } from 'exceljs';
import type { Sheet, Value } from './report-sheets';

/** Characters of a cell in Excel. */
const CELL_CHARACTERS = 32_767;

/**
 * A workbook with a sheet for each table: real dates and numbers, a filter on each header. Texts are text cells, so nothing of
 * what people wrote becomes a formula.
 */
export async function reportWorkbook(sheets: readonly Sheet[], title: string): Promise<Buffer> {
  const workbook = new Workbook();
  workbook.creator = 'MCP Audit System';
  workbook.title = title;
  for (const { name, columns, rows } of sheets) {
    const sheet = workbook.addWorksheet(name.slice(0, 31), {
      views: [{ state: 'frozen', ySplit: 1 }],
      pageSetup: { paperSize: 9, orientation: 'landscape', fitToPage: true, fitToWidth: 1, fitToHeight: 0 },
    });
    sheet.columns = columns.map(({ width }) => ({ width }));
    const header = sheet.addRow(columns.map((column) => column.title));
    header.font = { bold: true };
    for (const row of rows) {
      const added = sheet.addRow(row.map(cellOf));
      added.alignment = { vertical: 'top', wrapText: true };
      row.forEach((value, i) => (added.getCell(i + 1).numFmt = formatOf(value)));
    }
    sheet.autoFilter = { from: { row: 1, column: 1 }, to: { row: rows.length + 1, column: columns.length } };
  }
  return Buffer.from(await workbook.xlsx.writeBuffer());
}

const cellOf = (value: Value): Value => (typeof value === 'string' ? value.slice(0, CELL_CHARACTERS) : value);

function formatOf(value: Value): string {
  if (value instanceof Date) return 'yyyy-mm-dd hh:mm:ss';
  return typeof value === 'number' ? '#,##0' : '@';
}
