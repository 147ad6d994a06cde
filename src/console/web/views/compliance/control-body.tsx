import type { z } from 'zod';
import type { assessmentAnswer } from '../../../../compliance/compliance.schema';
import { preferences } from '../../preferences';
import { Severity, Time } from '../../ui/text';
import { number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { ControlState } from './control-state';
import { complianceWords } from './words';

type Control = z.output<typeof assessmentAnswer>['controls'][number];

/** What one control demands, what speaks for it, and what went wrong, with the events. */
export function ControlBody({ control, period }: { control: Control; period: { from: string; to: string } }) {
  const t = wordsOf(complianceWords);
  const { language } = preferences.value;
  return (
    <div class="stack">
      <p>
        <ControlState status={control.status} />
      </p>
      <section>
        <h3>{t.demand}</h3>
        <p>{control.demand[language]}</p>
      </section>
      <section>
        <h3>{t.why}</h3>
        <p>{control.reason[language]}</p>
      </section>
      {control.findings.length > 0 && (
        <section class="stack">
          <h3>{t.more(number(control.findingCount))}</h3>
          <ul class="stack">
            {control.findings.map(({ severity, title, occurredAt, eventIds }) => (
              <li key={`${occurredAt} ${eventIds.join()}`}>
                <p class="row">
                  <Severity value={severity} /> <Time at={occurredAt} />
                </p>
                <p>
                  {title[language]} <Events ids={eventIds} />
                </p>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section class="stack">
        <h3>{t.evidence}</h3>
        {control.evidence.length === 0 && <p class="quiet">{t.noEvidence}</p>}
        <ul class="pairs">
          {control.evidence.map(({ id, title, count, filters }) => (
            <li key={id}>
              {filters === null ? (
                <span>{title[language]}</span>
              ) : (
                <a href={`/console/search?${searchOf(filters, period)}`}>{title[language]}</a>
              )}
              <b>{number(count)}</b>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

const Events = ({ ids }: { ids: readonly string[] }) => (
  <>
    {ids.map((id, at) => (
      <a key={id} href={`/console/events/${id}`}>
        {wordsOf(complianceWords).event} {at + 1}{' '}
      </a>
    ))}
  </>
);

/** A query of the API as the address of the search: there several values of a name are joined with commas. */
function searchOf(filters: string, period: { from: string; to: string }): string {
  const values = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(filters)) values.set(name, [...(values.get(name) ?? []), value]);
  const joined = [...values].map(([name, all]): [string, string] => {
    const single = name === 'from' || name === 'to' || name === 'text' || name === 'minSeverity';
    return [name, single ? (all[0] ?? '') : all.map(encodeURIComponent).join(',')];
  });
  return new URLSearchParams({ ...period, ...Object.fromEntries(joined) }).toString();
}
