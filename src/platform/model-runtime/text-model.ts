import { type Input } from '../../core/input.js';
import { TEXT_FEATURES_VERSION } from '../../core/text-features.js';
import { InputMismatch, ModelFilesCorrupt } from './errors.js';
import { featuriserModule } from './featuriser-module.js';
import { type Activation, layersModelFiles, textTopology } from './layers-model.js';
import { bytesOf, fileOf, floatsOf, integersOf, jsonFile } from './model-files.js';
import { answersIn, softmaxInPlace } from './softmax.js';
import { weightedSum } from './sparse-rows.js';
import { TextFeaturiser } from './text-featuriser.js';
import type { Answer, ModelFiles, SummingModel } from './types.js';

/**
 * `featuriser.json` of a text model; `featuriser.bin` is rows - 1 int32 buckets, then as many float32 idf;
 * `featuriser.js` is the code that reads both in a browser.
 */
interface TextFeaturiserFile {
  readonly kind: 'text';
  readonly version: number;
  readonly hashSeed: number;
  readonly rows: number;
  readonly temperature?: number;
}

/** A text model's learned state: score of label c = sum over a text's rows r of weight * table[r * labels + c]. */
export interface TextWeights {
  readonly labels: readonly string[];
  readonly featuriser: TextFeaturiser;
  readonly table: Float32Array;
  /** The table was divided by it, so that confidences are true to what was measured; 1 where there is none. */
  readonly temperature: number;
}

/** The files of a text model but for the manifest. */
export function encodeTextModel(
  { labels, featuriser, table, temperature }: TextWeights,
  activation: Activation = 'softmax',
): ModelFiles {
  const { hashSeed, buckets, idf } = featuriser.vocabulary;
  const rows = featuriser.rows;
  const about: TextFeaturiserFile = { kind: 'text', version: TEXT_FEATURES_VERSION, hashSeed, rows, temperature };
  const weights = [{ name: 'table/embeddings', shape: [rows, labels.length], values: table }];
  const files = layersModelFiles(textTopology(rows, labels.length, activation), weights);
  files.set('featuriser.bin', Buffer.concat([bytesOf(buckets), bytesOf(idf)]));
  files.set('featuriser.json', jsonFile(about));
  files.set('featuriser.js', featuriserModule());
  return files;
}

export function decodeTextModel(files: ModelFiles, labels: readonly string[]): TextWeights {
  const about = JSON.parse(fileOf(files, 'featuriser.json').toString('utf8')) as TextFeaturiserFile;
  if (about.version !== TEXT_FEATURES_VERSION) {
    throw new ModelFilesCorrupt(`text features of version ${about.version}, this code knows ${TEXT_FEATURES_VERSION}`);
  }
  const body = fileOf(files, 'featuriser.bin');
  const half = body.length / 2;
  const vocabulary = {
    hashSeed: about.hashSeed,
    buckets: integersOf(body.subarray(0, half)),
    idf: floatsOf(body.subarray(half)),
  };
  return {
    labels,
    featuriser: new TextFeaturiser(vocabulary),
    table: floatsOf(fileOf(files, 'weights.bin')),
    temperature: about.temperature ?? 1,
  };
}

/** Serves a text model without TensorFlow.js: a few table rows summed. */
export class TextModel implements SummingModel {
  readonly kind = 'text';
  readonly labels: readonly string[];
  private readonly answer: (probabilities: Float64Array) => Answer;

  constructor(private readonly weights: TextWeights) {
    this.labels = weights.labels;
    this.answer = answersIn(this.labels);
  }

  async predict(inputs: readonly Input[]): Promise<Answer[]> {
    return (await this.sums(inputs)).map((sums) => {
      softmaxInPlace(sums);
      return this.answer(sums);
    });
  }

  async sums(inputs: readonly Input[]): Promise<Float64Array[]> {
    return inputs.map((input, index) => {
      if (!('text' in input)) throw new InputMismatch(index, 'a text');
      return this.sumsOf(input.text);
    });
  }

  dispose(): void {}

  private sumsOf(text: string): Float64Array {
    const { featuriser, table, labels } = this.weights;
    return weightedSum(featuriser.featurise(text), table, labels.length);
  }
}
