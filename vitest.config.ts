import { defineConfig } from 'vitest/config';

const project = (name: string, include: string[], testTimeout: number) => ({
  test: { name, include, testTimeout, hookTimeout: Math.max(60_000, testTimeout), environment: 'node' as const },
});

/** Real servers on two cores: files run one after the other except the pure unit tests. */
export default defineConfig({
  test: {
    projects: [
      project('unit', ['src/**/*.spec.ts', 'examples/**/*.spec.ts'], 20_000),
      project('architecture', ['test/architecture/**/*.spec.ts'], 60_000),
      project('integration', ['test/integration/**/*.int-spec.ts'], 120_000),
      project('e2e', ['test/e2e/**/*.e2e-spec.ts'], 300_000),
      project('faults', ['test/faults/**/*.fault-spec.ts'], 120_000),
      project('browser', ['test/browser/**/*.browser-spec.ts'], 300_000),
    ],
    fileParallelism: false,
    reporters: ['default'],
  },
});
