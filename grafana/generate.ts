/** `npm run grafana`: writes what Grafana and ClickHouse are given, from what is written in TypeScript. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { usersConfig } from '../src/clickhouse/users';
import { alertRules } from './alerting';
import { compliance } from './dashboards/compliance';
import { overview } from './dashboards/overview';
import { pipeline } from './dashboards/pipeline';
import { security } from './dashboards/security';
import { userActivity } from './dashboards/user-activity';

const ROOT = join(__dirname, '..');

/** Where an XML file of secrets says how a user proves who it is. */
const included = (name: string): string => `<password_sha256_hex incl="${name}"/>`;

/** The files by their path in the checkout. */
export function generated(): Record<string, string> {
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
  return {
    'grafana/json/audit/overview.json': json(overview),
    'grafana/json/audit/security.json': json(security),
    'grafana/json/audit/compliance.json': json(compliance),
    'grafana/json/audit/user-activity.json': json(userActivity),
    'grafana/json/operations/pipeline.json': json(pipeline),
    'grafana/provisioning/alerting/rules.yaml': `# Made by npm run grafana from grafana/alerting.ts.\n${stringify(alertRules, { lineWidth: 0 })}`,
    'deploy/clickhouse/users.xml': `<!-- Made by npm run grafana from src/clickhouse/users.ts. -->\n${usersConfig(
      'audit',
      {
        application: included('audit_app_password'),
        grafana: included('audit_grafana_password'),
        networks: '<ip>::/0</ip>',
        includeFrom: '/run/secrets/clickhouse_passwords',
      },
    )}`,
  };
}

async function main(): Promise<void> {
  for (const [path, content] of Object.entries(generated())) {
    await mkdir(dirname(join(ROOT, path)), { recursive: true });
    await writeFile(join(ROOT, path), content);
  }
}

if (require.main === module) void main();
