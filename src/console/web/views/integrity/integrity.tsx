import { useMemo } from 'preact/hooks';
import type { CheckpointList, LedgerKeys, LedgerState } from '../../../../ledger/ledger.controller';
import { api } from '../../api';
import { toHex } from '../../ledger/bytes';
import { parseCheckpoint } from '../../ledger/checkpoint';
import { Notice } from '../../ui/feedback';
import { Await } from '../../ui/list';
import { Card, Facts, Page, Stat } from '../../ui/page';
import { Table } from '../../ui/table';
import { Code, Time } from '../../ui/text';
import { TimeChart } from '../../ui/time-chart';
import { useLoad } from '../../ui/use-load';
import { number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { ConsistencyCheck } from './consistency-check';
import { Verification } from './verification';
import { integrityWords } from './words';

type Checkpoint = CheckpointList['items'][number];

/** Checkpoints that the chart and the list look at. */
const SHOWN = 500;

/** The state of the ledger, and every way to check it. */
export default function Integrity() {
  const t = wordsOf(integrityWords);
  const state = useLoad((signal) => api.get<LedgerState>('ledger', {}, signal), []);
  const checkpoints = useLoad((signal) => api.get<CheckpointList>('ledger/checkpoints', { limit: SHOWN }, signal), []);
  return (
    <Page title={t.title} lead={t.lead}>
      <Await of={state}>
        {(ledger) => (
          <div class="stack">
            {ledger.halted && (
              <Notice kind="bad">
                <strong>{t.halted}</strong>
                <p>{ledger.halted}</p>
              </Notice>
            )}
            <div class="stats">
              <Stat label={t.sealed} value={number(ledger.size)} />
              <Stat label={t.waiting} value={number(ledger.waiting)} />
              <Stat
                label={t.checkpoint}
                value={ledger.checkpoint ? <Time at={ledger.checkpoint.signedAt} ago /> : '–'}
                note={ledger.checkpoint ? undefined : t.noCheckpoint}
              />
            </div>
            <div class="grid halves">
              <Verification ledger={ledger} onDone={state.reload} />
              {ledger.checkpoint && <Newest ledger={ledger} />}
              <Await of={checkpoints}>{({ items }) => <ConsistencyCheck checkpoints={items} />}</Await>
              <Keys />
            </div>
            <Await of={checkpoints}>{({ items }) => <Growth items={items} />}</Await>
          </div>
        )}
      </Await>
    </Page>
  );
}

function Newest({ ledger }: { ledger: LedgerState }) {
  const t = wordsOf(integrityWords);
  const note = ledger.checkpoint?.note ?? '';
  const { size, root } = parseCheckpoint(note);
  return (
    <Card title={t.checkpoint}>
      <Facts
        items={[
          [t.origin, ledger.origin],
          [t.size, number(size)],
          [t.root, <Code key="root" text={toHex(root)} short={24} />],
          [t.signed, ledger.checkpoint && <Time at={ledger.checkpoint.signedAt} />],
        ]}
      />
      <details>
        <summary>{t.note}</summary>
        <pre class="block">{note}</pre>
      </details>
    </Card>
  );
}

function Keys() {
  const t = wordsOf(integrityWords);
  const keys = useLoad((signal) => api.get<LedgerKeys>('ledger/keys', {}, signal), []);
  return (
    <Card title={t.keys}>
      <p class="quiet">{t.keysLead}</p>
      <Await of={keys}>
        {({ items }) => (
          <ul class="stack">
            {items.map(({ key, createdAt, retiredAt }) => (
              <li key={key}>
                <Code text={key} />
                <p class="quiet">
                  {t.since} <Time at={createdAt} />{' '}
                  {retiredAt && (
                    <>
                      {t.until} <Time at={retiredAt} />
                    </>
                  )}
                </p>
              </li>
            ))}
          </ul>
        )}
      </Await>
      <p>
        {t.offlineLead}{' '}
        <a href="/audit/api/ledger/verify-offline.cjs" download>
          {t.offlineFile}
        </a>
      </p>
    </Card>
  );
}

/** Size by time, and the checkpoints themselves, newest first. */
function Growth({ items }: { items: readonly Checkpoint[] }) {
  const t = wordsOf(integrityWords);
  const ordered = useMemo(
    () => [...items].sort((a, b) => a.size - b.size || (a.signedAt < b.signedAt ? -1 : 1)),
    [items],
  );
  const times = useMemo(() => ordered.map(({ signedAt }) => Date.parse(signedAt)), [ordered]);
  const series = useMemo(
    () => [{ name: t.sealedEvents, color: '--chart-1', values: ordered.map(({ size }) => size) }],
    [ordered, t],
  );
  return (
    <div class="stack">
      {ordered.length > 1 && (
        <Card title={t.growth}>
          <TimeChart label={t.growth} times={times} series={series} />
        </Card>
      )}
      <h2>{t.checkpoints}</h2>
      <Table
        label={t.checkpoints}
        rows={[...ordered].reverse()}
        keyOf={({ size, signedAt }) => `${size} ${signedAt}`}
        columns={[
          { key: 'size', title: t.size, width: '8rem', align: 'end', cell: ({ size }) => number(size) },
          { key: 'signed', title: t.signed, width: '13rem', cell: ({ signedAt }) => <Time at={signedAt} /> },
          { key: 'root', title: t.root, cell: ({ note }) => <code>{toHex(parseCheckpoint(note).root)}</code> },
        ]}
      />
    </div>
  );
}
