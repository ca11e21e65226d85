import type { Input } from '../../core/input.js';
import type { ForeignInput } from '../../core/base-model.js';
import { TEXT_FEATURES_VERSION } from '../../core/text-features.js';
import { type BaseInputs, decodeDenseModel } from './dense-model.js';
import { ModelFilesCorrupt } from './errors.js';
import { fileOf } from './model-files.js';
import { ServedBase } from './served-base.js';
import { answersIn } from './softmax.js';
import type { Answer, ModelFiles, ModelKind, SummingModel } from './types.js';
import type { ForeignFeaturiser } from './foreign-output.js';
import { TEXT_INPUTS } from './text-inputs.js';

/** Serves a whole LayersModel by TensorFlow.js: one that another program made, or a base that was trained on. */
export class WholeModel implements SummingModel {
  private readonly answer: (probabilities: Float64Array) => Answer;

  private constructor(
    readonly kind: ModelKind,
    readonly labels: readonly string[],
    private readonly whole: ServedBase,
  ) {
    this.answer = answersIn(labels);
  }

  static ofForeign(files: ModelFiles, labels: readonly string[]): Promise<WholeModel> {
    const { input } = JSON.parse(fileOf(files, 'featuriser.json').toString('utf8')) as ForeignFeaturiser;
    if (input.kind === 'text' && (input.version !== TEXT_FEATURES_VERSION || input.size !== TEXT_INPUTS))
      throw new ModelFilesCorrupt(
        `texts of version ${input.version} in ${input.size} numbers, which this code does not know`,
      );
    return WholeModel.open(files, labels, input);
  }

  static ofThawed(files: ModelFiles, labels: readonly string[]): Promise<WholeModel> {
    const { inputs } = decodeDenseModel(files, labels);
    return WholeModel.open(files, labels, (inputs as BaseInputs).spec.input);
  }

  private static async open(files: ModelFiles, labels: readonly string[], input: ForeignInput): Promise<WholeModel> {
    const spec = { format: 'layers-model', input, outputLayer: null, isWhole: true } as const;
    return new WholeModel(input.kind, labels, await ServedBase.open(files, spec));
  }

  async predict(inputs: readonly Input[]): Promise<Answer[]> {
    return (await this.sums(inputs)).map(this.answer);
  }

  /** What its last layer says: probabilities by label, or one value. */
  async sums(inputs: readonly Input[]): Promise<Float64Array[]> {
    return (await this.whole.activations(inputs)).map((scores) => Float64Array.from(scores));
  }

  dispose(): void {
    this.whole.dispose();
  }
}
