import { useEffect, useRef } from 'preact/hooks';
import type UPlot from 'uplot';
import { preferences } from '../preferences';
import { common } from '../words/common';
import { dateTime, number } from '../words/format';
import { wordsOf } from '../words/words';

export interface Series {
  name: string;
  /** CSS custom property of the theme, e.g. "--chart-1". */
  color: string;
  values: readonly (number | null)[];
}

const MOST_ROWS = 400;

/** Series over time. Dragging over it calls `onRange`. The same figures are there as a table. */
export function TimeChart({
  label,
  times,
  series,
  height = 220,
  bars = false,
  onRange,
}: {
  label: string;
  /** Start of each bucket, ms since 1970. */
  times: readonly number[];
  series: readonly Series[];
  height?: number;
  bars?: boolean;
  onRange?: (from: number, to: number) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const t = wordsOf(common);
  const { theme, zone, language } = preferences.value;
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let plot: UPlot | undefined;
    let gone = false;
    const observer = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height }));
    void drawing(element, { times, series, height, bars, zone, ...(onRange ? { onRange } : {}) }).then((made) => {
      if (gone) made.destroy();
      else plot = made;
      observer.observe(element);
    });
    return () => {
      gone = true;
      observer.disconnect();
      plot?.destroy();
    };
  }, [times, series, height, bars, theme, zone, language]);
  return (
    <figure class="chart">
      <div ref={box} role="img" aria-label={label} style={{ minHeight: `${height}px` }} />
      <figcaption class="legend" hidden={series.length === 1}>
        {series.map(({ name, color }) => (
          <span key={name}>
            <i style={{ background: `var(${color})` }} />
            {name}
          </span>
        ))}
      </figcaption>
      <details>
        <summary>{t.table}</summary>
        <div class="table" tabIndex={0} role="region" aria-label={label}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t.time}</th>
                {series.map(({ name }) => (
                  <th key={name} scope="col" class="end">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times.slice(-MOST_ROWS).map((at, index) => (
                <tr key={at}>
                  <td>{dateTime(at)}</td>
                  {series.map(({ name, values }) => {
                    const value = values[Math.max(0, times.length - MOST_ROWS) + index];
                    return (
                      <td key={name} class="end">
                        {typeof value === 'number' ? number(value, 2) : '–'}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

interface Drawing {
  times: readonly number[];
  series: readonly Series[];
  height: number;
  bars: boolean;
  zone: string;
  onRange?: (from: number, to: number) => void;
}

async function drawing(element: HTMLElement, { times, series, height, bars, zone, onRange }: Drawing): Promise<UPlot> {
  const [{ default: Plot }] = await Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]);
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const time = timeLabels(zone);
  const axis = { stroke: color('--quiet'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false } };
  const paths = bars ? Plot.paths.bars?.({ size: [0.8, 60] }) : undefined;
  const options: UPlot.Options = {
    width: element.clientWidth,
    height,
    legend: { show: false },
    tzDate: (seconds) => Plot.tzDate(new Date(seconds * 1000), zone),
    cursor: { drag: { setScale: false, x: onRange !== undefined, y: false } },
    scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [
      { ...axis, size: 28, values: (_, ticks, __, ___, step) => ticks.map((tick) => time(tick, step)) },
      { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => number(tick, 2)) },
    ],
    series: [
      {},
      ...series.map((each) => ({
        label: each.name,
        stroke: color(each.color),
        width: 2,
        ...(paths ? { paths, fill: color(each.color) } : { fill: `${color(each.color)}22` }),
        points: { show: false },
      })),
    ],
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 5 || !onRange) return;
          onRange(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + width, 'x') * 1000);
        },
      ],
    },
  };
  const data = [times.map((at) => at / 1000), ...series.map(({ values }) => [...values])] as UPlot.AlignedData;
  return new Plot(options, data, element);
}

/** Labels of ticks that are `step` seconds apart: clock times, or days where they are a day or more. */
function timeLabels(zone: string): (seconds: number, step: number) => string {
  const locale = preferences.value.language === 'pt' ? 'pt-BR' : 'en-GB';
  const day = new Intl.DateTimeFormat(locale, { timeZone: zone, day: 'numeric', month: 'short' });
  const clock = new Intl.DateTimeFormat(locale, { timeZone: zone, hour: '2-digit', minute: '2-digit' });
  return (seconds, step) => (step >= 86_400 ? day : clock).format(seconds * 1000);
}
