import { spawnSync } from 'node:child_process';
import { defineConfig } from 'vitest/config';

const project = (name: string, include: string[], testTimeout: number) => ({
  test: { name, include, testTimeout, hookTimeout: Math.max(60_000, testTimeout), environment: 'node' as const },
});

/** The suite that fills disks mounts small ones for it: in a mount namespace of its own where it may, else not at all. */
const canMount = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
if (!canMount) console.warn('The fault suite of full disks needs root to mount small ones; it is left out here.');
const faults = ['test/faults/**/*.fault-spec.ts', ...(canMount ? ['test/faults/**/*.root-spec.ts'] : [])];

/** Real servers on two cores: files run one after the other except the pure unit tests. */
export default defineConfig({
  test: {
    projects: [
      project('unit', ['src/**/*.spec.ts', 'examples/**/*.spec.ts'], 20_000),
      project('architecture', ['test/architecture/**/*.spec.ts'], 60_000),
      project('integration', ['test/integration/**/*.int-spec.ts'], 120_000),
      project('e2e', ['test/e2e/**/*.e2e-spec.ts'], 300_000),
      project('faults', faults, 120_000),
      project('browser', ['test/browser/**/*.browser-spec.ts'], 300_000),
    ],
    fileParallelism: false,
    reporters: ['default'],
  },
});
