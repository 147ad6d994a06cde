import { api } from '../../api';
import type { Query } from '../../api';
import { ErrorBox } from '../../ui/feedback';
import { Shares } from '../../ui/shares';
import { useLoad } from '../../ui/use-load';
import { href, useQueryState } from '../../ui/use-query-state';
import { wordsOf } from '../../words/words';
import { FACETS, toggled } from './filters';
import { searchWords } from './words';

const TOP = 6;

interface Counted {
  total: number;
  groups: { key: string | null; count: number }[];
}

/** How the events that were found spread, each value a link that narrows the search by it or takes it away again. */
export function Facets({ query, asked }: { query: Query; asked: string }) {
  const t = wordsOf(searchWords);
  return (
    <details class="facets" open={matchMedia('(min-width: 1100px)').matches}>
      <summary>{t.facets}</summary>
      {FACETS.map((name) => (
        <Facet key={name} name={name} query={query} asked={asked} />
      ))}
    </details>
  );
}

function Facet({ name, query, asked }: { name: (typeof FACETS)[number]; query: Query; asked: string }) {
  const t = wordsOf(searchWords);
  const { query: address } = useQueryState();
  const counted = useLoad(
    (signal) => api.get<Counted>('events/count', { ...query, groupBy: name, top: TOP }, signal),
    [asked],
  );
  const groups = counted.data?.groups ?? [];
  if (counted.error === undefined && groups.length === 0) return null;
  return (
    <section aria-busy={counted.loading}>
      <h2>{t.fields[name]}</h2>
      <ErrorBox error={counted.error} retry={counted.reload} />
      <Shares
        label={t.fields[name]}
        items={groups.map(({ key, count }) => ({
          name: key ?? t.without,
          count,
          href: key === null ? undefined : href('/console/search', { ...address, ...toggled(address, name, key) }),
        }))}
      />
    </section>
  );
}
