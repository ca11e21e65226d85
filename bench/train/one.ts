import { type Case, CONTENDERS } from './contenders.js';

/* One rate, in a process of its own: kernels of ours, once they are registered, would answer for TensorFlow.js as well. */

const [name, work, seconds] = process.argv.slice(2) as [string, Case, string];
const rate = await CONTENDERS[name]!(work, Number(seconds));
process.stdout.write(rate === undefined ? '' : String(rate));
