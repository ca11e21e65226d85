/*
 * npm test: everything that can run on this machine, and one line at the end that says how it went. Needs redis-server,
 * Chromium and scikit-learn; installs the Debian packages where it may, else says in one sentence what is missing. Nothing is
 * skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from './prepare.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Programs that npm does not bring: how they are found, and the Debian package they come in. */
const PROGRAMS = [
  {
    name: 'redis-server',
    isThere: () => spawnSync('redis-server', ['--version']).status === 0,
    debian: 'redis-server',
  },
  {
    name: 'Chromium',
    isThere: () => existsSync(process.env.CHROMIUM_PATH ?? '') || CHROMIUM.some((path) => existsSync(path)),
    debian: 'chromium',
  },
  {
    name: 'scikit-learn for /usr/bin/python3',
    isThere: () => spawnSync('/usr/bin/python3', ['-c', 'import sklearn']).status === 0,
    debian: 'python3-sklearn',
  },
];

const CHECKS = [
  ['import rules', 'npm', ['run', '--silent', 'arrows']],
  ['lint', 'npm', ['run', '--silent', 'lint']],
  ['types', 'npm', ['run', '--silent', 'types']],
];

prepare();
PROGRAMS.forEach(requireProgram);
const results = CHECKS.map(([name, program, args]) => check(name, program, args));
results.push(runTests());
const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

function requireProgram({ name, isThere, debian }) {
  if (isThere()) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    process.stderr.write(`Preparing: ${name} (Debian package ${debian}) ...\n`);
    spawnSync('apt-get', ['update'], { stdio: 'ignore' });
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', debian], { stdio: 'ignore', env });
  }
  if (isThere()) return;
  process.stderr.write(`The tests need ${name}: install it (Debian: apt-get install ${debian}).\n`);
  process.stdout.write('0 passed, 1 failed\n');
  process.exit(1);
}

function check(name, program, args) {
  process.stdout.write(`${name} ... `);
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  process.stdout.write(status === 0 ? 'ok\n' : `failed\n${stdout}${stderr}\n`);
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1 };
}

/** A run that reports no test, a skipped one or a broken file counts as failed. */
function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'flywheel-results-'));
  const report = join(folder, 'report.json');
  const args = ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  const { status } = spawnSync('npx', args, { cwd: root, stdio: 'inherit', env });
  const found = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
  rmSync(folder, { recursive: true, force: true });
  const { numPassedTests: passed = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = found;
  const failed = numFailedTests + numPendingTests + numTodoTests;
  return { passed, failed: failed === 0 && (status !== 0 || passed === 0) ? 1 : failed };
}
