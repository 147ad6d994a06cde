import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GRAFANA_READS } from '../src/clickhouse/users';
import { alertRules, dashboards } from '../test/support/dashboards';
import { generated } from './generate';

const ROOT = join(__dirname, '..');

/** Every member `datasource`, however deep. */
const dataSourcesIn = (value: unknown): unknown[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value as Record<string, unknown>).flatMap(([name, member]) =>
        name === 'datasource' ? [member] : dataSourcesIn(member),
      );

describe('what npm run grafana writes', () => {
  it.each(Object.entries(generated()))('is committed as it is: %s', (path, content) => {
    expect(readFileSync(join(ROOT, path), 'utf8')).toBe(content);
  });
});

describe.each(dashboards().map((dashboard) => [dashboard.uid, dashboard] as const))(
  'dashboard %s',
  (uid, dashboard) => {
    it('is a classic one with an identity of its own', () => {
      expect(dashboard).toMatchObject({ schemaVersion: 42, editable: false, tags: ['mcp-audit'] });
      expect(dashboard.id ?? null).toBeNull();
      expect(uid).toMatch(/^mcp-audit-[a-z-]+$/);
      expect(dashboards().filter((other) => other.uid === uid)).toHaveLength(1);
    });

    it('numbers its panels and places them side by side, not on each other', () => {
      const ids = dashboard.panels.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).not.toContain(undefined);
      const taken = new Set<string>();
      for (const { gridPos, title } of dashboard.panels) {
        const { x = NaN, y = NaN, w = NaN, h = NaN } = gridPos ?? {};
        expect([title, x + w <= 24]).toEqual([title, true]);
        for (let column = x; column < x + w; column++) {
          for (let row = y; row < y + h; row++) {
            expect([title, taken.has(`${column},${row}`)]).toEqual([title, false]);
            taken.add(`${column},${row}`);
          }
        }
      }
    });

    it('names its data source by variable only', () => {
      const named = dataSourcesIn(dashboard);
      expect(named.length).toBeGreaterThan(2 * dashboard.panels.length);
      for (const source of named)
        expect(source).toEqual({ type: 'grafana-clickhouse-datasource', uid: '${datasource}' });
      expect(dashboard.templating.list?.[0]).toMatchObject({ name: 'datasource', type: 'datasource' });
    });

    it('says of every panel what it shows, in which unit, and which values are good', () => {
      for (const panel of dashboard.panels) {
        expect([panel.title, (panel.description ?? '').length > 20]).toEqual([panel.title, true]);
        expect([panel.title, panel.fieldConfig?.defaults.unit]).toEqual([panel.title, expect.stringMatching(/./)]);
        expect([panel.title, panel.fieldConfig?.defaults.thresholds?.steps[0]?.value]).toEqual([panel.title, null]);
        expect(panel.targets).toHaveLength(1);
      }
      const titles = dashboard.panels.map(({ title }) => title);
      expect(new Set(titles).size).toBe(titles.length);
    });

    it('uses only variables that it has, and describes them', () => {
      const own = (dashboard.templating.list ?? []).map(({ name }) => name);
      const used = [...JSON.stringify(dashboard).matchAll(/\$\{(?!__)(\w+)/g)].map(([, name]) => name);
      expect(own).toEqual(expect.arrayContaining([...new Set(used)]));
      for (const { name, description } of dashboard.templating.list ?? []) {
        expect([name, description]).toEqual([name, expect.stringMatching(/./)]);
      }
    });

    it('links to dashboards that exist, with its variables and time, and to the console', () => {
      const known = dashboards().map((other) => other.uid);
      const links = [...JSON.stringify(dashboard).matchAll(/\/d\/([\w-]+)\?([^"]*)/g)];
      for (const [, target, query] of links) {
        expect(known).toContain(target);
        expect(query).toContain('${__url_time_range}');
        expect(query).toContain('var-tenant=${tenant}');
      }
      expect(dashboard.links?.map(({ url, tags }) => url ?? tags)).toEqual(expect.arrayContaining(['${console}/']));
      expect(dashboard.links?.[0]).toMatchObject({
        type: 'dashboards',
        tags: ['mcp-audit'],
        includeVars: true,
        keepTime: true,
      });
    });

    it('asks only for tables that Grafana may read, of the chosen tenant', () => {
      for (const { title, targets } of dashboard.panels) {
        const sql = targets[0]?.rawSql ?? '';
        const tables = [...sql.matchAll(/\b(?:FROM|JOIN)\s+(\w+)/g)].map(([, table]) => table);
        expect(Object.keys(GRAFANA_READS)).toEqual(expect.arrayContaining(tables));
        const ofTenants = tables.filter((table) => table !== 'metric_samples').length;
        expect([title, sql.split('tenant = ${tenant:singlequote}').length - 1 >= ofTenants]).toEqual([title, true]);
      }
    });
  },
);

describe('alert rules', () => {
  const rules = alertRules().flatMap((group) => group.rules);

  it('have identities, labels that a policy knows, and dashboards to look at', () => {
    expect(new Set(rules.map(({ uid }) => uid)).size).toBe(rules.length);
    const known = dashboards().map(({ uid }) => uid);
    for (const { labels, annotations } of rules) {
      expect(['security', 'compliance', 'operations']).toContain(labels.team);
      expect(['high', 'critical']).toContain(labels.severity);
      expect(known).toContain(annotations.__dashboardUid__);
    }
  });

  it('hold no dollar sign, which Grafana would take for a variable of the environment', () => {
    expect(JSON.stringify(rules)).not.toContain('$');
  });

  it('decide by a threshold over the rows of one query', () => {
    for (const { condition, data } of rules) {
      expect(condition).toBe('B');
      expect(data.map(({ refId, datasourceUid }) => [refId, datasourceUid])).toEqual([
        ['A', 'mcp-audit-clickhouse'],
        ['B', '__expr__'],
      ]);
    }
  });
});
