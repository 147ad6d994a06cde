import { useEffect, useState } from 'preact/hooks';
import type { BreachPage } from '../../../../registers/breaches.controller';
import { Badge, Time, Tone } from '../../ui/text';
import { dayOf, duration } from '../../words/format';
import { wordsOf } from '../../words/words';
import { breachWords } from './words';

type Clock = BreachPage['items'][number]['clocks'][number];

const TONES: Record<Clock['state'], Tone> = {
  running: 'warn',
  kept: 'good',
  late: 'bad',
  missed: 'critical',
  not_required: 'neutral',
};

/** The time, told again each second. */
function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** Every duty to tell somebody, with the time that is left. */
export function Clocks({ clocks }: { clocks: readonly Clock[] }) {
  const t = wordsOf(breachWords);
  const now = useNow();
  return (
    <ul class="stack">
      {clocks.map((clock) => (
        <li key={`${clock.law} ${clock.to}`}>
          <p class="row">
            <b>
              {t.laws[clock.law]}: {t.told[clock.to]}
            </b>
            <Badge tone={TONES[clock.state]}>{t.clockStates[clock.state]}</Badge>
          </p>
          <p class="quiet">
            {leftOf(clock, now) ?? ''} {clock.lastDay && `${t.until} ${dayOf(`${clock.lastDay}T12:00Z`)}`}
            {clock.toldAt && <Time at={clock.toldAt} />}
          </p>
        </li>
      ))}
    </ul>
  );
}

/** The clock that asks for most attention: one that is over, or else the one that ends first. */
export function NextClock({ clocks }: { clocks: readonly Clock[] }) {
  const t = wordsOf(breachWords);
  const now = useNow();
  const open = clocks.filter(({ state }) => state === 'missed' || state === 'running');
  const [next] = open.sort((a, b) => endOf(a) - endOf(b));
  if (!next) return <>–</>;
  return (
    <span class="row">
      <Badge tone={TONES[next.state]}>{leftOf(next, now) ?? t.clockStates[next.state]}</Badge>
      {t.laws[next.law]}
    </span>
  );
}

const endOf = ({ dueBefore }: Clock): number => (dueBefore === null ? Infinity : Date.parse(dueBefore));

function leftOf(clock: Clock, now: number): string | undefined {
  const t = wordsOf(breachWords);
  if (clock.state !== 'running' && clock.state !== 'missed') return undefined;
  if (clock.dueBefore === null) return t.noDelay;
  const left = Date.parse(clock.dueBefore) - now;
  return left > 0 ? t.left(duration(left)) : t.over(duration(-left));
}
