import { AppError } from '../common/app-error';
import { parseConfig } from './config';
import { describeEnvironment } from './environment';
import { settingsToVariables } from './settings-file';

const fault = (act: () => unknown): AppError => {
  try {
    act();
  } catch (error) {
    return error as AppError;
  }
  throw new Error('nothing was thrown');
};

describe('the configuration', () => {
  it('needs nothing and listens on loopback', () => {
    const config = parseConfig({});
    expect(config).toMatchObject({ role: 'all', host: '127.0.0.1', port: 3000, dataDir: './data' });
    expect(config.clickhouse.url).toBeUndefined();
  });

  it('knows no default secret', () => {
    const secrets = describeEnvironment().filter((setting) => /KEY|SECRET|PASSWORD|TOKEN/.test(setting.name));
    for (const secret of secrets.filter((s) => !/DAYS|FILE/.test(s.name)))
      expect([secret.name, secret.default]).toEqual([secret.name, '']);
  });

  it('reports all faults together, by name', () => {
    const { message, problems } = fault(() =>
      parseConfig({ AUDIT_PORT: '70000', AUDIT_ROLE: 'boss', AUDIT_BATCHSIZE: '5', HOME: '/root' }),
    );
    expect(problems?.map((p) => p.path).sort()).toEqual(['AUDIT_BATCHSIZE', 'AUDIT_PORT', 'AUDIT_ROLE']);
    expect(message).toContain('AUDIT_PORT: must be at most 65535');
  });

  it('takes no half of an identity provider, and none in plain text from elsewhere', () => {
    const faults = (env: Record<string, string>) => fault(() => parseConfig(env)).problems?.map(({ path }) => path);
    const whole = {
      AUDIT_OIDC_ISSUER: 'https://sso.example.org',
      AUDIT_OIDC_CLIENT_ID: 'audit',
      AUDIT_OIDC_ROLES: 'soc=viewer',
    };
    expect(parseConfig(whole).oidc).toMatchObject({ clientId: 'audit', roles: [['soc', 'viewer']] });
    expect(faults({ AUDIT_OIDC_CLIENT_ID: 'audit' })).toEqual(['AUDIT_OIDC_ISSUER']);
    expect(faults({ AUDIT_OIDC_ISSUER: 'https://sso.example.org' })).toEqual([
      'AUDIT_OIDC_CLIENT_ID',
      'AUDIT_OIDC_ROLES',
    ]);
    expect(faults({ ...whole, AUDIT_OIDC_ISSUER: 'http://sso.example.org' })).toEqual(['AUDIT_OIDC_ISSUER']);
    expect(parseConfig({ ...whole, AUDIT_OIDC_ISSUER: 'http://127.0.0.1:8080' }).oidc).toBeDefined();
  });

  it('takes an empty value for absent', () => {
    expect(parseConfig({ AUDIT_PORT: '' }).port).toBe(3000);
  });

  it('takes the flush interval in seconds', () => {
    expect(parseConfig({ AUDIT_FLUSH_INTERVAL: '30' }).writer.batchAgeMs).toBe(30_000);
    expect(parseConfig({ AUDIT_FLUSH_INTERVAL: '0.1' }).writer.batchAgeMs).toBe(100);
  });

  it('keeps user actions for a year and the rest for seven, unless told otherwise', () => {
    expect(parseConfig({}).retention).toEqual({ security: 2555, compliance: 2555, financial: 2555, user_action: 365 });
    expect(parseConfig({ AUDIT_RETENTION_DAYS: '100', AUDIT_RETENTION_FINANCIAL_DAYS: '3650' }).retention).toEqual({
      ...{ security: 100, compliance: 100, financial: 3650, user_action: 365 },
    });
  });
});

describe('a settings file', () => {
  it('has the structure of the application settings that the system was asked for', () => {
    const variables = settingsToVariables({
      encryption_enabled: true,
      signature_enabled: true,
      alerting_enabled: true,
      batch_size: 100,
      flush_interval: 30,
      retention_policy: { security_events: 2555, user_actions: 365, compliance_events: 2555 },
    });
    const config = parseConfig(variables);
    expect(config.writer).toMatchObject({ batchRows: 100, batchAgeMs: 30_000 });
    expect(config.retention).toMatchObject({ security: 2555, user_action: 365 });
  });

  it('refuses what is no setting, by name', () => {
    const { problems } = fault(() =>
      settingsToVariables({ batchsize: 1, retention_policy: { cats: 3 }, logs: { level: 'x' } }),
    );
    expect(problems?.map((p) => p.path)).toEqual(['batchsize', 'retention_policy.cats', 'logs']);
  });
});
