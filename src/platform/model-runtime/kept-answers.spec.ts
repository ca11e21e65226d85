import { describe, expect, it } from 'vitest';
import { atTemperature, type Said } from '../../core/calibration.js';
import type { Input } from '../../core/input.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { keepAnswers, type KeptAnswers, readKept, toldBefore } from './kept-answers.js';

const LABELS = Array.from({ length: 12 }, (_, c) => `label ${String(c).padStart(2, '0')}`);
const COUNT = 40;

const aSample = (i: number, over: Partial<SnapshotSample> = {}): SnapshotSample => ({
  sampleId: `s${i}`,
  label: LABELS[i % LABELS.length]!,
  split: 'train',
  groupHash: `g${i}`,
  contentHash: '',
  revision: String(i + 1),
  input: { text: String(i) },
  ...over,
});
const samplesTo = (count: number): SnapshotSample[] => Array.from({ length: count }, (_, i) => aSample(i));

/** Half for one label, a quarter for the next, and so on round. */
const halves = (i: number): number[] => LABELS.map((_, c) => 2 ** -(((c - i + 48) % 12) + 1) / (1 - 2 ** -12));
const ANSWERS: Said[] = samplesTo(COUNT).map((_, i) => ({ probabilities: halves(i), target: i % 12 }));

/** Says of every text that it is the first label, with .89, and keeps what it was asked. */
function parentOf(asked: string[] = []) {
  const scores = Object.fromEntries(LABELS.map((label, c) => [label, c === 0 ? 0.89 : 0.01]));
  return async (inputs: readonly Input[]) => {
    asked.push(...inputs.map((input) => (input as { text: string }).text));
    return inputs.map(() => ({ scores }));
  };
}

const kept = (over: Partial<KeptAnswers> = {}): KeptAnswers => ({
  ...keepAnswers(LABELS, samplesTo(COUNT), { answers: ANSWERS, since: [], believed: [], isCleaned: true }, 2),
  ...over,
});

describe('answers that were kept', () => {
  it('are the same but for the labels that are hardly thought of, which share what is left', async () => {
    const told = await toldBefore(samplesTo(COUNT), LABELS, readKept(JSON.stringify(kept()))!, parentOf());
    expect(told).toMatchObject({ since: [], isCleaned: true });
    told!.answers.forEach(({ probabilities, target }, i) => {
      expect(target).toBe(i % 12);
      const expected = halves(i);
      expected.forEach((p, c) => expect(probabilities[c]).toBeCloseTo(p > 1 / 300 ? p : (2 ** -8 - 2 ** -12) / 4, 4));
    });
  });

  it('stand, and of what is younger the parent is asked, before its temperature', async () => {
    const asked: string[] = [];
    const told = await toldBefore(samplesTo(COUNT + 4), LABELS, kept(), parentOf(asked));
    expect(asked).toEqual(['40', '41', '42', '43']);
    expect(told!.since).toEqual([40, 41, 42, 43]);
    const fresh = told!.answers[COUNT + 1]!;
    expect(fresh.target).toBe((COUNT + 1) % 12);
    const again = atTemperature(fresh.probabilities, 2);
    expect(again[0]).toBeCloseTo(0.89, 6);
    expect(fresh.probabilities[0]).toBeGreaterThan(0.99);
  });

  it('stand for what is nearly the same and younger: the parent has seen that', async () => {
    const asked: string[] = [];
    const samples = [...samplesTo(COUNT), aSample(50, { groupHash: 'g3' })];
    const told = await toldBefore(samples, LABELS, kept(), parentOf(asked));
    expect(asked).toEqual([]);
    expect(told!.answers.at(-1)!.probabilities).toEqual(told!.answers[3]!.probabilities);
  });

  it('take the label that a sample has today', async () => {
    const samples = samplesTo(COUNT).map((sample, i) =>
      i === 7 ? { ...sample, label: LABELS[1]!, revision: '99' } : sample,
    );
    expect((await toldBefore(samples, LABELS, kept(), parentOf()))!.answers[7]!.target).toBe(1);
  });

  it('stand where a label has come, which is believed: the parent would doubt it', async () => {
    const labels = ['a new label', ...LABELS];
    const samples = [
      ...samplesTo(COUNT).map((sample, i) => (i === 5 ? { ...sample, label: labels[0]!, revision: '98' } : sample)),
      aSample(COUNT, { label: labels[0]!, revision: '99' }),
      aSample(COUNT + 1, { revision: '99' }),
    ];
    const asked: string[] = [];
    const told = (await toldBefore(samples, labels, kept(), parentOf(asked)))!;
    expect(asked).toEqual([String(COUNT + 1)]);
    expect(told).toMatchObject({ since: [5, COUNT, COUNT + 1], believed: [5, COUNT] });
    for (const i of [5, COUNT])
      expect(told.answers[i]).toEqual({
        probabilities: Float32Array.from(labels, (_, c) => (c === 0 ? 1 : 0)),
        target: 0,
      });
    const [older] = (await toldBefore(samplesTo(COUNT), LABELS, kept(), parentOf()))!.answers;
    expect(told.answers[0]).toEqual({
      probabilities: Float32Array.of(0, ...Array.from(older!.probabilities)),
      target: 1,
    });
    expect(told.answers.at(-1)!.probabilities[0]).toBeCloseTo(0, 12);
  });

  it('go on believing it when a model knows it, which has learnt it from them', async () => {
    const samples = samplesTo(COUNT).map((sample, i) =>
      i === 5 ? { ...sample, label: LABELS[0]!, revision: '98' } : sample,
    );
    const told = await toldBefore(samples, LABELS, kept({ since: [4, 5], believed: [4, 5] }), parentOf());
    expect(told).toMatchObject({ believed: [4, 5] });
    expect(told!.answers[4]).toMatchObject({ target: 4 });
    expect(told!.answers[5]!.probabilities[0]).toBe(1);
  });

  it('do not stand where labels have gone, or an older sample was not among them', async () => {
    expect(await toldBefore(samplesTo(COUNT), LABELS.slice(1), kept(), parentOf())).toBeUndefined();
    const other = [...samplesTo(COUNT), aSample(99, { revision: '5' })];
    expect(await toldBefore(other, LABELS, kept(), parentOf())).toBeUndefined();
  });

  it('do not stand where more than a tenth came or changed since all were judged, in one run or in several', async () => {
    expect(await toldBefore(samplesTo(COUNT + 5), LABELS, kept(), parentOf())).toBeUndefined();
    const relabelled = samplesTo(COUNT).map((sample, i) => ({ ...sample, revision: i < 5 ? '99' : sample.revision }));
    expect(await toldBefore(relabelled, LABELS, kept(), parentOf())).toBeUndefined();
    const second = kept({ since: [37, 38, 39] });
    expect(await toldBefore(samplesTo(COUNT + 1), LABELS, second, parentOf())).toBeDefined();
    expect(await toldBefore(samplesTo(COUNT + 2), LABELS, second, parentOf())).toBeUndefined();
  });

  it('are not read where they do not say what came or changed since; before labels were believed none was', () => {
    const { since: _since, ...oldest } = kept();
    expect(readKept(JSON.stringify({ ...oldest, outOfFold: COUNT }))).toBeUndefined();
    const { believed: _believed, ...old } = kept();
    expect(readKept(JSON.stringify(old))).toMatchObject({ believed: [] });
  });

  it('do not stand for ever where for each that comes an older one is left out', async () => {
    const drawn = (from: number): SnapshotSample[] => samplesTo(from + COUNT).slice(from);
    let answers = kept();
    const stood: boolean[] = [];
    for (const from of [2, 4, 6]) {
      const told = await toldBefore(drawn(from), LABELS, answers, parentOf());
      stood.push(told !== undefined);
      if (told) answers = keepAnswers(LABELS, drawn(from), told, 2);
    }
    expect(stood).toEqual([true, true, false]);
  });
});
