const rule = (name, comment, from, to) => ({ name, severity: 'error', comment, from, to });
module.exports = {
  forbidden: [
    rule('no-cycles', 'data flows one way', {}, { circular: true }),
    rule(
      'events-is-pure',
      'the noun imports nothing of ours',
      { path: '^src/events' },
      { path: '^src/(?!events|common/app-error)' },
    ),
    rule(
      'ingest-knows-no-clickhouse',
      'acknowledging must not depend on it',
      { path: '^src/ingest' },
      { path: '^src/clickhouse|@clickhouse' },
    ),
    rule('write-side-knows-no-read-side', '', { path: '^src/(ingest|writer|queues)' }, { path: '^src/search' }),
    rule(
      'sdk-is-light',
      'it runs in the applications of others: no framework, no zod, nothing of the server but pure parts',
      { path: '^src/sdk', pathNot: '^src/sdk/nest\\.ts$' },
      {
        path: '^(src|node_modules)/',
        pathNot: '^src/(sdk|events/(event-types|nearest|uuid)|ledger/(merkle|checkpoint))',
        dependencyTypesNot: ['core', 'type-only'],
      },
    ),
    rule(
      'console-is-a-browser',
      'the console runs in browsers: of the server it takes types, and the pure list of event types',
      { path: '^src/console/web' },
      { path: '^src/(?!console/web|events/event-types)', dependencyTypesNot: ['type-only'] },
    ),
    rule(
      'no-orphans',
      'dead code',
      {
        orphan: true,
        pathNot: ['\\.spec\\.ts$', '\\.(cjs|mts|css)$', '^src/(main|cli)\\.ts$', '^src/console/web/main\\.tsx$'],
      },
      {},
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.spec\\.ts$' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    includeOnly: undefined,
  },
};
