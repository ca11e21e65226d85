import { Injectable } from '@nestjs/common';
import { compare, type HoldoutAnswers } from '../core/comparison.js';
import type { Input } from '../core/input.js';
import { promoteModel } from '../jobs.js';
import { InputMismatch, ModelRuntime, type ServedModel } from '../platform/model-runtime/model-runtime.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { readSnapshot } from '../platform/object-store/snapshot-reader.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { EvaluateStore } from './evaluate.store.js';

/** Inputs answered between two turns of the event loop. */
const CHUNK = 64;
/** No label: those have at least one character. */
const NO_ANSWER = '';

/** Is it better, and where is it worse? */
@Injectable()
export class EvaluateService {
  constructor(
    private readonly store: EvaluateStore,
    private readonly runtime: ModelRuntime,
    private readonly objects: ObjectStore,
    private readonly jobs: JobQueue,
  ) {}

  /** Champion and challenger answer the holdout of the challenger's snapshot, which neither was trained on. */
  async evaluate(projectId: string, version: number): Promise<void> {
    const contest = await this.store.contest(projectId, version);
    if (!contest) return;
    const holdout = await readSnapshot(this.objects, contest.manifestKey, ({ split }) => split === 'holdout');
    const inputs = holdout.map(({ input }) => input);
    const challenger = await this.answers(contest.challenger, inputs);
    const champion = contest.champion && (await this.answers(contest.champion, inputs));
    await this.store.save(projectId, contest, version, compare(holdout, challenger, champion));
    await this.jobs.hint(promoteModel, { projectId, version });
  }

  private async answers(
    { version, prefix }: { version: number; prefix: string },
    inputs: readonly Input[],
  ): Promise<HoldoutAnswers> {
    const model = await this.runtime.load(this.objects, prefix);
    try {
      const answers: string[] = [];
      for (let start = 0; start < inputs.length; start += CHUNK) {
        answers.push(...(await labelsOf(model, inputs.slice(start, start + CHUNK))));
        await new Promise((resolve) => setImmediate(resolve));
      }
      return { version, answers };
    } finally {
      model.dispose();
    }
  }
}

/** An input that the model cannot read has no answer, which is a wrong one, and keeps no other from being judged. */
async function labelsOf(model: ServedModel, inputs: readonly Input[]): Promise<string[]> {
  try {
    return (await model.predict(inputs)).map(({ label }) => label);
  } catch (error) {
    if (!(error instanceof InputMismatch)) throw error;
    if (inputs.length === 1) return [NO_ANSWER];
    return (await Promise.all(inputs.map((input) => labelsOf(model, [input])))).flat();
  }
}
