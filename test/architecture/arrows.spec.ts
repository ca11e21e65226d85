import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
let copy: string;

/** Each rule with a file that breaks it: path and text. */
const PLANTED: readonly (readonly [rule: string, path: string, text: string])[] = [
  ['core-is-pure', 'src/core/planted.ts', `import 'node:fs';`],
  ['platform-knows-no-stage', 'src/platform/planted.ts', `import '../capture/capture.store.js';`],
  ['stages-meet-in-jobs', 'src/capture/planted.service.ts', `import '../feedback/feedback.schema.js';`],
  ['jobs-are-contracts', 'src/jobs.ts', `import 'pino';`],
  ['controller-calls-service', 'src/capture/planted.controller.ts', `import './capture.store.js';`],
  ['service-below-http', 'src/capture/planted.service.ts', `import '../platform/http/auth.js';`],
  ['only-stores-query', 'src/capture/planted.service.ts', `import '../platform/database/loop-state.js';`],
  ['one-door-to-postgres', 'src/capture/planted.service.ts', `import 'pg';`],
  ['one-door-to-the-queue', 'src/capture/planted.service.ts', `import 'bullmq';`],
  ['one-door-to-s3', 'src/capture/planted.service.ts', `import '@aws-sdk/client-s3';`],
  ['one-door-to-tensors', 'src/train/planted.service.ts', `import '@tensorflow/tfjs-core';`],
  ['nobody-imports-the-whole', 'src/ops/planted.service.ts', `import '../app.module.js';`],
  ['source-knows-no-test', 'src/capture/planted.service.ts', `import '../../test/support/builders.js';`],
  ['no-cycles', 'src/core/split.ts', `import './prediction-row.js';`],
  ['nothing-dead', 'src/capture/planted.service.ts', 'export {};'],
  ['shipped-code-needs-shipped-packages', 'src/capture/planted.service.ts', `import 'vitest';`],
];

/** Names of the rules that are broken in a folder. */
async function brokenRules(folder: string): Promise<string[]> {
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src'];
  const { stdout } = await run(join(folder, 'node_modules/.bin/depcruise'), args, {
    cwd: folder,
    maxBuffer: 2 ** 27,
  }).catch((error: { stdout: string }) => error);
  const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string } }[] } };
  return [...new Set(summary.violations.map(({ rule }) => rule.name))];
}

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'flywheel-arrows-'));
  for (const part of ['src', 'test/support', 'package.json', 'tsconfig.json', '.dependency-cruiser.cjs']) {
    await mkdir(dirname(join(copy, part)), { recursive: true });
    await cp(part, join(copy, part), { recursive: true });
  }
  await symlink(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rm(copy, { recursive: true, force: true }));

describe('the import rules', () => {
  it('hold', async () => expect(await brokenRules(process.cwd())).toEqual([]));

  it.each(PLANTED)('%s is noticed when broken', async (rule, path, text) => {
    const file = join(copy, path);
    await writeFile(file, `${text}\n`, { flag: path.includes('planted') ? 'w' : 'a' });
    const broken = await brokenRules(copy);
    await (path.includes('planted') ? rm(file) : cp(path, file));
    expect(broken).toContain(rule);
  });
});
