/* npm start: prepares what is missing, then is the service itself, so that signals reach it without a detour. */
import { prepare } from './prepare.mjs';

prepare();
await import('../dist/main.js');
