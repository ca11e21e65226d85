/** What a model said about one sample: its probabilities by class, and which class is true. */
export interface Said {
  readonly probabilities: ArrayLike<number>;
  readonly target: number;
}

const BINS = 15;
/** Temperatures that are looked at: e^-3 to e^3. */
const WIDEST = 3;
/** Each step leaves .618 of the range: the temperature is found to about a thousandth. */
const STEPS = 18;
const GOLDEN = (Math.sqrt(5) - 1) / 2;
const SMALLEST_PROBABILITY = 1e-12;

/** More samples say no more about one number. */
const MOST_SAMPLES = 2_000;

/**
 * The temperature T that makes softmax(ln p / T) most likely (Guo et al. 2017, arXiv 1706.04599): above 1 the model is
 * too sure of itself. The likelihood has one maximum over T, so a golden section search finds it (Kiefer 1953). Measured on
 * at most 2,000 samples, evenly spaced; 1 without samples.
 */
export function temperatureOf(said: readonly Said[]): number {
  if (said.length === 0) return 1;
  const every = Math.max(1, said.length / MOST_SAMPLES);
  const some = Array.from({ length: Math.floor(said.length / every) }, (_, i) => said[Math.floor(i * every)]!);
  const logs = some.map(({ probabilities, target }) => ({ logs: logsOf(probabilities), target }));
  const lossAt = (logT: number): number => logs.reduce((sum, one) => sum + lossOf(one, Math.exp(logT)), 0);
  let [low, high] = [-WIDEST, WIDEST];
  const [left, right] = [() => high - GOLDEN * (high - low), () => low + GOLDEN * (high - low)];
  let [ofLeft, ofRight] = [lossAt(left()), lossAt(right())];
  for (let step = 0; step < STEPS; step += 1) {
    if (ofLeft < ofRight) {
      high = right();
      [ofRight, ofLeft] = [ofLeft, lossAt(left())];
    } else {
      low = left();
      [ofLeft, ofRight] = [ofRight, lossAt(right())];
    }
  }
  return Math.exp((low + high) / 2);
}

/** Mean negative log likelihood of the true classes at a temperature; 0 without samples. */
export function meanLoss(said: readonly Said[], temperature = 1): number {
  let sum = 0;
  for (const { probabilities, target } of said) sum += lossOf({ logs: logsOf(probabilities), target }, temperature);
  return said.length === 0 ? 0 : sum / said.length;
}

/** A function of each value, asked once for equal ones that follow each other: nearly all are, in answers of an earlier run. */
function ofEach(values: ArrayLike<number>, valueOf: (value: number) => number): Float64Array {
  const results = new Float64Array(values.length);
  for (let c = 0; c < results.length; c += 1) {
    results[c] = c > 0 && values[c] === values[c - 1] ? results[c - 1]! : valueOf(values[c]!);
  }
  return results;
}

/** By index: an iterator over millions of numbers takes several times as long. */
function totalOf(values: Float64Array): number {
  let total = 0;
  for (let c = 0; c < values.length; c += 1) total += values[c]!;
  return total;
}

const logsOf = (probabilities: ArrayLike<number>): Float64Array =>
  ofEach(probabilities, (p) => Math.log(Math.max(p, SMALLEST_PROBABILITY)));

function lossOf({ logs, target }: { logs: Float64Array; target: number }, temperature: number): number {
  let most = -Infinity;
  for (let c = 0; c < logs.length; c += 1) if (logs[c]! > most) most = logs[c]!;
  const total = totalOf(ofEach(logs, (log) => Math.exp((log - most) / temperature)));
  return (most - logs[target]!) / temperature + Math.log(total);
}

/** The same answer at a temperature. */
export function atTemperature(probabilities: ArrayLike<number>, temperature: number): Float64Array {
  const powers = ofEach(probabilities, (p) => Math.max(p, SMALLEST_PROBABILITY) ** (1 / temperature));
  const total = totalOf(powers);
  for (let c = 0; c < powers.length; c += 1) powers[c]! /= total;
  return powers;
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
