import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { isLong, ROW_HEIGHT, rowsInSight } from './rows-in-sight';

export interface Column<T> {
  key: string;
  title: string;
  cell: (row: T) => ComponentChildren;
  /** CSS width, e.g. "12rem"; without it the column shares what is left. */
  width?: string;
  align?: 'end';
  /** Takes what the other columns leave, however long its text is (see Cut). */
  rest?: boolean;
}

interface Props<T> {
  /** What the table is, for who cannot see it. */
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
  /** Where a row leads; the first cell becomes the link, and the whole row follows it. */
  hrefOf?: (row: T) => string;
  selected?: string | undefined;
}

/** A table. A long one scrolls in itself and draws only what is in sight. */
export function Table<T>({ label, columns, rows, keyOf, hrefOf, selected }: Props<T>) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const { route } = useLocation();
  const long = isLong(rows.length);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || !long) return;
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight });
    look();
    element.addEventListener('scroll', look, { passive: true });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => {
      element.removeEventListener('scroll', look);
      observer.disconnect();
    };
  }, [long]);
  const [first, end] = rowsInSight(rows.length, view.top, view.height);
  return (
    <div class={long ? 'table long' : 'table'} ref={box} tabIndex={0} role="region" aria-label={label}>
      <table aria-rowcount={rows.length + 1}>
        <colgroup>
          {columns.map(({ key, width }) => (
            <col key={key} style={width ? { width } : undefined} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {columns.map(({ key, title, align }) => (
              <th key={key} scope="col" class={align}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <tr aria-hidden="true" style={{ height: `${first * ROW_HEIGHT}px` }} />}
          {rows.slice(first, end).map((row, at) => {
            const key = keyOf(row);
            const to = hrefOf?.(row);
            return (
              <tr
                key={key}
                aria-rowindex={first + at + 2}
                class={`${to ? 'leads' : ''} ${key === selected ? 'selected' : ''}`}
                onClick={(event) => {
                  // Links in the row, modified clicks and selections of text keep their own meaning.
                  if (!to || (event.target as Element).closest('a,button,input,select') || getSelection()?.toString())
                    return;
                  route(to);
                }}
              >
                {columns.map(({ key: column, cell, align, rest }, index) => (
                  <td key={column} class={rest ? 'rest' : align}>
                    {index === 0 && to ? <a href={to}>{cell(row)}</a> : cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          {end < rows.length && <tr aria-hidden="true" style={{ height: `${(rows.length - end) * ROW_HEIGHT}px` }} />}
        </tbody>
      </table>
    </div>
  );
}
