/*
 * Which file may import which. Direction: stage -> jobs.ts -> platform -> core. Each rule is proved by a planted
 * violation in test/architecture/arrows.spec.ts.
 */
const STAGES = 'capture|feedback|curate|snapshot|train|evaluate|promote|serve|ops';
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** Pages and metrics of ops look at queues; nobody else does. */
const packageOf = (names) => `node_modules/(?:${names})/`;

module.exports = {
  forbidden: [
    rule(
      'core-is-pure',
      'the loop without a framework',
      { path: '^src/core/', pathNot: '\\.spec\\.ts$' },
      { pathNot: ['^src/core/', '^(node:)?crypto$'] },
    ),
    rule(
      'platform-knows-no-stage',
      'an adapter that knows a stage cannot be replaced',
      { path: '^src/platform/' },
      { path: `^src/(?:(?:${STAGES})/|jobs\\.ts|app\\.module\\.ts|commands\\.ts|flywheel\\.ts)` },
    ),
    rule(
      'stages-meet-in-jobs',
      'reach another stage by a job, never by import',
      { path: `^src/(${STAGES})/` },
      { path: `^src/(?:${STAGES})/`, pathNot: '^src/$1/' },
    ),
    rule(
      'jobs-are-contracts',
      'names and schemas only',
      { path: '^src/jobs\\.ts$' },
      { pathNot: ['^src/core/', '^src/platform/queue/define-job\\.ts$', packageOf('zod')] },
    ),
    rule(
      'controller-calls-service',
      'no short cuts',
      { path: '\\.controller\\.ts$' },
      { path: '\\.(?:store|processor)\\.ts$' },
    ),
    rule(
      'service-below-http',
      'callable from a job without HTTP; ops alone speaks of keys and pages',
      { path: '\\.(?:service|store|processor)\\.ts$', pathNot: '^src/ops/' },
      { path: ['\\.controller\\.ts$', '^src/platform/http/'] },
    ),
    rule(
      'only-stores-query',
      'SQL lives in *.store.ts',
      { path: `^src/(?:${STAGES})/`, pathNot: '\\.store\\.ts$' },
      { path: ['^src/platform/database/(?!database\\.ts$)', packageOf('@prisma|pg')] },
    ),
    rule(
      'one-door-to-postgres',
      '',
      { path: '^src/', pathNot: ['^src/platform/(?:database|queue|embedded)/', '\\.store\\.ts$'] },
      { path: packageOf('@prisma|pg') },
    ),
    rule(
      'one-door-to-the-queue',
      '',
      { path: '^src/', pathNot: ['^src/platform/queue/', '^src/ops/'] },
      { path: packageOf('bullmq|ioredis|@nestjs/bullmq') },
    ),
    rule(
      'one-door-to-s3',
      '',
      { path: '^src/', pathNot: ['^src/platform/object-store/', '\\.spec\\.ts$'] },
      { path: packageOf('@aws-sdk') },
    ),
    rule(
      'one-door-to-tensors',
      '',
      { path: '^src/', pathNot: '^src/platform/model-runtime/' },
      { path: packageOf('@tensorflow') },
    ),
    rule(
      'nobody-imports-the-whole',
      'the application is put together in one place',
      { path: '^src/', pathNot: '^src/(?:main|commands|flywheel)\\.ts$' },
      { path: '^src/(?:app\\.module|commands|flywheel|main)\\.ts$' },
    ),
    rule('source-knows-no-test', '', { path: '^src/' }, { path: '^(?:test|examples|bench|console)/' }),
    rule('no-cycles', 'two files are one, or a third is missing', {}, { circular: true }),
    rule(
      'nothing-dead',
      'a file that nobody imports',
      { orphan: true, pathNot: ['\\.spec\\.ts$', '^src/main\\.ts$', '\\.d\\.ts$'] },
      {},
    ),
    rule(
      'shipped-code-needs-shipped-packages',
      '',
      { path: '^src/', pathNot: '\\.spec\\.ts$' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/platform/database/generated/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
