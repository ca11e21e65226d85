import type { Input } from './input.js';
import type { RevisedLabel } from './label.js';
import { type LabelChanges, labelToday } from './label-changes.js';
import type { Split } from './split.js';

/** Where a sample's payload lies: line `line` of the gzip block at `offset`, `length` bytes long, of pack `pack`. */
export interface PackPosition {
  readonly pack: string;
  readonly offset: number;
  readonly length: number;
  readonly line: number;
}

/** One line of a dataset snapshot's manifest. A payload not yet packed travels inside the line. */
export interface ManifestLine {
  readonly sampleId: string;
  readonly label: string;
  /** The label as it was said, where it is called something else today. */
  readonly saidLabel?: string;
  readonly split: Split;
  readonly groupHash: string;
  readonly contentHash: string;
  /** Revision of the label: grows with every change, so `revision > parent's cut` reads "new since then". */
  readonly revision: string;
  /** When the input came, ISO 8601. Absent, like the next three, in snapshots of before there was need of it. */
  readonly occurredAt?: string;
  /** Verified by an annotator or said by two people. */
  readonly isTrusted?: boolean;
  /** Who said the label, when it was one person. */
  readonly rater?: string;
  /** When a person verified it as part of a random audit; absent for other samples. */
  readonly goldenAt?: string;
  readonly at?: PackPosition;
  readonly input?: Input;
}

/** A labelled sample with its input, as training and evaluation read it. */
export interface SnapshotSample extends Omit<ManifestLine, 'at' | 'input'> {
  readonly input: Input;
}

/** Lines by the names that labels have today, without those of retired ones. */
export function withLabelsToday(lines: readonly ManifestLine[], changes: LabelChanges): ManifestLine[] {
  return lines.flatMap((old) => {
    const said = old.saidLabel ?? old.label;
    const label = labelToday(changes, said);
    if (label === undefined) return [];
    if (label === old.label) return [old];
    const { saidLabel: _saidLabel, ...line } = old;
    return label === said ? [{ ...line, label }] : [{ ...line, label, saidLabel: said }];
  });
}

/** The labels of lines as they were said, whatever they are called today. */
export const labelsAsSaid = (lines: readonly ManifestLine[]): RevisedLabel[] =>
  lines.map(({ sampleId, saidLabel, label, revision }) => ({ sampleId, label: saidLabel ?? label, revision }));

/** One JSON line a sample, in the order given. */
export const encodeManifest = (lines: readonly ManifestLine[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join('');

/** Reads what {@link encodeManifest} wrote. */
export const decodeManifest = (text: string): ManifestLine[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ManifestLine);
