import { sha256 } from './ids.js';
import type { ManifestLine } from './manifest.js';
import { sampleWeights } from './sample-weight.js';

export interface ReplayLimits {
  /** Most samples that a run trains on. */
  readonly maxSamples: number;
  readonly halfLifeDays: number | null;
}

/** Samples to judge on, as a share of those to train on. */
const HOLDOUT_SHARE = 0.25;

/**
 * What of everything known goes into a snapshot, so that a run costs what is new and a bounded rest. Nothing is left out
 * while there is room. Beyond that: what is new since the snapshot before and golden samples first, then a draw without
 * replacement in which rare labels and the young are likelier (Efraimidis and Spirakis 2006: the largest u^(1/weight),
 * u from the sample's id, so that the same samples stay in from night to night). In the order given.
 * @param mostToLearn samples to train on, where it is not as many as usual; there are as many to judge on then
 */
export function replay(
  lines: readonly ManifestLine[],
  newSince: bigint,
  limits: ReplayLimits,
  mostToLearn = limits.maxSamples,
): ManifestLine[] {
  const chosen = new Set([
    ...draw(of(lines, 'train'), mostToLearn, newSince, limits.halfLifeDays),
    ...draw(of(lines, 'holdout'), Math.ceil(limits.maxSamples * HOLDOUT_SHARE), newSince, limits.halfLifeDays),
  ]);
  return chosen.size === lines.length ? [...lines] : lines.filter((line) => chosen.has(line));
}

const of = (lines: readonly ManifestLine[], side: ManifestLine['split']): ManifestLine[] =>
  lines.filter(({ split }) => split === side);

function draw(
  lines: readonly ManifestLine[],
  most: number,
  newSince: bigint,
  halfLifeDays: number | null,
): readonly ManifestLine[] {
  if (lines.length <= most) return lines;
  const weights = sampleWeights(lines, { halfLifeDays });
  const isFirst = ({ revision, goldenAt }: ManifestLine): boolean =>
    BigInt(revision) > newSince || goldenAt !== undefined;
  const keyed = lines.map((line, i) => ({
    line,
    isFirst: isFirst(line),
    // ln of u^(1/weight): the power itself would be 0 for small weights.
    key: Math.log(uniformOf(line.sampleId)) / weights[i]!,
  }));
  keyed.sort((a, b) => Number(b.isFirst) - Number(a.isFirst) || b.key - a.key);
  return keyed.slice(0, most).map(({ line }) => line);
}

/** In (0, 1), a function of the id alone. */
const uniformOf = (sampleId: string): number => (Number.parseInt(sha256(sampleId).slice(0, 13), 16) + 0.5) / 2 ** 52;
