import { useEffect } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import type { ComplianceReport } from '../../../../reports/reports.schema';
import { api } from '../../api';
import { may } from '../../session';
import { Button } from '../../ui/button';
import { Empty } from '../../ui/feedback';
import { PagedTable } from '../../ui/list';
import { Page, Tabs } from '../../ui/page';
import { Time } from '../../ui/text';
import { usePages } from '../../ui/use-load';
import { useQueryState } from '../../ui/use-query-state';
import { common } from '../../words/common';
import { number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { complianceWords } from '../compliance/words';
import { OrderDialog } from './order-dialog';
import { periodOf } from './period';
import { ReportDetail } from './report-detail';
import { ReportState } from './report-state';
import { Schedules } from './schedules';
import { reportWords } from './words';

/** How often the list looks whether reports that are being made have got further, ms. */
const LOOK_MS = 2000;

/** Reports, single ones under their ids, and schedules. */
export default function Reports() {
  const t = wordsOf(reportWords);
  const { params } = useRoute();
  const rest = params.rest ?? '';
  if (rest !== '' && rest !== 'schedules') return <ReportDetail id={rest} />;
  return (
    <>
      <Page title={t.title} lead={t.lead} actions={<OrderButton />}>
        <Tabs
          label={t.title}
          items={[
            { href: '/console/reports', title: t.list, current: rest === '' },
            ...(may('reports:write')
              ? [{ href: '/console/reports/schedules', title: t.schedules, current: rest === 'schedules' }]
              : []),
          ]}
        />
        {rest === 'schedules' ? <Schedules /> : <ReportList />}
      </Page>
    </>
  );
}

function OrderButton() {
  const t = wordsOf(reportWords);
  const { query, change } = useQueryState();
  if (!may('reports:write')) return null;
  return (
    <>
      <Button kind="primary" icon="plus" onClick={() => change({ order: 'gdpr' })}>
        {t.order}
      </Button>
      {query.order && <OrderDialog regulation={query.order} onClose={() => change({ order: undefined })} />}
    </>
  );
}

function ReportList() {
  const t = wordsOf(reportWords);
  const c = wordsOf(common);
  const pages = usePages<ComplianceReport>(async (cursor, signal) => {
    const page = await api.get<{ items: ComplianceReport[]; nextCursor: string | null }>(
      'compliance/reports',
      { cursor },
      signal,
    );
    return { items: page.items, next: page.nextCursor ?? undefined };
  }, []);
  const making = pages.items.some(({ state }) => state === 'queued' || state === 'running');
  useEffect(() => {
    if (!making || pages.loading) return;
    const timer = setTimeout(pages.reload, LOOK_MS);
    return () => clearTimeout(timer);
  }, [making, pages.loading, pages.items]);
  return (
    <PagedTable
      label={t.list}
      pages={pages}
      keyOf={({ id }) => id}
      hrefOf={({ id }) => `/console/reports/${id}`}
      empty={
        <Empty icon="reports" title={t.none}>
          {t.noneHint}
        </Empty>
      }
      columns={[
        { key: 'made', title: c.time, width: '12.5rem', cell: ({ createdAt }) => <Time at={createdAt} /> },
        {
          key: 'regulation',
          title: t.regulation,
          width: '7rem',
          cell: ({ regulation }) => wordsOf(complianceWords).regulations[regulation],
        },
        { key: 'period', title: t.period, width: '16rem', cell: periodOf },
        { key: 'state', title: c.status, cell: (report) => <ReportState report={report} /> },
        { key: 'formats', title: t.formats, width: '9rem', cell: ({ formats }) => formats.join(', ') },
        {
          key: 'findings',
          title: t.findings,
          width: '6rem',
          align: 'end',
          cell: ({ findings }) => (findings === null ? '–' : number(findings)),
        },
      ]}
    />
  );
}
