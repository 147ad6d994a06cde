const common = {
  rootDir: __dirname,
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': '@swc/jest' },
  setupFiles: ['<rootDir>/test/support/quiet.ts'],
  moduleFileExtensions: ['ts', 'js', 'cjs', 'json'],
};
module.exports = {
  maxWorkers: 2,
  // For what hangs; nothing is judged by how long it takes.
  testTimeout: 300_000,
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/{src,grafana,deploy}/**/*.spec.ts'] },
    {
      ...common,
      displayName: 'system',
      testMatch: ['<rootDir>/test/{integration,e2e}/**/*.spec.ts'],
      // One embedded ClickHouse, one Redis and one running system for the whole run; each test works in a fresh tenant.
      globalSetup: '<rootDir>/test/support/global-setup.ts',
      globalTeardown: '<rootDir>/test/support/global-teardown.ts',
    },
  ],
};
