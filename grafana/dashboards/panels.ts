import * as barchart from '@grafana/grafana-foundation-sdk/barchart';
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { DATASOURCE, target, UIDS } from './frame';

/** Values from which on a colour holds; the first holds from the beginning. */
export type Steps = [first: string, ...further: [from: number, color: string][]];

/** Nothing is good or bad about the number. */
export const NEUTRAL: Steps = ['blue'];
/** Anything but 0 is bad. */
export const ZERO: Steps = ['green', [1, 'red']];
export const worse = (warn: number, bad: number): Steps => ['green', [warn, 'orange'], [bad, 'red']];

export interface PanelOptions {
  title: string;
  /** What is shown, and where it comes from. */
  description: string;
  unit: string;
  sql: string;
  steps: Steps;
  /** Columns of 24. */
  width?: number;
  height?: number;
  decimals?: number;
  links?: Link[];
}

export interface Link {
  /** The column whose values lead somewhere. */
  column: string;
  title: string;
  url: string;
}

interface Dressable {
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: common.DataSourceRef): this;
  unit(unit: string): this;
  decimals(decimals: number): this;
  noValue(noValue: string): this;
  span(width: number): this;
  height(height: number): this;
  thresholds(thresholds: cog.Builder<dashboard.ThresholdsConfig>): this;
  withTarget(target: cog.Builder<cog.Dataquery>): this;
  overrideByName(name: string, properties: dashboard.DynamicConfigValue[]): this;
}

function dress<Builder extends Dressable>(
  builder: Builder,
  options: PanelOptions,
  format: 'series' | 'table',
): Builder {
  const [first, ...further] = options.steps;
  builder
    .title(options.title)
    .description(options.description)
    .datasource(DATASOURCE)
    .unit(options.unit)
    .noValue('none')
    .span(options.width ?? 12)
    .height(options.height ?? 8)
    .thresholds(
      new dashboard.ThresholdsConfigBuilder()
        .mode(dashboard.ThresholdsMode.Absolute)
        .steps([{ value: null, color: first }, ...further.map(([value, color]) => ({ value, color }))]),
    )
    .withTarget(target(options.sql, format));
  if (options.decimals !== undefined) builder.decimals(options.decimals);
  for (const { column, title, url } of options.links ?? []) {
    builder.overrideByName(column, [
      { id: 'links', value: [{ title, url, targetBlank: url.startsWith('${console}') }] },
    ]);
  }
  return builder;
}

/** One number. */
export const number = (options: PanelOptions) =>
  dress(new stat.PanelBuilder(), { width: 4, height: 4, ...options }, 'table')
    .graphMode(common.BigValueGraphMode.None)
    .colorMode(common.BigValueColorMode.Value)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false));

/** Series over time. Rollups hold quarters of an hour, so finer steps than that would show gaps. */
export const series = (options: PanelOptions & { step?: string; stacked?: boolean; bars?: boolean }) =>
  dress(new timeseries.PanelBuilder(), options, 'series')
    .interval(options.step ?? '15m')
    .drawStyle(options.bars ? common.GraphDrawStyle.Bars : common.GraphDrawStyle.Line)
    .fillOpacity(options.stacked ? 60 : 10)
    .showPoints(common.VisibilityMode.Never)
    .stacking(
      new common.StackingConfigBuilder().mode(options.stacked ? common.StackingMode.Normal : common.StackingMode.None),
    )
    .min(0)
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true)
        .calcs([]),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending),
    );

/** A list of names with one number each. */
export const ranking = (options: PanelOptions) =>
  dress(new bargauge.PanelBuilder(), options, 'table')
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs([]).values(true).limit(10));

/** Columns side by side, one group for each row. */
export const columns = (options: PanelOptions & { x: string }) =>
  dress(new barchart.PanelBuilder(), options, 'table').xField(options.x).stacking(common.StackingMode.Normal);

export const rows = (options: PanelOptions) => dress(new table.PanelBuilder(), options, 'table').showHeader(true);

/** Series as the rows of a map; each value is the colour of a field. */
export const map = (options: PanelOptions & { step: string }) =>
  dress(new heatmap.PanelBuilder(), options, 'series')
    .interval(options.step)
    .calculate(false)
    .color(new heatmap.HeatmapColorOptionsBuilder().mode(heatmap.HeatmapColorMode.Scheme).scheme('Oranges').steps(32));

const SAME = '${__url_time_range}&var-datasource=${datasource}&var-tenant=${tenant}&var-console=${console}';

/** Links from a table. `${__value.raw}` is the value that was clicked. */
export const TO = {
  user: (column: string): Link => ({
    column,
    title: 'Activity of this user',
    url: `/d/${UIDS.activity}?${SAME}&var-user=\${__value.raw:percentencode}`,
  }),
  resource: (column: string): Link => ({
    column,
    title: 'Activity on this resource',
    url: `/d/${UIDS.activity}?${SAME}&var-resource=\${__value.raw:percentencode}`,
  }),
  event: (column: string): Link => ({
    column,
    title: 'This event in the console',
    url: '${console}/console/events/${__value.raw:percentencode}',
  }),
  address: (column: string): Link => ({
    column,
    title: 'Events from this address in the console',
    url: '${console}/console/search?ipAddress=${__value.raw:percentencode}',
  }),
  alert: (column: string): Link => ({
    column,
    title: 'This alert in the console',
    url: '${console}/console/alerts/${__value.raw:percentencode}',
  }),
};
