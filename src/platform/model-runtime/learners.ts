import { decodeDenseModel } from './dense-model.js';
import { denseLearners } from './dense-learner.js';
import type { Goal } from './goal.js';
import type { Learner } from './learner.js';
import type { Parent } from './lesson.js';
import type { ReadSamples } from './read-samples.js';
import { decodeTextModel } from './text-model.js';
import { textLearner } from './text-learner.js';
import type { TrainingPace } from './training-pace.js';

/** Candidates, the simplest first. */
export async function learnersOf(
  { inputs, usable }: ReadSamples,
  goal: Goal,
  pace: TrainingPace,
  parent?: Parent,
): Promise<Learner[]> {
  if (inputs) {
    const numbers = usable.map((sample) => sample.numbers);
    return denseLearners(numbers, { goal, inputs }, pace, parent && decodeDenseModel(parent.files, parent.labels));
  }
  const texts = usable.map(({ sample }) => (sample.input as { text: string }).text);
  return [await textLearner(texts, goal, pace, parent && decodeTextModel(parent.files, parent.labels))];
}
