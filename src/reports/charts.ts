import { init } from 'echarts';
import type { ControlStatus } from '../compliance/assessment';
import type { Severity } from '../events/event-types';

/** Colours that stay apart in print and for colour-blind readers; statuses are always named beside them. */
export const STATUS_COLOURS: Record<ControlStatus, string> = {
  evidenced: '#1b7f5c',
  partial: '#c98a12',
  exception: '#b3261e',
  no_events: '#8a94a3',
  attestation_needed: '#3d5a9e',
};
export const SEVERITY_COLOURS: Record<Severity, string> = {
  info: '#8a94a3',
  low: '#5b7db8',
  medium: '#c98a12',
  high: '#c4571b',
  critical: '#9c1c1c',
};

export interface Slice {
  name: string;
  value: number;
  colour: string;
}

const FONT = { fontFamily: 'IBM Plex Sans', color: '#1d2733' };

/** A ring with its sum in the middle and a legend with the counts. An SVG element. */
export function ring(slices: readonly Slice[], label: string): string {
  const total = slices.reduce((sum, { value }) => sum + value, 0);
  const names = new Map(slices.map(({ name, value }) => [name, `${name}  ${value}`]));
  return svg(330, 190, label, {
    title: {
      text: String(total),
      left: 84,
      top: 74,
      textAlign: 'center',
      textStyle: { ...FONT, fontSize: 30, fontWeight: 600 },
    },
    legend: {
      orient: 'vertical',
      left: 185,
      top: 'middle',
      itemWidth: 11,
      itemHeight: 11,
      icon: 'rect',
      selectedMode: false,
      textStyle: { ...FONT, fontSize: 12 },
      formatter: (name: string) => names.get(name) ?? name,
    },
    series: [
      {
        type: 'pie',
        center: [88, 95],
        radius: [54, 80],
        label: { show: false },
        labelLine: { show: false },
        itemStyle: { borderColor: '#ffffff', borderWidth: 2 },
        data: slices.map(({ name, value, colour }) => ({ name, value, itemStyle: { color: colour } })),
      },
    ],
  });
}

/** Horizontal bars with their values. An SVG element. */
export function bars(slices: readonly Slice[], label: string): string {
  return svg(330, 190, label, {
    grid: { left: 78, right: 44, top: 10, bottom: 10 },
    xAxis: { type: 'value', show: false, min: 0, max: Math.max(1, ...slices.map(({ value }) => value)) },
    yAxis: {
      type: 'category',
      inverse: true,
      data: slices.map(({ name }) => name),
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { ...FONT, fontSize: 12 },
    },
    series: [
      {
        type: 'bar',
        barWidth: 16,
        showBackground: true,
        backgroundStyle: { color: '#eef1f4' },
        label: { show: true, position: 'right', ...FONT, fontSize: 12, fontWeight: 600 },
        data: slices.map(({ value, colour }) => ({ value, itemStyle: { color: colour } })),
      },
    ],
  });
}

function svg(width: number, height: number, label: string, option: object): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({ animation: false, textStyle: FONT, ...option });
  const drawn = chart.renderToSVGString();
  chart.dispose();
  return drawn.replace('<svg ', `<svg role="img" aria-label="${label.replace(/[&<>"]/g, '')}" `);
}
