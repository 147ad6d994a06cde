/** Height of a row, px; rows of long tables must all be as high. */
export const ROW_HEIGHT = 40;
/** From this many rows on only those in sight are drawn. */
const LONG = 150;
/** Rows drawn beyond the edges, so that scrolling shows no gaps. */
const MARGIN = 12;

export const isLong = (count: number): boolean => count >= LONG;

/** The rows to draw of `count`, [first, end), for a box of `height` px scrolled to `scrollTop`. */
export function rowsInSight(count: number, scrollTop: number, height: number): [number, number] {
  if (!isLong(count)) return [0, count];
  const first = Math.min(Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - MARGIN), count - 1);
  return [first, Math.min(count, first + Math.ceil(height / ROW_HEIGHT) + 2 * MARGIN)];
}
