/* npm run bench:NAME: prepares what is missing, then runs bench/NAME. */
import { prepare } from './prepare.mjs';

prepare();
await import(`../dist-examples/bench/${process.argv.splice(2, 1)[0]}/main.js`);
