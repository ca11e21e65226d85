import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/platform/model-runtime/random.js';
import { correctionsFor, type LabelledMessage, type Rater, shopTraffic } from './traffic.js';

const PLAN = { seed: 7, rounds: 6, perRound: 300, seedsPerIntent: 5 };
const traffic = shopTraffic(PLAN);
const late = traffic.labels.filter((label) => !traffic.seeds.some((seed) => seed.label === label));
const all = [...traffic.seeds, ...traffic.rounds.flat(), ...traffic.fresh];

describe('shopTraffic', () => {
  it('is the same for the same plan and another for another seed', () => {
    expect(shopTraffic(PLAN)).toEqual(traffic);
    expect(shopTraffic({ ...PLAN, seed: 8 }).rounds[0]![0]!.text).not.toBe(traffic.rounds[0]![0]!.text);
  });

  it('has five seeds of every intent but the one that is launched late', () => {
    expect(late).toHaveLength(1);
    expect(traffic.seeds).toHaveLength(5 * (traffic.labels.length - 1));
  });

  it('has messages about the late intent from half of the rounds on', () => {
    const rounds = traffic.rounds.map((round) => round.some(({ label }) => label === late[0]));
    expect(rounds).toEqual([false, false, false, true, true, true]);
  });

  it('writes short, non-empty texts that are seldom the same', () => {
    for (const { text } of all) expect(text.length).toBeGreaterThan(0);
    expect(Math.max(...all.map(({ text }) => text.length))).toBeLessThanOrEqual(300);
    expect(new Set(all.map(({ text }) => text.toLowerCase())).size / all.length).toBeGreaterThan(0.95);
  });

  it('has customers who write more than once', () => {
    const customers = new Set(traffic.rounds.flat().map(({ customer }) => customer));
    expect(customers.size).toBeLessThan(traffic.rounds.flat().length / 2);
  });
});

describe('correctionsFor', () => {
  const message: LabelledMessage = traffic.rounds[0]![0]!;
  const rater: Rater = { id: 'r', correctsShare: 0.5, carelessShare: 0.2 };
  const wrongAnswer = traffic.labels.find((label) => label !== message.label)!;
  const random = seededRandom(1);
  const draws = Array.from({ length: 20_000 }, () => correctionsFor(rater, message, wrongAnswer, random));
  const said = draws.flatMap((statement) => statement ?? []);

  it('speaks about wrong answers as often as the rater does', () => {
    expect(said.length / draws.length).toBeCloseTo(0.5, 1);
  });

  it('plants as many wrong labels as the rater is careless, and says which', () => {
    expect(said.filter(({ isPlantedWrong }) => isPlantedWrong).length / said.length).toBeCloseTo(0.2, 1);
    for (const { isPlantedWrong, label } of said) expect(isPlantedWrong).toBe(label !== message.label);
  });

  it('comes late, and sometimes before its prediction', () => {
    expect(new Set(said.map(({ roundsLate }) => roundsLate))).toEqual(new Set([0, 1, 2]));
    expect(said.some(({ comesFirst }) => comesFirst)).toBe(true);
  });

  it('confirms what is right', () => {
    const careful: Rater = { id: 'c', correctsShare: 1, carelessShare: 0 };
    const kinds = Array.from({ length: 500 }, () => correctionsFor(careful, message, message.label, random)?.kind);
    expect(new Set(kinds)).toEqual(new Set([undefined, 'accept']));
  });
});
