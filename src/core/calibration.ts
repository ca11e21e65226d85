/** What a model said about one sample: its probabilities by class, and which class is true. */
export interface Said {
  readonly probabilities: ArrayLike<number>;
  readonly target: number;
}

const BINS = 15;
/** Temperatures that are looked at: e^-3 to e^3. */
const WIDEST = 3;
/** Each step leaves two thirds of the range: the temperature is found to about a thousandth. */
const STEPS = 22;
const SMALLEST_PROBABILITY = 1e-12;

/** More samples say no more about one number. */
const MOST_SAMPLES = 2_000;

/**
 * The temperature T that makes softmax(ln p / T) most likely (Guo et al. 2017, arXiv 1706.04599): above 1 the model is
 * too sure of itself. The likelihood has one maximum over T, so a search by thirds finds it. Measured on at most 2,000
 * samples, evenly spaced; 1 without samples.
 */
export function temperatureOf(said: readonly Said[]): number {
  if (said.length === 0) return 1;
  const every = Math.max(1, said.length / MOST_SAMPLES);
  const some = Array.from({ length: Math.floor(said.length / every) }, (_, i) => said[Math.floor(i * every)]!);
  const logs = some.map(({ probabilities, target }) => ({ logs: logsOf(probabilities), target }));
  const lossAt = (logT: number): number => logs.reduce((sum, one) => sum + lossOf(one, Math.exp(logT)), 0);
  let [low, high] = [-WIDEST, WIDEST];
  for (let step = 0; step < STEPS; step += 1) {
    const third = (high - low) / 3;
    if (lossAt(low + third) < lossAt(high - third)) high -= third;
    else low += third;
  }
  return Math.exp((low + high) / 2);
}

/** Mean negative log likelihood of the true classes at a temperature; 0 without samples. */
export function meanLoss(said: readonly Said[], temperature = 1): number {
  let sum = 0;
  for (const { probabilities, target } of said) sum += lossOf({ logs: logsOf(probabilities), target }, temperature);
  return said.length === 0 ? 0 : sum / said.length;
}

const logsOf = (probabilities: ArrayLike<number>): Float64Array =>
  Float64Array.from(probabilities, (p) => Math.log(Math.max(p, SMALLEST_PROBABILITY)));

function lossOf({ logs, target }: { logs: Float64Array; target: number }, temperature: number): number {
  let most = -Infinity;
  for (const log of logs) most = Math.max(most, log);
  let total = 0;
  for (const log of logs) total += Math.exp((log - most) / temperature);
  return (most - logs[target]!) / temperature + Math.log(total);
}

/** The same answer at a temperature. */
export function atTemperature(probabilities: ArrayLike<number>, temperature: number): Float64Array {
  const powers = Float64Array.from(probabilities, (p) => Math.max(p, SMALLEST_PROBABILITY) ** (1 / temperature));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/**
 * Expected calibration error: the mean distance of confidence from accuracy over 15 bins of equal width, weighted by
 * their samples (Guo et al. 2017, section 2). Null without samples.
 */
export function calibrationError(answers: readonly { confidence: number; isRight: boolean }[]): number | null {
  const bins = Array.from({ length: BINS }, () => ({ confidence: 0, right: 0 }));
  for (const { confidence, isRight } of answers) {
    const bin = bins[Math.min(BINS - 1, Math.floor(confidence * BINS))]!;
    bin.confidence += confidence;
    bin.right += isRight ? 1 : 0;
  }
  const distance = bins.reduce((sum, { confidence, right }) => sum + Math.abs(confidence - right), 0);
  return answers.length === 0 ? null : distance / answers.length;
}
