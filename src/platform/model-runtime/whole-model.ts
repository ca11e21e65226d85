import type { Input } from '../../core/input.js';
import type { BaseInput } from '../../core/base-model.js';
import { Base } from './base.js';
import { type BaseInputs, decodeDenseModel } from './dense-model.js';
import { fileOf } from './model-files.js';
import { answerOf } from './softmax.js';
import type { Answer, ModelFiles, SummingModel } from './types.js';
import type { ForeignFeaturiser } from './foreign-output.js';

/** Serves a whole LayersModel by TensorFlow.js: one that another program made, or a base that was trained on. */
export class WholeModel implements SummingModel {
  private constructor(
    readonly kind: 'vector' | 'image',
    readonly labels: readonly string[],
    private readonly whole: Base,
  ) {}

  static ofForeign(files: ModelFiles, labels: readonly string[]): Promise<WholeModel> {
    const { input } = JSON.parse(fileOf(files, 'featuriser.json').toString('utf8')) as ForeignFeaturiser;
    return WholeModel.open(files, labels, input);
  }

  static ofThawed(files: ModelFiles, labels: readonly string[]): Promise<WholeModel> {
    const { inputs } = decodeDenseModel(files, labels);
    return WholeModel.open(files, labels, (inputs as BaseInputs).spec.input);
  }

  private static async open(files: ModelFiles, labels: readonly string[], input: BaseInput): Promise<WholeModel> {
    const spec = { format: 'layers-model', input, outputLayer: null, isWhole: true } as const;
    return new WholeModel(input.kind, labels, await Base.open(files, spec));
  }

  async predict(inputs: readonly Input[]): Promise<Answer[]> {
    return (await this.sums(inputs)).map((scores) => answerOf(this.labels, scores));
  }

  /** What its last layer says: probabilities by label, or one value. */
  async sums(inputs: readonly Input[]): Promise<Float64Array[]> {
    return (await this.whole.activations(inputs)).map((scores) => Float64Array.from(scores));
  }

  dispose(): void {
    this.whole.dispose();
  }
}
