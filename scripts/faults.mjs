/* npm run test:faults: the fault suites at their full length (FAULT_SECONDS, 60 when unset); npm test runs them short. */
import { spawnSync } from 'node:child_process';
import { prepare } from './prepare.mjs';

prepare();
const env = { FAULT_SECONDS: '60', ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'faults', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env,
});
process.exit(status ?? 1);
