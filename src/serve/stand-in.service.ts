import { Injectable } from '@nestjs/common';
import { LoopError } from '../core/errors.js';
import { newId } from '../core/ids.js';
import type { Input } from '../core/input.js';
import type { Outcome } from '../core/outcome.js';
import { OURS } from '../core/prediction-row.js';
import type { ProjectSettings } from '../core/settings.js';
import { type Task, valueOf } from '../core/task.js';
import { PredictionIntake } from '../jobs.js';
import { Expiring } from '../platform/expiring.js';
import { PeopleService } from './people.service.js';
import { ServeStore } from './serve.store.js';

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
export class StandInService {
  private readonly settings = new Expiring<ProjectSettings>(5_000, (projectId) => this.store.settings(projectId));

  constructor(
    private readonly store: ServeStore,
    private readonly intake: PredictionIntake,
    private readonly people: PeopleService,
  ) {}

  /**
   * One result an input, in order; without a label where nobody answered in time. Throws {@link LoopError} `no-model` where
   * nobody answered any, or the project does not let people stand in.
   */
  async predict(projectId: string, inputs: readonly Input[]) {
    const patience = await this.store.settings(projectId);
    if (patience.standInSeconds === 0)
      throw new LoopError('no-model', 'No model serves this project yet; post predictions and feedback first.');
    if (inputs.length > this.people.room(projectId))
      throw new LoopError('overloaded', 'Too many wait for people to answer.');
    const ids = inputs.map(() => newId());
    const asked = inputs.map((input, i) => ({ id: ids[i], ...unanswered(input) }));
    const labels = await this.people.ask({ projectId, ids, patience }, async () =>
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
    const asked = places.slice(0, this.people.room(projectId));
    if (asked.length === 0) return { ids: await capture(), said: new Map() };
    const ids = given.map(() => newId());
    const labels = await this.people.ask({ projectId, ids: asked.map((i) => ids[i]!), patience }, () => capture(ids));
    const said = [...labels].map(([id, label]) => personsAnswer(id, label, 'classification'));
    return { ids, said: new Map(said.map((answer) => [answer.predictionId, answer])) };
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
