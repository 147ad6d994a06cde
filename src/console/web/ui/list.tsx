import type { ComponentChildren } from 'preact';
import { common } from '../words/common';
import { wordsOf } from '../words/words';
import { Button } from './button';
import { Empty, ErrorBox, Loading } from './feedback';
import { Column, Table } from './table';
import type { Loaded, Paged } from './use-load';

/** What was loaded, or that it is loading, or why it could not be. */
export function Await<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ComponentChildren }) {
  if (of.error !== undefined) return <ErrorBox error={of.error} retry={of.reload} />;
  if (of.data === undefined) return <Loading />;
  return <div aria-busy={of.loading}>{children(of.data)}</div>;
}

/** A list that is read page by page, with its states: loading, empty, failed, more to come. */
export function PagedTable<T>({
  label,
  pages,
  columns,
  keyOf,
  hrefOf,
  empty,
}: {
  label: string;
  pages: Paged<T>;
  columns: readonly Column<T>[];
  keyOf: (row: T) => string;
  hrefOf?: (row: T) => string;
  empty?: ComponentChildren;
}) {
  const t = wordsOf(common);
  if (pages.error !== undefined && pages.items.length === 0) {
    return <ErrorBox error={pages.error} retry={pages.reload} />;
  }
  if (pages.items.length === 0) return pages.loading ? <Loading /> : <>{empty ?? <Empty />}</>;
  return (
    <>
      <Table {...{ label, columns, keyOf }} {...(hrefOf ? { hrefOf } : {})} rows={pages.items} />
      <ErrorBox error={pages.error} />
      <div class="pager">
        <span>{pages.items.length}</span>
        {pages.more && <Button onClick={pages.more}>{t.more}</Button>}
        {!pages.more && !pages.loading && <span class="quiet">{t.end}</span>}
        {pages.loading && <Loading />}
      </div>
    </>
  );
}
