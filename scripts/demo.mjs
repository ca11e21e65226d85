/* npm run demo: prepares what is missing, then plays an application's life against the service. */
import { prepare } from './prepare.mjs';

prepare();
await import('../dist-examples/examples/demo/main.js');
