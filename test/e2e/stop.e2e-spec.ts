import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { aPrediction } from '../support/builders.js';
import { API_KEY, startTestFlywheel } from '../support/flywheel.js';

/** Each moment of a run's first steps, in which a stage may be offering the next job just as the queue closes. */
it.each([0, 20, 50, 100, 200, 400])('stops within seconds while a run starts (after %i ms)', async (ms) => {
  const flywheel = await startTestFlywheel();
  const client = flywheel.as(API_KEY);
  await client.post('/v1/predictions', aPrediction()).expect(202);
  await client.post('/v1/runs').expect(202);
  await sleep(ms);
  const closed = flywheel.close().then(() => 'closed');
  expect(await Promise.race([closed, sleep(20_000, 'still closing')])).toBe('closed');
});
