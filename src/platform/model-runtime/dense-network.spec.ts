import { describe, expect, it } from 'vitest';
import {
  type DenseNetwork,
  forward,
  onRawInputs,
  onStandardInputs,
  standardise,
  standardOf,
  warmNetwork,
} from './dense-network.js';
import { seededRandom } from './random.js';

const aNetwork: DenseNetwork = [
  { inputs: 2, units: 2, kernel: Float32Array.of(1, -1, 2, 0), bias: Float32Array.of(0.5, 0) },
  { inputs: 2, units: 2, kernel: Float32Array.of(1, 0, 0, 3), bias: Float32Array.of(0, 1) },
];

describe('a dense network', () => {
  it('is worked out by hand', () => {
    // hidden sums: 3 * 1 + -1 * 2 + 0.5 = 1.5 and -3; relu: 1.5 and 0
    expect([...forward(aNetwork, [3, -1])]).toEqual([1.5, 1]);
  });

  it('is the same function of raw inputs once the standardisation is folded in', () => {
    const rows = Float32Array.of(1, 10, 2, 30, 6, 20);
    const standard = standardOf(rows, 2);
    const raw = onRawInputs(aNetwork, standard);
    const standardised = rows.slice();
    standardise(standardised, standard);
    for (const row of [0, 1, 2]) {
      const expected = forward(aNetwork, standardised.subarray(2 * row, 2 * row + 2));
      forward(raw, rows.subarray(2 * row, 2 * row + 2)).forEach((sum, c) => expect(sum).toBeCloseTo(expected[c]!, 5));
    }
    onStandardInputs(raw, standard)[0]!.bias.forEach((b, c) => expect(b).toBeCloseTo(aNetwork[0]!.bias[c]!, 5));
  });

  it('keeps half of the parent and gives a new label a column of zeros', () => {
    const [, last] = warmNetwork(aNetwork, [0, 2], 3, seededRandom(1));
    expect([...last!.kernel].filter((_, i) => i % 3 === 1)).toEqual([0, 0]);
    expect([...last!.bias]).toEqual([0, 0, 0.5]);
    expect(last!.kernel[5]).toBeCloseTo(1.5, 0);
  });
});

describe('standardOf', () => {
  it('is mean and population deviation, and 1 for an input that never varies', () => {
    const { mean, deviation } = standardOf(Float32Array.of(1, 5, 3, 5), 2);
    expect([...mean]).toEqual([2, 5]);
    expect([...deviation]).toEqual([1, 1]);
  });
});
