import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { LoopError } from '../core/errors.js';
import type { Input } from '../core/input.js';
import { LIMITS } from '../core/limits.js';
import type { Outcome } from '../core/outcome.js';
import { OURS } from '../core/prediction-row.js';
import { type Task, valueOf } from '../core/task.js';
import { notify, PredictionIntake } from '../jobs.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { ServeStore } from './serve.store.js';

/** People take seconds: one look for all who wait, so that the cost does not grow with them. */
const LOOK_EVERY_MS = 250;

interface Asked {
  readonly projectId: string;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly tell: (label: string | null) => void;
}

/**
 * While no model serves, people do: what is asked is captured without an answer, stands first in the review queue, and the
 * request waits for what they say, as long as the project's setting allows.
 */
@Injectable()
export class StandInService implements BeforeApplicationShutdown {
  private readonly log = new Logger('stand-in');
  private readonly asked = new Set<Asked>();
  /** Inputs of the requests that are under way here, by project. */
  private readonly waiting = new Map<string, number>();
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
    const { standInSeconds } = await this.store.settings(projectId);
    if (standInSeconds === 0)
      throw new LoopError('no-model', 'No model serves this project yet; post predictions and feedback first.');
    this.count(projectId, inputs.length);
    try {
      return { results: await this.answers(projectId, inputs, standInSeconds) };
    } finally {
      this.count(projectId, -inputs.length);
    }
  }

  /** Whoever waits is told that nobody answered: a server that stops waits for its requests. */
  beforeApplicationShutdown(): void {
    this.isStopping = true;
  }

  private count(projectId: string, inputs: number): void {
    const waiting = (this.waiting.get(projectId) ?? 0) + inputs;
    if (waiting > LIMITS.waitingInputs) throw new LoopError('overloaded', 'Too many wait for people to answer.');
    this.waiting.set(projectId, waiting);
  }

  private async answers(projectId: string, inputs: readonly Input[], seconds: number) {
    const ids = capturedIds(await this.intake.accept(projectId, inputs.map(unanswered)));
    void this.jobs.hint(notify, {});
    const labels = await this.wait(projectId, ids, Date.now() + seconds * 1_000);
    if (labels.every((label) => label === null)) throw nobodyAnswered(ids);
    const { task } = await this.store.settings(projectId);
    return labels.map((label, i) => ({ predictionId: ids[i]!, ...answerOf(label, task), ...BY_A_PERSON }));
  }

  private async wait(projectId: string, ids: readonly string[], until: number): Promise<(string | null)[]> {
    const told = ids.map((id) => new Promise<string | null>((tell) => this.asked.add({ projectId, id, until, tell })));
    if (!this.isLooking) void this.look();
    return Promise.all(told);
  }

  private async look(): Promise<void> {
    this.isLooking = true;
    while (this.asked.size > 0) {
      await sleep(LOOK_EVERY_MS);
      const asked = [...this.asked];
      const labels = await this.labels(asked);
      asked.forEach((one, i) => {
        const label = labels[i] ?? null;
        if (label === null && !this.isStopping && Date.now() < one.until) return;
        this.asked.delete(one);
        one.tell(label);
      });
    }
    this.isLooking = false;
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

/** No model has this version, and how sure a person is, nobody has measured. */
const BY_A_PERSON = { modelVersion: null, answeredBy: 'person' } as const;

const unanswered = (input: Input) => ({ model: { name: OURS, version: 'none' }, input, output: null });

const answerOf = (label: string | null, task: Task | null) =>
  task === 'regression' ? { value: label === null ? null : valueOf(label) } : { label, confidence: null, scores: {} };

function nobodyAnswered(ids: readonly string[]): LoopError {
  const errors = ids.map((id, i) => ({ pointer: `/inputs/${i}`, detail: `is kept as prediction ${id}` }));
  const detail = 'No model serves this project yet, and nobody answered in time.';
  return new LoopError('no-model', detail, errors);
}
