import { blobFacts } from './blob.js';
import { canonicalJson, sha256 } from './ids.js';
import { type Input, kindOf, previewOf } from './input.js';
import { type Completed, type Completion, completionOf, type Made, type PackLine, postedJson } from './pack-line.js';
import { type Split, splitOf } from './split.js';
import { largestOf } from './tally.js';
import { answerText, type PostedAnswer } from './task.js';

/** The model name of what is answered here. */
export const OURS = 'flywheel';

/** A prediction as it was posted. */
export interface PostedPrediction {
  readonly id?: string;
  readonly externalId?: string;
  readonly model: { readonly name?: string; readonly version: string };
  readonly input: Input;
  /** Null where nothing has answered yet. */
  readonly output:
    | (PostedAnswer & {
        readonly confidence?: number;
        readonly scores?: Readonly<Record<string, number>>;
      })
    | null;
  readonly group?: string;
  readonly subject?: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly occurredAt?: string;
}

/** A prediction as it is stored: what can be asked for, and the body that goes into a pack. */
export interface PredictionRow {
  readonly id: string;
  readonly externalId: string | null;
  /** Of the body as posted: the same id with another hash is a conflict. */
  readonly bodyHash: string;
  /** Of the input alone, white space and case of a text aside: equal inputs stay on one side of the split. */
  readonly contentHash: string;
  readonly groupHash: string;
  readonly split: Split;
  readonly inputKind: string;
  readonly preview: string;
  readonly modelName: string | null;
  readonly modelVersion: string;
  /** Of a regression the text of its value; null where nothing has answered yet. */
  readonly label: string | null;
  readonly confidence: number | null;
  /** Probability of the answer less that of the runner-up; null when unknown. */
  readonly margin: number | null;
  readonly subject: string | null;
  readonly attributes: string | null;
  readonly occurredAt: string;
  /** Whether somebody may know it already: by an id of the caller's own. An id that was made just now, nobody knows. */
  readonly mayBeKnown: boolean;
  /** What goes into a pack: see pack-line.ts. */
  readonly line: string;
}

/** In the order in which statements take them. */
const COLUMNS = [
  'id',
  'externalId',
  'bodyHash',
  'contentHash',
  'groupHash',
  'split',
  'inputKind',
  'preview',
  'modelName',
  'modelVersion',
  'label',
  'confidence',
  'margin',
  'subject',
  'attributes',
  'occurredAt',
] as const satisfies readonly (keyof PredictionRow)[];

/** One array a column, as `unnest` takes them. */
export const predictionColumns = (rows: readonly PredictionRow[]): readonly unknown[][] =>
  COLUMNS.map((name) => rows.map((row) => row[name]));

interface RowOptions {
  readonly holdoutPercent: number;
  readonly now: Date;
}

/** Makes the row. Its side of the split is fixed here, before anybody has said anything about it. */
export function predictionRow(
  projectId: string,
  posted: PostedPrediction,
  { holdoutPercent, now }: RowOptions,
): PredictionRow {
  const completion = completionOf(posted, now);
  const hashes = hashesOf(posted);
  const split = splitOf(`${projectId}/${hashes.groupHash}`, holdoutPercent);
  return rowOf(posted, completion, canonicalJson(posted), { ...hashes, split });
}

/** Makes the row again from a line of a pack: the same row, as its side of the split was kept. */
export function restoredRow(
  projectId: string,
  { item, made, split }: PackLine<Completed<PostedPrediction>>,
  holdoutPercent: number,
): PredictionRow {
  const hashes = hashesOf(item!);
  const kept = split as Split | undefined;
  const { id, occurredAt } = item!;
  return rowOf(item!, { id, occurredAt, made: made as readonly Made[] }, postedJson(item!, made), {
    ...hashes,
    split: kept ?? splitOf(`${projectId}/${hashes.groupHash}`, holdoutPercent),
  });
}

function hashesOf({ input, group }: PostedPrediction) {
  const contentHash = sha256(normalisedJson(input));
  return { contentHash, groupHash: group === undefined ? ownGroup(contentHash) : sha256(`group:${group}`) };
}

const ownGroup = (contentHash: string): string => sha256(`content:${contentHash}`);

/** Whether the caller said what the sample belongs to. */
export const hasCallersGroup = ({
  contentHash,
  groupHash,
}: Pick<PredictionRow, 'contentHash' | 'groupHash'>): boolean => groupHash !== ownGroup(contentHash);

const NO_ANSWER: NonNullable<PostedPrediction['output']> = {};

/** `json` is the canonical JSON of what was posted. */
function rowOf(
  item: PostedPrediction,
  completion: Completion,
  json: string,
  derived: Pick<PredictionRow, 'contentHash' | 'groupHash' | 'split'>,
): PredictionRow {
  // Written once: what the service made stands before what was posted.
  const { id, occurredAt, made } = completion;
  const output = item.output ?? NO_ANSWER;
  const filled = made.map((name) => `"${name}":${JSON.stringify(completion[name])},`).join('');
  return {
    id,
    externalId: item.externalId ?? null,
    bodyHash: sha256(json),
    // One by one: spreading an object costs more than all else that is done here.
    contentHash: derived.contentHash,
    groupHash: derived.groupHash,
    split: derived.split,
    inputKind: kindOf(item.input),
    preview: previewOf(item.input),
    modelName: item.model.name ?? null,
    modelVersion: item.model.version,
    label: answerText(output) ?? null,
    confidence: output.confidence ?? null,
    margin: marginOf(output),
    subject: item.subject ?? null,
    attributes: item.attributes ? JSON.stringify(item.attributes) : null,
    occurredAt,
    mayBeKnown: item.externalId !== undefined || !made.includes('id'),
    line: `{"split":"${derived.split}","made":${JSON.stringify(made)},"prediction":{${filled}${json.slice(1)}}`,
  };
}

/** Words of ASCII with single spaces between them, which normalising and JSON leave as they are, but for their case. */
const PLAIN = /^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/;

/** The canonical JSON of an input. Blobs with the same bytes are the same input, whatever their keys. */
function normalisedJson(input: Input): string {
  if ('text' in input) return normalisedTextJson(input.text);
  const blob = 'blob' in input ? blobFacts(input.blob) : undefined;
  return canonicalJson(blob ? { sha256: blob.sha256 } : input);
}

/** White space and case aside. Most texts are plain, and looking is five times as cheap. */
function normalisedTextJson(text: string): string {
  const trimmed = text.trim();
  if (PLAIN.test(trimmed)) return `{"text":"${trimmed.toLowerCase()}"}`;
  return `{"text":${JSON.stringify(withSingleSpaces(text.normalize('NFKC').toLowerCase().trim()))}}`;
}

/** Here too most have single spaces already, and looking is much cheaper than replacing. */
const withSingleSpaces = (text: string): string => (/\s\s|[^\S ]/.test(text) ? text.replace(/\s+/g, ' ') : text);

function marginOf({ confidence, scores }: NonNullable<PostedPrediction['output']>): number | null {
  const probabilities = Object.values(scores ?? {});
  const [first, second] = largestOf(probabilities, 2);
  if (first === undefined) return confidence ?? null;
  return probabilities[first]! - (second === undefined ? 0 : probabilities[second]!);
}
