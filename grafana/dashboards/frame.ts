import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { SEVERITIES } from '../../src/events/event-types';

/** What all dashboards have in common: data source, variables, links, refresh. */
export const PLUGIN = 'grafana-clickhouse-datasource';
export const DATASOURCE = { type: PLUGIN, uid: '${datasource}' };

export const UIDS = {
  overview: 'mcp-audit-overview',
  security: 'mcp-audit-security',
  compliance: 'mcp-audit-compliance',
  activity: 'mcp-audit-user-activity',
  pipeline: 'mcp-audit-pipeline',
} as const;

const ALL = { text: ['All'], value: ['$__all'] };

/** Query of the plugin. The format says how frames are made: 0 = series over time, 1 = table. */
export const target = (rawSql: string, format: 'series' | 'table', refId = 'A'): cog.Builder<cog.Dataquery> => ({
  build: () =>
    ({
      refId,
      datasource: DATASOURCE,
      editorType: 'sql',
      queryType: format === 'series' ? 'timeseries' : 'table',
      format: format === 'series' ? 0 : 1,
      rawSql,
    }) as unknown as cog.Dataquery,
});

const choice = (name: string, label: string, description: string, sql: string) =>
  new dashboard.QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(DATASOURCE)
    .query(sql)
    .refresh(dashboard.VariableRefresh.OnDashboardLoad)
    .sort(dashboard.VariableSort.AlphabeticalAsc);

const DATASOURCE_VARIABLE = new dashboard.DatasourceVariableBuilder('datasource')
  .label('Data source')
  .description('A ClickHouse that holds an audit log')
  .type(PLUGIN);

const TENANT_VARIABLE = choice(
  'tenant',
  'Tenant',
  'Whose log is shown',
  "SELECT DISTINCT tenant FROM rollups WHERE dimension = 'type_day' AND tenant != '' ORDER BY tenant",
);

const CONSOLE_VARIABLE = new dashboard.TextBoxVariableBuilder('console')
  .label('Console')
  .description('Where the operators’ console is served; links lead there')
  .defaultValue('http://127.0.0.1:3000')
  .current({ text: 'http://127.0.0.1:3000', value: 'http://127.0.0.1:3000' });

const kinds = (column: 'category' | 'service', label: string, description: string) =>
  choice(
    column,
    label,
    description,
    `SELECT DISTINCT ${column} FROM rollups WHERE tenant = \${tenant:singlequote} AND dimension = 'type_day' AND ${column} != '' ORDER BY ${column}`,
  )
    .multi(true)
    .includeAll(true)
    .current(ALL);

const KIND_VARIABLES = [
  kinds('category', 'Category', 'Categories of events; All is any'),
  new dashboard.CustomVariableBuilder('severity')
    .label('Severity')
    .description('Severities of events; All is any')
    .values(SEVERITIES.join(','))
    .multi(true)
    .includeAll(true)
    .current(ALL),
  kinds('service', 'Service', 'Services that events come from; All is any, also events without a service'),
];

const VARIABLES = {
  kinds: [TENANT_VARIABLE, ...KIND_VARIABLES],
  tenant: [TENANT_VARIABLE],
  none: [],
};

/** Anything that makes a panel. */
export interface PanelBuilder {
  id(id: number): this;
  build(): dashboard.Panel;
}

export interface Frame {
  uid: string;
  title: string;
  description: string;
  /** Which of the variables: tenant and kinds of events, the tenant alone, or none. */
  variables: keyof typeof VARIABLES;
  more?: cog.Builder<dashboard.VariableModel>[];
  annotations?: cog.Builder<dashboard.AnnotationQuery>[];
  from?: string;
  panels: PanelBuilder[];
}

/** A dashboard whose panels are numbered and placed in reading order. */
export function frame({ uid, title, description, variables, more = [], annotations = [], from, panels }: Frame) {
  const builder = new dashboard.DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['mcp-audit'])
    .timezone('browser')
    .readonly()
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .time({ from: from ?? 'now-24h', to: 'now' })
    .refresh('1m')
    .variables([DATASOURCE_VARIABLE, ...VARIABLES[variables], ...more, CONSOLE_VARIABLE])
    .annotations(annotations)
    .links([
      new dashboard.DashboardLinkBuilder('Audit dashboards')
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags(['mcp-audit'])
        .tooltip('The other dashboards of the audit log, at the same time and tenant')
        .includeVars(true)
        .keepTime(true),
      new dashboard.DashboardLinkBuilder('Console')
        .type(dashboard.DashboardLinkType.Link)
        .icon('external link')
        .tooltip('The operators’ console of the audit system')
        .url('${console}/')
        .targetBlank(true),
    ]);
  panels.forEach((panel, i) => builder.withPanel(panel.id(i + 1)));
  return builder.build();
}
