import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { LoopError } from '../core/errors.js';
import { newId } from '../core/ids.js';
import type { Input } from '../core/input.js';
import { LIMITS } from '../core/limits.js';
import type { Outcome } from '../core/outcome.js';
import { OURS } from '../core/prediction-row.js';
import type { ProjectSettings } from '../core/settings.js';
import { type Task, valueOf } from '../core/task.js';
import { notify, PredictionIntake } from '../jobs.js';
import { Expiring } from '../platform/expiring.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { type AskedOne, ServeStore } from './serve.store.js';

/** People take seconds: one look for all who wait, so that the cost does not grow with them. */
const LOOK_EVERY_MS = 250;
/** Where a request has waited in vain with nobody at the queue, others do not wait for so long, unless somebody comes. */
const IN_VAIN_MS = 60_000;

/** How long a request waits: all of it, and that of it in which nobody need be at the queue. */
interface Patience {
  readonly standInSeconds: number;
  readonly standInUnattendedSeconds: number;
}

interface Asked extends AskedOne {
  /** Milliseconds since 1970, as the next. */
  readonly until: number;
  readonly unattendedUntil: number;
  readonly tell: (label: string | null) => void;
}

/** An answer of the champion. */
interface Given {
  readonly confidence: number;
  /** Of a regression, whose answers are never asked about: how sure it is, is what their intervals say. */
  readonly value?: number;
}

/**
 * While no model serves, people do, and where one is unsure: what is asked stands first in the review queue, and the request
 * waits for what they say, as long as the project's setting allows.
 */
@Injectable()
export class StandInService implements BeforeApplicationShutdown {
  private readonly log = new Logger('stand-in');
  private readonly asked = new Set<Asked>();
  /** Inputs of the requests that are under way here, by project. */
  private readonly waiting = new Map<string, number>();
  /** Until when (milliseconds since 1970) nobody waits unless somebody is at the queue, by project. */
  private readonly inVain = new Map<string, number>();
  private readonly settings = new Expiring<ProjectSettings>(5_000, (projectId) => this.store.settings(projectId));
  private isLooking = false;
  private isStopping = false;

  constructor(
    private readonly store: ServeStore,
    private readonly intake: PredictionIntake,
    private readonly jobs: JobQueue,
  ) {}

  /**
   * One result an input, in order; without a label where nobody answered in time. Throws {@link LoopError} `no-model` where
   * nobody answered any, or the project does not let people stand in.
   */
  async predict(projectId: string, inputs: readonly Input[]) {
    const patience = await this.store.settings(projectId);
    if (patience.standInSeconds === 0)
      throw new LoopError('no-model', 'No model serves this project yet; post predictions and feedback first.');
    if (inputs.length > this.room(projectId)) throw new LoopError('overloaded', 'Too many wait for people to answer.');
    const ids = inputs.map(() => newId());
    const asked = inputs.map((input, i) => ({ id: ids[i], ...unanswered(input) }));
    const labels = await this.ask({ projectId, ids, patience }, async () =>
      capturedIds(await this.intake.accept(projectId, asked)),
    );
    if (labels.size === 0) throw nobodyAnswered(ids);
    const { task } = await this.store.settings(projectId);
    return { results: ids.map((id) => personsAnswer(id, labels.get(id) ?? null, task)) };
  }

  /**
   * Captures answers of the champion, and gives what people say within the time of the labels that it is less sure of than the
   * project wants, by id of the prediction. Its own answer stands where there is none, and where too many wait already.
   * @param capture takes them in, under these ids where there are any, and gives their ids
   */
  async insteadOf(
    projectId: string,
    given: readonly Given[],
    capture: (ids?: readonly string[]) => Promise<readonly string[]>,
  ): Promise<{ ids: readonly string[]; said: ReadonlyMap<string, PersonsAnswer> }> {
    const patience = await this.settings.get(projectId);
    const { standInSeconds, standInBelow } = patience;
    const isUnsure = ({ value, confidence }: Given) => value === undefined && confidence < standInBelow;
    const places = given.flatMap((answer, i) => (standInSeconds > 0 && isUnsure(answer) ? [i] : []));
    const asked = places.slice(0, this.room(projectId));
    if (asked.length === 0) return { ids: await capture(), said: new Map() };
    const ids = given.map(() => newId());
    const labels = await this.ask({ projectId, ids: asked.map((i) => ids[i]!), patience }, () => capture(ids));
    const said = [...labels].map(([id, label]) => personsAnswer(id, label, 'classification'));
    return { ids, said: new Map(said.map((answer) => [answer.predictionId, answer])) };
  }

  /** Whoever waits is told that nobody answered: a server that stops waits for its requests. */
  beforeApplicationShutdown(): void {
    this.isStopping = true;
  }

  /** How many more may wait. */
  private room(projectId: string): number {
    return Math.max(0, LIMITS.waitingInputs - (this.waiting.get(projectId) ?? 0));
  }

  /**
   * What people say of these predictions within the time, by id. That somebody waits is noted before they are captured, so
   * that no reviewer takes them for anything else.
   */
  private async ask(
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

/** Ids of what was captured, in its order. */
export function capturedIds(outcomes: readonly Outcome[]): string[] {
  return outcomes.map((outcome) => {
    if (outcome.status !== 'rejected') return outcome.id;
    throw new LoopError('internal', 'What was asked was not captured.', [], { outcome });
  });
}

const unanswered = (input: Input) => ({ model: { name: OURS, version: 'none' }, input, output: null });

type PersonsAnswer = ReturnType<typeof personsAnswer>;

/** No model has its version, and how sure a person is, nobody has measured. */
function personsAnswer(predictionId: string, label: string | null, task: Task | null) {
  const said =
    task === 'regression' ? { value: label === null ? null : valueOf(label) } : { label, confidence: null, scores: {} };
  return { predictionId, ...said, modelVersion: null, answeredBy: 'person' as const };
}

function nobodyAnswered(ids: readonly string[]): LoopError {
  const errors = ids.map((id, i) => ({ pointer: `/inputs/${i}`, detail: `is kept as prediction ${id}` }));
  const detail = 'No model serves this project yet, and nobody answered in time.';
  return new LoopError('no-model', detail, errors);
}
