import { parentPort, workerData } from 'node:worker_threads';
import { judgementOn, type Question } from './judgement.js';

/* The thread of judgeBeside (beside.ts). */

parentPort!.postMessage(judgementOn(workerData as Question));
