import { parentPort, workerData } from 'node:worker_threads';
import type { SnapshotSample } from '../../core/manifest.js';
import { leakCertificate } from './leaks.js';

/* The thread of leaksBeside (beside.ts). */

const { learnt, heldOut } = workerData as Record<'learnt' | 'heldOut', readonly SnapshotSample[]>;
parentPort!.postMessage(await leakCertificate(learnt, heldOut));
