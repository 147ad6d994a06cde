import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnnotationQuery, Dashboard, Panel, VariableModel } from '@grafana/grafana-foundation-sdk/dashboard';
import { parse } from 'yaml';
import { ROOT } from './system';

export interface Target {
  refId: string;
  rawSql: string;
  format: number;
  datasource: { type: string; uid: string };
}
export type PanelJson = Omit<Panel, 'targets'> & { targets: Target[] };
export type AnnotationJson = Omit<AnnotationQuery, 'target'> & { target: Target };
export type DashboardJson = Omit<Dashboard, 'panels' | 'annotations'> & {
  uid: string;
  panels: PanelJson[];
  annotations: { list: AnnotationJson[] };
};

/** The committed dashboards, as Grafana would load them. */
export function dashboards(): DashboardJson[] {
  const directory = join(ROOT, 'grafana/json');
  return (readdirSync(directory, { recursive: true }) as string[])
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as DashboardJson);
}

export interface AlertRuleJson {
  uid: string;
  title: string;
  condition: string;
  noDataState: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  data: { refId: string; datasourceUid: string; model: Record<string, unknown> & { rawSql?: string } }[];
}

export function alertRules(): { name: string; folder: string; rules: AlertRuleJson[] }[] {
  const text = readFileSync(join(ROOT, 'grafana/provisioning/alerting/rules.yaml'), 'utf8');
  return (parse(text) as { groups: ReturnType<typeof alertRules> }).groups;
}

/** The steps of time that a panel asks for, as Grafana does: no more points than pixels, and the panel's own at least. */
export function intervalOf(panel: { interval?: string }, rangeMs: number, points = 900): number {
  const [, count = '1', unit = 's'] = /^(\d+)([smhd])$/.exec(panel.interval ?? '1s') ?? [];
  const least = Number(count) * { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit as 's' | 'm' | 'h' | 'd'];
  const nice = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400].map(
    (s) => s * 1000,
  );
  return Math.max(least, nice.find((step) => step >= rangeMs / points) ?? 86_400_000);
}

export const queryVariables = (dashboard: DashboardJson): VariableModel[] =>
  (dashboard.templating.list ?? []).filter(({ type }) => String(type) === 'query');
