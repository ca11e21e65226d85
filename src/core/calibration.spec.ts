import { describe, expect, it } from 'vitest';
import { atTemperature, calibrationError, meanLoss, type Said, temperatureOf } from './calibration.js';

const said = (target: number, ...probabilities: number[]): Said => ({ probabilities, target });

describe('temperatureOf', () => {
  it('makes nine in ten of answers that were given with .99 but are right in 9 of 10', () => {
    const answers = Array.from({ length: 10 }, (_, i) => said(i === 0 ? 1 : 0, 0.99, 0.01));
    const temperature = temperatureOf(answers);
    // ln 99 / T = ln 9
    expect(temperature).toBeCloseTo(Math.log(99) / Math.log(9), 2);
    expect(atTemperature([0.99, 0.01], temperature)[0]).toBeCloseTo(0.9, 3);
  });

  it('is below 1 for a model that is not sure enough, and 1 for one that is right or has no samples', () => {
    const timid = Array.from({ length: 10 }, (_, i) => said(i === 0 ? 1 : 0, 0.6, 0.4));
    expect(temperatureOf(timid)).toBeCloseTo(Math.log(1.5) / Math.log(9), 2);
    const right = Array.from({ length: 10 }, (_, i) => said(i === 0 ? 1 : 0, 0.9, 0.1));
    expect(temperatureOf(right)).toBeCloseTo(1, 2);
    expect(temperatureOf([])).toBe(1);
  });

  it('survives a probability of 0 for what is true', () => {
    expect(Number.isFinite(temperatureOf([said(1, 1, 0), said(0, 1, 0)]))).toBe(true);
  });
});

describe('meanLoss', () => {
  it('is the mean of -ln p', () => {
    expect(meanLoss([said(0, 0.5, 0.5), said(1, 0.75, 0.25)])).toBeCloseTo((Math.log(2) + Math.log(4)) / 2, 10);
  });

  it('is worked out at a temperature', () => {
    // squares of .8 and .2: .64 and .04, so p = .64 / .68
    expect(meanLoss([said(0, 0.8, 0.2)], 0.5)).toBeCloseTo(-Math.log(0.64 / 0.68), 10);
  });
});

describe('calibrationError', () => {
  it('is the distance of confidence from accuracy, bin by bin', () => {
    const answers = [
      { confidence: 0.9, isRight: true },
      { confidence: 0.9, isRight: false },
      { confidence: 0.5, isRight: true },
      { confidence: 1, isRight: true },
    ];
    // |1.8 - 1| + |.5 - 1| + 0, of 4
    expect(calibrationError(answers)).toBeCloseTo(1.3 / 4, 10);
    expect(calibrationError([])).toBeNull();
  });
});
