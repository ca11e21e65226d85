import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { LoopError } from '../core/errors.js';
import type { Input } from '../core/input.js';
import { OURS } from '../core/prediction-row.js';
import { PredictionIntake } from '../jobs.js';
import { Expiring } from '../platform/expiring.js';
import { type Answer, InputMismatch, ModelRuntime, type ServedModel } from '../platform/model-runtime/model-runtime.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { type ServedVersion, ServeStore, type ServingVersion } from './serve.store.js';
import { capturedIds, StandInService } from './stand-in.service.js';

/** How long a promotion may go unnoticed. */
const FOLLOW_MS = 1_000;
/** Of all champions in memory. Beyond, the one that was not asked for longest is let go, and read again when it is. */
const MOST_BYTES = 2 ** 30;
/** Answers that are under way when a model is let go are given by then. */
const LAST_ANSWERS_MS = 30_000;
/** The best scores that are kept with a captured answer. */
const KEPT_SCORES = 10;

interface Champion extends ServedVersion {
  readonly model: ServedModel;
}

/** Answers with the champion, and captures each answer: the loop begins again here. */
@Injectable()
export class ServeService {
  private readonly versions = new Expiring(FOLLOW_MS, (projectId) => this.served(projectId));
  private readonly loaded = new LRUCache<string, Promise<Champion>>({ maxSize: MOST_BYTES, dispose: letGo });

  constructor(
    private readonly store: ServeStore,
    private readonly runtime: ModelRuntime,
    private readonly objects: ObjectStore,
    private readonly intake: PredictionIntake,
    private readonly standIn: StandInService,
  ) {}

  /**
   * One result an input, in order; each is committed as a prediction before it is given. Before there is a model, and where
   * it is unsure, people may answer.
   */
  async predict(projectId: string, inputs: readonly Input[]) {
    const champion = await this.champion(projectId);
    if (!champion) return this.standIn.predict(projectId, inputs);
    const { version, model } = champion;
    const answers = await this.answer(model, inputs);
    const capture = async (chosen?: readonly string[]) => {
      const items = inputs.map((input, i) => captured(input, answers[i]!, version, chosen?.[i]));
      return capturedIds(await this.intake.accept(projectId, items));
    };
    const { ids, said } = await this.standIn.insteadOf(projectId, answers, capture);
    return {
      results: answers.map((answer, i) => {
        const predictionId = ids[i]!;
        return said.get(predictionId) ?? { predictionId, ...shown(answer), modelVersion: version };
      }),
    };
  }

  /** A file of a version (or of the champion, and then of which), as tf.loadLayersModel asks for it. */
  async file(projectId: string, version: number | 'champion', name: string) {
    const served =
      version === 'champion' ? await this.versions.get(projectId) : await this.store.version(projectId, version);
    if (!served) {
      if (version === 'champion') throw new LoopError('no-model', 'No model serves this project yet.');
      throw new LoopError('not-found', `There is no model version ${version} in this project.`);
    }
    const file = await this.objects.find(`${served.prefix}${name}`);
    if (!file) throw new LoopError('not-found', `Version ${served.version} has no file ${name}.`);
    const isPinned = version === 'champion' && name === 'model.json';
    return { version: served.version, bytes: isPinned ? pinned(file, served.version) : file };
  }

  private async answer(model: ServedModel, inputs: readonly Input[]): Promise<Answer[]> {
    try {
      return await model.predict(inputs);
    } catch (error) {
      if (!(error instanceof InputMismatch)) throw error;
      const pointer = `/inputs/${error.index}`;
      throw new LoopError('invalid-request', `${pointer} ${error.message}.`, [{ pointer, detail: error.message }]);
    }
  }

  /** "Nobody serves" is not remembered: the first model answers as soon as it is promoted. */
  private async served(projectId: string): Promise<ServingVersion | undefined> {
    const served = await this.store.champion(projectId);
    if (!served) this.versions.forget(projectId);
    return served;
  }

  private async champion(projectId: string): Promise<Champion | undefined> {
    const version = await this.versions.get(projectId);
    if (!version) return undefined;
    const held = await this.loaded.get(projectId);
    if (held?.version === version.version) return held;
    return this.load(projectId, version);
  }

  /** Requests that come during a load share it. */
  private load(projectId: string, version: ServingVersion): Promise<Champion> {
    const loading = this.runtime.load(this.objects, version.prefix).then((model): Champion => ({ ...version, model }));
    this.loaded.set(projectId, loading, { size: Math.min(version.bytes, MOST_BYTES) });
    loading.catch(() => this.loaded.delete(projectId));
    return loading;
  }
}

function letGo(champion: Promise<Champion>): void {
  champion.then(
    ({ model }) => setTimeout(() => model.dispose(), LAST_ANSWERS_MS).unref(),
    () => undefined, // It was never there.
  );
}

/** The champion may change between two requests of a browser, so its model.json names the files of its own version. */
function pinned(modelJson: Buffer, version: number): Buffer {
  const model = JSON.parse(modelJson.toString('utf8')) as { weightsManifest: { paths: string[] }[] };
  for (const group of model.weightsManifest) group.paths = group.paths.map((path) => `../${version}/${path}`);
  return Buffer.from(JSON.stringify(model));
}

/** A label with its scores, or a value with the interval that holds the truth. */
function shown({ value, interval, ...answer }: Answer) {
  return value === undefined ? answer : { value, ...(interval ? { interval } : {}) };
}

function captured(input: Input, answer: Answer, version: number, id?: string) {
  return { ...(id && { id }), model: { name: OURS, version: String(version) }, input, output: outputOf(answer) };
}

function outputOf({ label, value, confidence, scores }: Answer) {
  if (value !== undefined) return { value };
  const best = Object.entries(scores)
    .sort(([, a], [, b]) => b - a)
    .slice(0, KEPT_SCORES);
  return { label, confidence, scores: Object.fromEntries(best) };
}
