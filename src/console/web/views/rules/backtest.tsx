import { useMemo, useState } from 'preact/hooks';
import type { RuleTestResult } from '../../../../rules/rules.controller';
import { api } from '../../api';
import { Button } from '../../ui/button';
import { ErrorBox } from '../../ui/feedback';
import { Form, SelectField } from '../../ui/form';
import { asQuery, RangeName, RANGES } from '../../ui/span';
import { Table } from '../../ui/table';
import { Time } from '../../ui/text';
import { TimeChart } from '../../ui/time-chart';
import { useAction } from '../../ui/use-load';
import { common } from '../../words/common';
import { number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { groupText } from '../alerts/group';
import { ruleWords } from './words';

const DAY = 86_400_000;

/** Shows what a rule would have raised. `body` gives what is asked beside the period, or undefined if it cannot be asked yet. */
export function Backtest({ path, body }: { path: string; body: () => object | undefined }) {
  const t = wordsOf(ruleWords);
  const c = wordsOf(common);
  const [range, setRange] = useState<RangeName>('7d');
  const [result, setResult] = useState<RuleTestResult | undefined>(undefined);
  const attempt = useAction(async () => {
    const asked = body();
    if (!asked) return;
    const now = Date.now();
    setResult(await api.post<RuleTestResult>(path, { ...asked, ...asQuery({ from: now - RANGES[range], to: now }) }));
  });
  const ranges = (Object.keys(RANGES) as RangeName[]).map((name) => [name, c.ranges[name]] as const);
  return (
    <div class="stack">
      <p class="quiet">{t.tryLead}</p>
      <Form inline onSubmit={() => void attempt.run()}>
        <SelectField
          label={c.ranges.label}
          value={range}
          options={ranges}
          onValue={(name) => setRange(name as RangeName)}
        />
        <Button type="submit" busy={attempt.busy}>
          {t.try}
        </Button>
      </Form>
      <ErrorBox error={attempt.error} />
      {result && <Raised result={result} />}
    </div>
  );
}

function Raised({ result }: { result: RuleTestResult }) {
  const t = wordsOf(ruleWords);
  const { alerts, events } = result;
  const days = useMemo(() => byDay(result), [result]);
  return (
    <div class="stack">
      <p role="status">{t.looked(events, alerts.length)}</p>
      {alerts.length === 0 && <p class="quiet">{t.nothing}</p>}
      {alerts.length > 0 && (
        <>
          <TimeChart
            label={t.wouldRaise}
            times={days.times}
            series={[{ name: t.wouldRaise, color: '--chart-4', values: days.counts }]}
            height={120}
            bars
          />
          <Table
            label={t.wouldRaise}
            rows={alerts}
            keyOf={({ group, firstHitAt }) => `${groupText(group)} ${firstHitAt}`}
            columns={[
              { key: 'first', title: t.first, width: '12.5rem', cell: ({ firstHitAt }) => <Time at={firstHitAt} /> },
              { key: 'about', title: t.about, cell: ({ group }) => groupText(group) || '–' },
              { key: 'hits', title: t.hits, width: '6rem', align: 'end', cell: ({ counter }) => number(counter) },
              {
                key: 'event',
                title: t.eventTitle,
                width: '9rem',
                cell: ({ firstEventId }) => firstEventId && <a href={`/console/events/${firstEventId}`}>{t.event}</a>,
              },
            ]}
          />
        </>
      )}
    </div>
  );
}

/** How many alerts had their first hit on each day of the period. */
function byDay({ from, to, alerts }: RuleTestResult): { times: number[]; counts: number[] } {
  const start = Date.parse(from);
  const days = Math.max(1, Math.ceil((Date.parse(to) - start) / DAY));
  const counts = Array.from({ length: days }, () => 0);
  for (const { firstHitAt } of alerts) {
    const day = Math.min(days - 1, Math.max(0, Math.floor((Date.parse(firstHitAt) - start) / DAY)));
    counts[day] = (counts[day] ?? 0) + 1;
  }
  return { times: counts.map((_, day) => start + day * DAY), counts };
}
