import { useState } from 'preact/hooks';
import { preferences } from '../preferences';
import { common } from '../words/common';
import { wordsOf } from '../words/words';
import { instantOf, wallTime } from '../words/zoned';
import { Button } from './button';
import { Form, SelectField, TextField } from './form';
import { isRange, RangeName, RANGES, Span } from './span';
import { useQueryState } from './use-query-state';

const CUSTOM = 'custom';

/** Chooses the span of a view, which stands in its address as `range`, or as `from` and `to`. */
export function TimeRange({ usual, span }: { usual: RangeName; span: Span }) {
  const t = wordsOf(common);
  const { query, change } = useQueryState();
  const { zone } = preferences.value;
  const [choosing, setChoosing] = useState(query.from !== undefined);
  const [from, setFrom] = useState(wallTime(span.from, zone));
  const [to, setTo] = useState(wallTime(span.to, zone));
  const current = choosing ? CUSTOM : isRange(query.range) ? query.range : usual;
  const names: readonly (readonly [string, string])[] = [
    ...Object.keys(RANGES).map((name) => [name, t.ranges[name as RangeName]] as const),
    [CUSTOM, t.ranges.custom],
  ];
  const choose = (name: string) => {
    setChoosing(name === CUSTOM);
    if (name !== CUSTOM) change({ range: name === usual ? undefined : name, from: undefined, to: undefined });
    else {
      setFrom(wallTime(span.from, zone));
      setTo(wallTime(span.to, zone));
    }
  };
  const [start, end] = [instantOf(from, zone), instantOf(to, zone)];
  const wrong = start !== undefined && end !== undefined && start >= end ? t.ranges.order : undefined;
  const apply = () => {
    if (start === undefined || end === undefined || wrong) return;
    change({ range: undefined, from: new Date(start).toISOString(), to: new Date(end).toISOString() });
  };
  return (
    <Form inline onSubmit={apply}>
      <SelectField label={t.ranges.label} value={current} options={names} onValue={choose} />
      {choosing && (
        <>
          <TextField type="datetime-local" label={t.from} value={from} onValue={setFrom} problem={wrong} />
          <TextField type="datetime-local" label={t.to} value={to} onValue={setTo} />
          <Button type="submit">{t.apply}</Button>
        </>
      )}
    </Form>
  );
}
