import type { Input } from '../../core/input.js';
import { Base } from './base.js';
import { fileOf } from './model-files.js';
import { answerOf } from './softmax.js';
import type { Answer, ModelFiles, ServedModel } from './types.js';
import type { ForeignFeaturiser } from './foreign-output.js';

/** Serves a whole LayersModel that another program made, by TensorFlow.js. */
export class ForeignModel implements ServedModel {
  private constructor(
    readonly kind: 'vector' | 'image',
    readonly labels: readonly string[],
    private readonly whole: Base,
  ) {}

  static async open(files: ModelFiles, labels: readonly string[]): Promise<ForeignModel> {
    const { input } = JSON.parse(fileOf(files, 'featuriser.json').toString('utf8')) as ForeignFeaturiser;
    const spec = { format: 'layers-model', input, outputLayer: null, isWhole: true } as const;
    return new ForeignModel(input.kind, labels, await Base.open(files, spec));
  }

  async predict(inputs: readonly Input[]): Promise<Answer[]> {
    return (await this.whole.activations(inputs)).map((scores) => answerOf(this.labels, Float64Array.from(scores)));
  }

  dispose(): void {
    this.whole.dispose();
  }
}
