import { useMemo } from 'preact/hooks';
import type { z } from 'zod';
import type { ControlStatus, Regulation } from '../../../../compliance/assessment';
import type { assessmentAnswer } from '../../../../compliance/compliance.schema';
import { api } from '../../api';
import { preferences } from '../../preferences';
import { Dialog } from '../../ui/dialog';
import { Await } from '../../ui/list';
import { Page, Stat, Tabs } from '../../ui/page';
import { asQuery, spanOf } from '../../ui/span';
import { Table } from '../../ui/table';
import { Time } from '../../ui/text';
import { TimeRange } from '../../ui/time-range';
import { useLoad } from '../../ui/use-load';
import { href, useQueryState } from '../../ui/use-query-state';
import { common } from '../../words/common';
import { number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { ControlBody } from './control-body';
import { ControlState } from './control-state';
import { DutiesCard } from './duties-card';
import { complianceWords } from './words';

type Assessment = z.output<typeof assessmentAnswer>;

const isOneOf = <T extends string>(names: Record<T, string>, name: string | undefined): name is T =>
  name !== undefined && name in names;

/** The assessment of a period under one regulation, each control with its reason, evidence and findings. */
export default function Compliance() {
  const t = wordsOf(complianceWords);
  const { query } = useQueryState();
  const { zone } = preferences.value;
  const given = query.regulation?.toLowerCase();
  const regulation: Regulation = isOneOf(t.regulations, given) ? given : 'gdpr';
  const asked = JSON.stringify([regulation, query.range, query.from, query.to, zone]);
  const span = useMemo(() => spanOf(query, '30d', Date.now()), [asked]);
  const assessment = useLoad(
    (signal) => api.get<Assessment>('compliance/assessment', { regulation, ...asQuery(span), timeZone: zone }, signal),
    [asked],
  );
  return (
    <Page
      title={t.title}
      lead={t.lead}
      actions={
        <>
          <TimeRange usual="30d" span={span} />
          <a class="button plain" href={href('/console/reports', { order: regulation })}>
            {t.report}
          </a>
        </>
      }
    >
      <Tabs
        label={t.regulation}
        items={Object.entries(t.regulations).map(([name, title]) => ({
          href: href('/console/compliance', { ...query, regulation: name, control: undefined, status: undefined }),
          title,
          current: name === regulation,
        }))}
      />
      <Await of={assessment}>{(data) => <Assessed data={data} />}</Await>
      {regulation === 'sox' && <DutiesCard span={span} />}
    </Page>
  );
}

function Assessed({ data }: { data: Assessment }) {
  const t = wordsOf(complianceWords);
  const { query, change } = useQueryState();
  const { language } = preferences.value;
  const status = isOneOf(t.statuses, query.status) ? query.status : undefined;
  const counts = (name: string) => data.controls.filter((control) => control.status === name).length;
  const shown = data.controls.filter((control) => status === undefined || control.status === status);
  const open = data.controls.find(({ id }) => id === query.control);
  return (
    <div class="stack">
      <p class="quiet">
        {t.events(data.events)}
        {data.erasedEvents > 0 && `, ${t.erased(number(data.erasedEvents))}`}. {t.asOf} <Time at={data.asOf} />.
      </p>
      <div class="stats">
        {(Object.keys(t.statuses) as ControlStatus[]).map((name) => (
          <Stat
            key={name}
            label={t.statuses[name]}
            value={counts(name)}
            note={t.meanings[name]}
            kind={name === 'exception' && counts(name) > 0 ? 'bad' : undefined}
            href={href('/console/compliance', { ...query, status: name === status ? undefined : name })}
          />
        ))}
      </div>
      <p class="row">
        <b>{status ? t.statuses[status] : t.all}</b>
        {status && <a href={href('/console/compliance', { ...query, status: undefined })}>{wordsOf(common).all}</a>}
      </p>
      <Table
        label={t.title}
        rows={shown}
        keyOf={({ id }) => id}
        hrefOf={({ id }) => href('/console/compliance', { ...query, control: id })}
        selected={query.control}
        columns={[
          { key: 'article', title: t.article, width: '9rem', cell: ({ article }) => article },
          { key: 'title', title: t.control, cell: ({ title }) => title[language] },
          {
            key: 'status',
            title: wordsOf(common).status,
            width: '11rem',
            cell: (control) => <ControlState status={control.status} />,
          },
          {
            key: 'findings',
            title: t.findings,
            width: '6rem',
            align: 'end',
            cell: ({ findingCount }) => (findingCount > 0 ? number(findingCount) : '–'),
          },
        ]}
      />
      {open && (
        <Dialog title={`${open.article} ${open.title[language]}`} drawer onClose={() => change({ control: undefined })}>
          <ControlBody control={open} period={{ from: data.from, to: data.to }} />
        </Dialog>
      )}
    </div>
  );
}
