import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { LIMITS } from '../core/limits.js';
import { notify } from '../jobs.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { type AskedOne, ServeStore } from './serve.store.js';

/** People take seconds: one look for all who wait, so that the cost does not grow with them. */
const LOOK_EVERY_MS = 250;
/** Where a request has waited in vain with nobody at the queue, others do not wait for so long, unless somebody comes. */
const IN_VAIN_MS = 60_000;

/** How long a request waits: all of it, and that of it in which nobody need be at the queue. */
export interface Patience {
  readonly standInSeconds: number;
  readonly standInUnattendedSeconds: number;
}

interface Asked extends AskedOne {
  /** Milliseconds since 1970, as the next. */
  readonly until: number;
  readonly unattendedUntil: number;
  readonly tell: (label: string | null) => void;
}

/** Waits for what people say: of all who wait here at once, and not for long where nobody is at the review queue. */
@Injectable()
export class PeopleService implements BeforeApplicationShutdown {
  private readonly log = new Logger('people');
  private readonly asked = new Set<Asked>();
  /** Inputs of the requests that are under way here, by project. */
  private readonly waiting = new Map<string, number>();
  /** Until when (milliseconds since 1970) nobody waits unless somebody is at the queue, by project. */
  private readonly inVain = new Map<string, number>();
  private isLooking = false;
  private isStopping = false;

  constructor(
    private readonly store: ServeStore,
    private readonly jobs: JobQueue,
  ) {}

  /** Whoever waits is told that nobody answered: a server that stops waits for its requests. */
  beforeApplicationShutdown(): void {
    this.isStopping = true;
  }

  /** How many more may wait. */
  room(projectId: string): number {
    return Math.max(0, LIMITS.waitingInputs - (this.waiting.get(projectId) ?? 0));
  }

  /**
   * What people say of these predictions within the time, by id. That somebody waits is noted before they are captured, so
   * that no reviewer takes them for anything else.
   */
  async ask(
    { projectId, ids, patience }: { projectId: string; ids: readonly string[]; patience: Patience },
    capture: () => Promise<unknown>,
  ): Promise<Map<string, string>> {
    // Before anything is waited for: whoever comes meanwhile counts these.
    this.count(projectId, ids.length);
    try {
      if (await this.wouldWaitInVain(projectId)) {
        await capture();
        return new Map();
      }
      await this.store.ask(projectId, ids, patience.standInSeconds);
      await capture();
      void this.jobs.hint(notify, {});
      const labels = await this.wait(projectId, ids, patience);
      return new Map(ids.flatMap((id, i) => (labels[i] === null ? [] : [[id, labels[i]!]])));
    } finally {
      this.count(projectId, -ids.length);
    }
  }

  private async wouldWaitInVain(projectId: string): Promise<boolean> {
    if ((this.inVain.get(projectId) ?? 0) < Date.now()) return false;
    const attended = await this.store.attended([projectId]);
    return !attended.has(projectId);
  }

  private count(projectId: string, change: number): void {
    this.waiting.set(projectId, (this.waiting.get(projectId) ?? 0) + change);
  }

  private wait(projectId: string, ids: readonly string[], patience: Patience): Promise<(string | null)[]> {
    const until = Date.now() + patience.standInSeconds * 1_000;
    const unattendedUntil = Date.now() + patience.standInUnattendedSeconds * 1_000;
    const told = ids.map(
      (id) => new Promise<string | null>((tell) => this.asked.add({ projectId, id, until, unattendedUntil, tell })),
    );
    if (!this.isLooking) void this.look();
    return Promise.all(told);
  }

  private async look(): Promise<void> {
    this.isLooking = true;
    while (this.asked.size > 0) {
      await sleep(LOOK_EVERY_MS);
      const asked = [...this.asked];
      const labels = await this.labels(asked);
      const alone = await this.alone(asked);
      const told = asked.filter((one, i) => this.tell(one, labels[i] ?? null, alone));
      if (told.length > 0) await this.forget(told);
    }
    this.isLooking = false;
  }

  /** False while there is nothing to tell. */
  private tell(one: Asked, label: string | null, alone: ReadonlySet<Asked>): boolean {
    if (label === null && !this.isStopping && !alone.has(one) && Date.now() < one.until) return false;
    this.asked.delete(one);
    one.tell(label);
    return true;
  }

  /** Those who need wait no longer, as nobody is at the queue of their project: nobody else need for a while. */
  private async alone(asked: readonly Asked[]): Promise<ReadonlySet<Asked>> {
    const now = Date.now();
    const due = asked.filter(({ unattendedUntil, until }) => unattendedUntil <= now && now < until);
    const attended = await this.attended(due);
    const alone = due.filter(({ projectId }) => !attended.has(projectId));
    for (const { projectId } of alone) this.inVain.set(projectId, now + IN_VAIN_MS);
    return new Set(alone);
  }

  /** What the database keeps of them counts for nothing when their time is over. */
  private async forget(told: readonly Asked[]): Promise<void> {
    try {
      await this.store.told(told);
    } catch (error) {
      this.log.warn({ msg: 'could not note who waits no more', err: error });
    }
  }

  /** Projects of theirs at whose queue somebody is, or may be where the database was away for a moment. */
  private async attended(due: readonly Asked[]): Promise<ReadonlySet<string>> {
    const projectIds = [...new Set(due.map(({ projectId }) => projectId))];
    if (projectIds.length === 0) return new Set();
    try {
      return await this.store.attended(projectIds);
    } catch (error) {
      this.log.warn({ msg: 'could not look who is at the queue', err: error });
      return new Set(projectIds);
    }
  }

  /** Who waits goes on waiting where the database was away for a moment. */
  private async labels(asked: readonly Asked[]): Promise<readonly (string | null)[]> {
    try {
      return await this.store.labels(asked);
    } catch (error) {
      this.log.warn({ msg: 'could not look for what people answered', err: error });
      return [];
    }
  }
}
