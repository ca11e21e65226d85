import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loopTick } from '../../src/jobs.js';
import { JobQueue } from '../../src/platform/queue/job-queue.js';
import { TickService } from '../../src/snapshot/tick.service.js';
import { startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';
import { startRedis, type TestRedis } from '../support/redis.js';

describe.each(['postgres', 'redis'] as const)('a hint about what a job may have looked at already (%s)', (backend) => {
  let flywheel: TestFlywheel;
  let redis: TestRedis | undefined;

  beforeAll(async () => {
    redis = backend === 'redis' ? await startRedis() : undefined;
    flywheel = await startTestFlywheel(redis ? { REDIS_URL: redis.url } : {});
  });
  afterAll(async () => {
    await flywheel.close();
    await redis?.close();
  });

  /** Ticks of a project stand still at their end until they are let go. */
  function heldTicks(projectId: string) {
    const begun: { letGo: () => void }[] = [];
    const ticks = flywheel.app.get(TickService);
    vi.spyOn(ticks, 'tick').mockImplementation((of) => {
      if (of !== projectId) return Promise.resolve();
      return new Promise<void>((letGo) => void begun.push({ letGo }));
    });
    return begun;
  }

  it.each([0, 0.5])('makes it come once more, however many there are, %d s later', async (delaySeconds) => {
    const jobs = flywheel.app.get(JobQueue);
    const projectId = `held-${delaySeconds}`;
    const begun = heldTicks(projectId);
    const hint = (seconds: number) => jobs.hint(loopTick, { projectId }, seconds);
    await hint(0);
    await expect.poll(() => begun.length, { timeout: 10_000 }).toBe(1);
    for (let i = 0; i < 3; i += 1) await hint(delaySeconds);
    expect(begun).toHaveLength(1);
    const letGoAt = performance.now();
    begun[0]!.letGo();
    await expect.poll(() => begun.length, { timeout: 10_000, interval: 20 }).toBe(2);
    expect(performance.now() - letGoAt).toBeGreaterThanOrEqual(delaySeconds * 1_000 - 50);
    begun[1]!.letGo();
    const open = async () => {
      const { waiting, active, delayed } = await jobs.counts(loopTick);
      return { waiting, active, delayed };
    };
    // Those of the schedule wait for their minute and their hour.
    await expect.poll(open, { timeout: 10_000 }).toEqual({ waiting: 0, active: 0, delayed: 2 });
    expect(begun).toHaveLength(2);
  });
});
