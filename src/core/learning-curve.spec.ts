import { describe, expect, it } from 'vitest';
import { outlookOf } from './learning-curve.js';

/** Error 2 / sqrt(n): .2 at 100, .1 at 400. */
const points = [100, 200, 400, 800, 1_600].map((samples) => ({ samples, accuracy: 1 - 2 / Math.sqrt(samples) }));

describe('outlookOf', () => {
  it('extends a curve that is exactly a power', () => {
    const { samples, accuracy, low, high } = outlookOf(points, 900)!;
    expect(samples).toBe(2_500);
    expect(accuracy).toBeCloseTo(0.96, 6);
    expect(high - low).toBeLessThan(1e-6);
  });

  it('is the less sure the more the versions scatter', () => {
    const scattered = points.map((point, i) => ({ ...point, accuracy: point.accuracy + (i % 2 ? 0.01 : -0.01) }));
    const { accuracy, low, high } = outlookOf(scattered, 900)!;
    expect(low).toBeLessThan(0.96);
    expect(high).toBeGreaterThan(0.96);
    expect(high - low).toBeGreaterThan(0.01);
    expect(accuracy).toBeGreaterThan(low);
  });

  it('says nothing from few versions, or where all learnt from as many', () => {
    expect(outlookOf(points.slice(0, 3), 500)).toBeNull();
    expect(outlookOf(Array(5).fill(points[0]), 500)).toBeNull();
    expect(outlookOf([], 500)).toBeNull();
  });

  it('has an answer where nothing was wrong', () => {
    const perfect = points.map(({ samples }) => ({ samples, accuracy: 1 }));
    expect(outlookOf(perfect, 500)!.accuracy).toBeCloseTo(0.999, 6);
  });
});
